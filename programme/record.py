"""Make the recordings of the radio scripts: `python programme/record.py`. Needs `espeak-ng` and `ffmpeg` on PATH.

Line by line with a breath between, -16 LUFS, at most -1.5 dBTP, mono MP3 of 40 kbit/s.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
BREATH_SECONDS = 0.6
SYLLABLE_SPEED = "150"


def record(script: Path) -> Path:
    """Speak one script into `media/<slug>.mp3`."""
    material = tomllib.loads(script.read_text(encoding="utf-8"))
    target = HERE / "media" / f"{material['slug']}.mp3"
    with tempfile.TemporaryDirectory() as folder:
        parts: list[str] = []
        for number, line in enumerate(material["radio_script"]["host_lines"]):
            part = Path(folder) / f"{number}.wav"
            subprocess.run(["espeak-ng", "-v", "vi", "-s", SYLLABLE_SPEED, "-w", str(part), line], check=True)
            parts += ["-i", str(part)]
        count = len(parts) // 2
        padded = "".join(f"[{i}]apad=pad_dur={BREATH_SECONDS}[p{i}];" for i in range(count))
        joined = "".join(f"[p{i}]" for i in range(count))
        loud = "loudnorm=I=-16:TP=-1.5:LRA=7,aresample=22050"
        command = ["ffmpeg", "-v", "error", "-y", *parts, "-filter_complex"]
        command += [f"{padded}{joined}concat=n={count}:v=0:a=1,{loud}", "-ac", "1", "-b:a", "40k"]
        command += ["-metadata", f"title={material['title']}", "-metadata", f"artist={material['credit_line']}"]
        subprocess.run([*command, str(target)], check=True)
    return target


def main() -> None:
    for script in sorted((HERE / "materials").glob("*.toml")):
        if 'kind = "radio_script"' not in script.read_text(encoding="utf-8"):
            continue
        made = record(script)
        sys.stdout.write(f"{made.name}: {made.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
