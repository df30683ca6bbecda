"""`make bench`: how fast, as ratios to the raw limit on the same server in the same run (bench/README.md)."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.chart import draw
from bench.identity import stall, tokens
from bench.measure import Run, console, need_wrk
from bench.planning import planning
from bench.reading import from_database, from_memory, full_sync, growth, polls
from bench.waiting import waiting
from bench.writing import publish
from runtime.local.servers import free_port

RESULTS = Path(__file__).parent / "results"
SMALL, LARGE, SYNCED = 10_000, 1_000_000, 100_000


def _with(run: Run, *works: Any) -> Run:
    """Start the installation, do the works, stop it."""
    console.print(f"[bold]{run.count:,} tài liệu · materials[/bold]")
    try:
        run.start()
        if run.made_in:
            console.print(f"  made in {run.made_in:.0f} s")
        for work in works:
            work(run)
    finally:
        run.stop()
    return run


def quick() -> tuple[list[Run], dict[str, Any]]:
    """The paths that are walked all day, in less than a minute."""
    return [_with(Run(SMALL, 1, 2), from_memory, from_database, planning)], {}


def whole() -> tuple[list[Run], dict[str, Any]]:
    """Every path, on both data sets."""
    about: dict[str, Any] = {}

    def remember(name: str, work: Any) -> Any:
        return lambda run: about.update({name: work(run)})

    small = _with(
        Run(SMALL, 1, 6), from_memory, from_database, publish, tokens, planning, remember("sign_in", stall),
        remember("long_poll_first", lambda run: waiting(run, 200)),
        remember("long_poll", waiting), remember("api_memory_mib", Run.api_memory), remember("workers", workers),
    )  # fmt: skip
    large = _with(
        Run(LARGE, 1, 6), from_memory, from_database, lambda run: full_sync(run, SYNCED),
        remember("api_memory_mib_large", Run.api_memory),
    )  # fmt: skip
    about["growth"] = growth(small, large)
    about["start"] = start()
    about["data_seconds"] = {str(run.count): run.made_in for run in (small, large)}
    return [small, large], about


def workers(run: Run) -> dict[str, float]:
    """Polls a second with one and with two worker processes behind one port."""
    before, figures = run.lines, {}
    for count in (1, 2):
        run.lines = []
        run.restart_api(LANTOA_WORKERS=str(count))
        polls(run)
        figures[str(count)] = run.lines[0]["ours"]
    run.lines = before
    run.restart_api()
    return figures


def start() -> dict[str, float]:
    """Seconds until `lantoa up` is ready when it has run before, and until a worker's modules are imported."""
    with tempfile.TemporaryDirectory() as home:
        environ = os.environ | {"LANTOA_HOME": home, "LANTOA_PORT": str(free_port())}
        for _ in range(2):
            began = time.perf_counter()
            up = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up"], env=environ, stdout=subprocess.PIPE, text=True
            )
            assert up.stdout
            while "is running" not in up.stdout.readline():
                assert up.poll() is None
            ready = time.perf_counter() - began
            up.terminate()
            up.wait()
    return {"up_seconds": ready, "import_seconds": statistics.median(_imported() for _ in range(5))}


def _imported() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import api.app"], check=True)
    return time.perf_counter() - began


def report(runs: list[Run], about: dict[str, Any]) -> None:
    table = Table(title=f"Lan Tỏa, {os.cpu_count()} CPU")
    for name in ("đường · path", "tài liệu", "ta · ours", "giới hạn · limit", "", "tỉ lệ · ratio", "mục tiêu", "±"):
        table.add_column(name, justify="left" if name in ("đường · path", "") else "right")
    for line in (line for run in runs for line in run.lines):
        colour = "green" if line["ratio"] >= line["aim"] else "red"
        table.add_row(
            line["path"], f"{line['materials']:,}", f"{line['ours']:,.0f} {line['unit']}", f"{line['limit']:,.0f}",
            line["limit_is"], f"[{colour}]{line['ratio']:.2f}[/]", f"{line['aim']:.2f}", f"{line['spread']:.0%}",
        )  # fmt: skip
    out = Console(width=140)
    out.print(table)
    for name, value in about.items():
        out.print(f"{name}: {json.dumps(value)}", highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everyday use: 10,000 materials, under a minute")
    parser.add_argument("--json", action="store_true", help="machine-readable; nothing is written")
    reported = parser.parse_args()
    need_wrk()
    began = time.monotonic()
    runs, about = quick() if reported.quick else whole()
    lines = [line for run in runs for line in run.lines]
    about |= {"seconds": round(time.monotonic() - began), "python": platform.python_version(), "cpus": os.cpu_count()}
    result = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "lines": lines, "about": about}
    if reported.json:
        print(json.dumps(result, indent=2))
        return
    report(runs, about)
    if not reported.quick:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC).date()}.json"
        file.write_text(json.dumps(result, indent=2) + "\n")
        draw(lines, file.with_suffix(".svg"))
        console.print(f"→ {file}, {file.with_suffix('.svg')}")


if __name__ == "__main__":
    main()
