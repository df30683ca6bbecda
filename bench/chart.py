"""The table as a picture: each path's ratio to its limit, and the aim."""

from pathlib import Path
from typing import Any


def draw(lines: list[dict[str, Any]], file: Path) -> None:
    """Write an SVG: one bar for each line, a mark where its aim is."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = [f"{line['path']} · {line['materials']:,}" for line in lines]
    figure, axes = plt.subplots(figsize=(10, 0.42 * len(lines) + 1.6), layout="constrained")
    colours = ["#2a7f62" if line["ratio"] >= line["aim"] else "#c0562f" for line in lines]
    places = range(len(lines))
    axes.barh(places, [line["ratio"] for line in lines], color=colours, height=0.6)
    axes.plot([line["aim"] for line in lines], places, "k|", markersize=16, label="mục tiêu · aim")
    for place, line in zip(places, lines, strict=True):
        axes.text(line["ratio"] + 0.01, place, f"{line['ratio']:.2f}", va="center", fontsize=9)
    axes.axvline(1, color="#888", linewidth=1, linestyle=":")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("phần của giới hạn · share of the limit")
    axes.legend(loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
    plt.close(figure)
