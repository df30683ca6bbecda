"""`make bench`: how fast, as ratios to the raw limit on the same server in the same run.

Every figure stands beside its limit, measured in turns (ours, limit, ours, limit …) by `wrk`; medians are compared.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from typing import Any

import asyncpg
import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.data import generate
from bench.identity import stall, tokens
from storage.database import parse_url
from storage.embedded import Child, free_port
from tests.installation import Installation

CHANNEL = "press"
_KEPT = ("content-type", "etag", "cache-control", "vary", "location", "repr-digest", "content-length")
_PAGE_QUERY = """
SELECT d.document FROM entries e JOIN editions d ON d.material_id = e.material_id AND d.version = e.version
 WHERE e.channel_id = $1 AND e.seq > 0 AND e.reason IS NULL ORDER BY e.seq LIMIT 100
"""
console = Console(stderr=True)


class Run:
    """One installation, one bare server, and the lines of the table."""

    def __init__(self, count: int, seconds: int, rounds: int) -> None:
        self.count, self.seconds, self.rounds = count, seconds, rounds
        self.house = Installation("bench")
        self.client: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.lines: list[dict[str, Any]] = []
        self.bare: list[Child] = []

    def start(self) -> None:
        self.house.start()
        asyncio.run(generate(self.house.settings, CHANNEL, self.count))
        self.client = self.house.new_client("baobinhthuan")
        self.headers = {"authorization": f"Bearer {self.house.client_token(self.client)}"}

    def stop(self) -> None:
        for child in self.bare:
            child.stop()
        self.house.stop()
        shutil.rmtree(self.house.home, ignore_errors=True)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.house.url + path, headers=self.headers | headers, follow_redirects=False)

    def bare_server(self, factory: str, environ: dict[str, str]) -> str:
        port = free_port()
        command = [sys.executable, "-m", "bench.bare", str(port), factory]
        self.bare.append(Child(command, self.house.home / f"bare-{port}.log", environ=os.environ | environ))
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
            except httpx.ConnectError:
                time.sleep(0.05)
            else:
                break
        return f"http://127.0.0.1:{port}"

    def same_answers(self, answers: dict[str, httpx.Response]) -> str:
        """A bare server that sends the same statuses, headers and bytes."""
        told = {
            path: {
                "status": answer.status_code,
                "headers": [(k, v) for k, v in answer.headers.items() if k in _KEPT],
                "body": b64encode(answer.content).decode(),
            }
            for path, answer in answers.items()
        }
        file = self.house.home / "answers.json"
        file.write_text(json.dumps(told | {"/": {"status": 204, "headers": [], "body": ""}}))
        return self.bare_server("create_app", {"BENCH_ANSWERS": str(file)})

    def compare(
        self, name: str, ours: str, limit: str, aim: float, limit_name: str, *, script: str = "", **headers: str
    ) -> None:
        """Measure both in turns and keep the line. `script`: a wrk script for other requests than GET."""
        told = self.headers | {key.replace("_", "-"): value for key, value in headers.items()}
        figures: dict[str, list[float]] = {ours: [], limit: []}
        for url in (ours, limit):
            wrk(url, told, 1, script)
        for _ in range(self.rounds):
            for url, found in figures.items():
                found.append(wrk(url, told, self.seconds, script))
        self.line(name, figures[ours], figures[limit], aim, limit_name, "1/s")

    def line(self, name: str, ours: list[float], limit: list[float], aim: float, limit_name: str, unit: str) -> None:
        mine, theirs = statistics.median(ours), statistics.median(limit)
        spread = (max(ours) - min(ours)) / mine
        self.lines.append(
            {"path": name, "ours": mine, "limit": theirs, "unit": unit, "ratio": mine / theirs, "aim": aim,
             "limit_is": limit_name, "spread": spread}
        )  # fmt: skip
        console.print(f"{name}: {mine:,.0f} / {theirs:,.0f} {unit} = {mine / theirs:.2f}")


def wrk(url: str, headers: dict[str, str], seconds: int, script: str = "") -> float:
    """Requests a second, by wrk with one thread and 16 connections. Wrong answers are an error."""
    told = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", *(["-s", script] if script else []), *told, url],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"{url}\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def paths(run: Run) -> None:
    """Poll, page, document, redirect."""
    changes = f"/v1/channels/{CHANNEL}/changes"
    cursor = run.get("/v1/changes").json()["items"]
    head = next(item["cursor"] for item in cursor if item["channel"] == CHANNEL)
    page, one = run.get(f"{changes}?limit=100"), run.get(f"{changes}?limit=29").json()["changes"]
    asset = next(c["item"]["assets"][0]["id"] for c in one if c["item"].get("assets"))
    document, media = f"/v1/materials/{one[0]['id']}", f"/v1/media/{asset}/original"
    poll = run.get(f"{changes}?since={head}", **{"if-none-match": page.headers["etag"]})
    assert poll.status_code == 304
    bare = run.same_answers({"/poll": poll, "/page": page, "/document": run.get(document), "/media": run.get(media)})
    url = run.house.url
    same = "bare ASGI, same bytes"
    etag = page.headers["etag"]
    run.compare("poll, nothing new", f"{url}{changes}?since={head}", f"{bare}/poll", 0.80, same, if_none_match=etag)
    run.compare("page of 100", f"{url}{changes}?limit=100", f"{bare}/page", 0.85, same)
    sql = run.bare_server("create_sql_app", {
        "BENCH_DSN": run.house.environ["LANTOA_DATABASE_URL"], "BENCH_QUERY": _PAGE_QUERY,
        "BENCH_CHANNEL": str(run.house.sql("SELECT id FROM channels WHERE slug = $1", CHANNEL)[0]["id"]),
    })  # fmt: skip
    run.compare("page of 100", f"{url}{changes}?limit=100", f"{sql}/page", 0.80, "bare asyncpg query, joined")
    run.compare("one document", f"{url}{document}", f"{bare}/document", 0.80, same)
    run.compare("media redirect", f"{url}{media}", f"{bare}/media", 0.70, same)


async def _copied(settings: Any) -> float:
    """Documents a second out of a bare COPY TO STDOUT."""
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        with tempfile.TemporaryFile() as sink:
            start = time.perf_counter()
            told = await connection.copy_from_query(
                "SELECT d.document FROM entries e JOIN editions d USING (material_id, version) "
                "JOIN channels c ON c.id = e.channel_id WHERE c.slug = $1",
                CHANNEL,
                output=sink,
            )
            return int(told.split()[1]) / (time.perf_counter() - start)
    finally:
        await connection.close()


def full_sync(run: Run) -> None:
    """The whole channel by lantoa-sync: fetched, verified, on disk, proven equal."""
    ours, limit = [], []
    for _ in range(run.rounds):
        limit.append(asyncio.run(_copied(run.house.settings)))
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "lantoa_sync.main", "pull", "--channel", CHANNEL, "--to", folder, "--json"]
            environ = os.environ | {
                "LANTOA_SERVER": run.house.url,
                "LANTOA_CLIENT_ID": run.client["client_id"],
                "LANTOA_CLIENT_SECRET": run.client["client_secret"],
            }
            start = time.perf_counter()
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            taken = time.perf_counter() - start
            last = [json.loads(line) for line in done.stdout.splitlines() if '"equal"' in line][-1]
            assert last["count"] >= run.count
            ours.append(last["count"] / taken)
    run.line(f"full sync of {run.count:,}", ours, limit, 0.6, "COPY TO STDOUT", "documents/s")


def memory(run: Run) -> dict[str, float]:
    """MiB resident of the API's processes after all of this."""
    master = psutil.Process(run.house.api[run.house.port].process.pid)
    workers = master.children(recursive=True)
    return {"api_worker_mib": max(w.memory_info().rss for w in workers) / 2**20, "aim_mib": 150}


def report(run: Run, about: dict[str, float]) -> None:
    table = Table(title=f"{run.count:,} tài liệu · materials, {os.cpu_count()} CPU")
    for name in ("đường · path", "ta · ours", "giới hạn · limit", "", "tỉ lệ · ratio", "mục tiêu · aim", "±"):
        table.add_column(name, justify="left" if name in ("đường · path", "") else "right")
    for line in run.lines:
        table.add_row(
            line["path"], f"{line['ours']:,.0f} {line['unit']}", f"{line['limit']:,.0f}", line["limit_is"],
            f"{line['ratio']:.2f}", f"{line['aim']:.2f}", f"{line['spread']:.0%}",
        )  # fmt: skip
    out = Console(width=120)
    out.print(table)
    out.print(f"bộ nhớ một tiến trình API · API worker memory: {about['api_worker_mib']:.0f} MiB (≤ 150)")
    waits = f"{about['visiting_p99_ms']:.1f} → {about['signing_in_p99_ms']:.1f} ms"
    out.print(f"chờ vì người khác đăng nhập (p99) · wait beside page loads → beside sign-ins: {waits} (+ ≤ 5)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="materials to generate")
    parser.add_argument("--seconds", type=int, default=4, help="of each wrk run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="machine-readable")
    told = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("Cần wrk / wrk is needed: apt install wrk (Debian, Ubuntu), brew install wrk (macOS)")
    run = Run(told.count, told.seconds, told.rounds)
    try:
        run.start()
        paths(run)
        tokens(run)
        full_sync(run)
        about = memory(run) | stall(run)
    finally:
        run.stop()
    if told.json:
        print(json.dumps({"lines": run.lines, "memory": about, "count": run.count}, indent=2))
    else:
        report(run, about)


if __name__ == "__main__":
    main()
