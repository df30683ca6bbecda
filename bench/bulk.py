"""`make bench-bulk`: an archive of 1,000,000 lines by `lantoa load --bulk`, into an installation thrown away after."""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.data import ask
from bench.run import RESULTS
from harness.installation import Installation

_FIRST_DAY = 1_500_000_000
_TEXTS = """
SELECT content FROM materials WHERE attachments = '[]' AND kind IN ('article', 'faq') AND state = 'published'
   AND NOT content ? 'available_from' AND NOT content ? 'expires_at' ORDER BY id
"""


def write_archive(file: Path, texts: list[dict[str, Any]], count: int) -> None:
    """Write lines with the programme's own texts; each has a title and a body of its own."""
    with file.open("w", encoding="utf-8") as sink:
        for n in range(count):
            text = texts[n % len(texts)]
            content = text | {"title": f"{text['title'][:180]} ({n})", "body": f"{text.get('body', '')}\n\nSố {n}."}
            published = datetime.fromtimestamp(_FIRST_DAY + 60 * n, UTC).isoformat()
            line = {"content": content, "approved_by": "bench", "published_at": published}
            sink.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    reported = parser.parse_args()
    house = Installation("bulk")
    try:
        house.start()
        texts = [json.loads(row["content"]) for row in asyncio.run(ask(house.settings, _TEXTS))]
        file = house.home / "archive.ndjson"
        write_archive(file, texts, reported.count)
        began = time.perf_counter()
        command = [sys.executable, "-m", "cli.main", "load", "--bulk", str(file)]
        subprocess.run(command, env=os.environ | house.environ, check=True)
        seconds = time.perf_counter() - began
    finally:
        house.stop()
        shutil.rmtree(house.home, ignore_errors=True)
    result = {"count": reported.count, "seconds": round(seconds, 1), "per_second": round(reported.count / seconds)}
    print(json.dumps(result))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bulk.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
