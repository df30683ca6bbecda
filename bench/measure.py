"""Measuring: `wrk` in turns (ours, limit, ours, limit …), medians, and the lines of the table."""

import asyncio
import fcntl
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console

from bench.data import generate
from harness.installation import Installation
from runtime.local.servers import Child, free_port

HOMES = Path(os.environ.get("LANTOA_HOME", ".lantoa")).resolve() / "bench"
_DROPPED = ("date", "server", "connection", "transfer-encoding")
console = Console(stderr=True)


class Run:
    """An installation with its data set, kept for the next run; bare servers; and the lines of the table."""

    def __init__(self, count: int, seconds: float, rounds: int) -> None:
        self.count, self.seconds, self.rounds = count, seconds, rounds
        self.house = Installation("bench", HOMES / str(count))
        self.headers: dict[str, str] = {}
        self.client: dict[str, str] = {}
        self.lines: list[dict[str, Any]] = []
        self.bare: list[Child] = []
        self.made_in = 0.0

    def start(self) -> None:
        self._alone()
        self.house.start_parts()
        self.made_in += generate(self.house.settings, self.count)
        self.house.start_programs()
        self.client = self.house.new_client("baobinhthuan")
        self.headers = {"authorization": f"Bearer {self.house.client_token(self.client)}"}

    def stop(self) -> None:
        for child in self.bare:
            child.stop()
        self.house.stop()
        self._lock.close()

    def _alone(self) -> None:
        """Two benches on one installation would measure, and stop, each other."""
        self.house.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.house.home / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"Đang có lần đo khác · another bench is running in {self.house.home}") from None

    def restart_api(self, **environ: str) -> None:
        """The same API with other settings."""
        self.house.stop_api(self.house.url)
        self.house.start_api(self.house.port, **environ)
        self.house.wait_ready(self.house.port)

    def get(self, path: str, **headers: str) -> httpx.Response:
        reported = {key.replace("_", "-"): value for key, value in headers.items()}
        return httpx.get(self.house.url + path, headers={"accept-encoding": "identity"} | self.headers | reported)

    def bare_server(self, factory: str, **environ: str) -> str:
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
        """A bare server that sends the same statuses, headers and bytes, and does nothing else."""
        reported = {
            path: {
                "status": answer.status_code,
                "headers": [(k, v) for k, v in answer.headers.multi_items() if k not in _DROPPED],
                "body": b64encode(answer.content).decode(),
            }
            for path, answer in answers.items()
        }
        file = self.house.home / "answers.json"
        file.write_text(json.dumps(reported | {"/": {"status": 204, "headers": [], "body": ""}}))
        return self.bare_server("create_app", BENCH_ANSWERS=str(file))

    def compare(self, name: str, ours: str, limit: str, aim: float, limit_is: str, **more: Any) -> None:
        """Measure two addresses in turns and keep the line. `script`: a wrk script; other keywords are headers."""
        script = more.pop("script", "")
        reported = self.headers | {key.replace("_", "-"): value for key, value in more.items()}
        figures: dict[str, list[float]] = {ours: [], limit: []}
        for url in (ours, limit):
            wrk(url, reported, 0.5, script)
        for _ in range(self.rounds):
            for url, found in figures.items():
                found.append(wrk(url, reported, self.seconds, script))
        self.line(name, figures[ours], figures[limit], aim, limit_is, "1/s")

    def line(self, name: str, ours: list[float], limit: list[float], aim: float, limit_is: str, unit: str) -> None:
        """Keep a line of the table: medians, the spread of ours, and the median of each turn's own ratio.

        What stood beside each other in time is compared: machines grow slow and fast again within a run.
        """
        mine, theirs = statistics.median(ours), statistics.median(limit)
        ratio = statistics.median(a / b for a, b in zip(ours, limit, strict=True))
        made = {"path": name, "ours": mine, "limit": theirs, "unit": unit, "ratio": ratio, "aim": aim}
        spread = (max(ours) - min(ours)) / mine
        self.lines.append(made | {"limit_is": limit_is, "spread": spread, "materials": self.count})
        console.print(f"  {name}: {ratio:.2f} ({mine:,.0f} / {theirs:,.0f} {unit})", highlight=False)

    def api_memory(self) -> float:
        """MiB resident of the largest worker of the API."""
        master = psutil.Process(self.house.api[self.house.port].process.pid)
        return float(max(each.memory_info().rss for each in master.children(recursive=True)) / 2**20)


def wrk(url: str, headers: dict[str, str], seconds: float, script: str = "", connections: int = 32) -> float:
    """Requests a second; an answer that is no success stops the run."""
    more = [part for key, value in headers.items() for part in ("-H", f"{key}: {value}")]
    more += ["-s", script] if script else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}", *more, url]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out, out
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found, out
    return float(found[1])


def need_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("Cần wrk / wrk is needed: apt install wrk (Debian, Ubuntu), brew install wrk (macOS)")


def in_turns(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Run each in turn, again and again; gives the figures of each."""
    figures: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, found in zip(works, figures, strict=True):
            found.append(work())
    return figures


def finished(work: Any) -> Any:
    return asyncio.run(work)
