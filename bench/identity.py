"""Tokens and passwords: what issuing costs beside its limit, and whether Argon2 keeps others waiting."""

import multiprocessing
import statistics
import time
from base64 import b64encode
from typing import TYPE_CHECKING

import httpx

from tests.visitor import Visitor

if TYPE_CHECKING:
    from bench.run import Run

_POST = """
wrk.method = "POST"
wrk.body = "grant_type=client_credentials"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""


def tokens(run: "Run") -> None:
    """client_credentials with Basic, against SHA-256 + ES256 + one committed row."""
    script = run.house.home / "post.lua"
    script.write_text(_POST)
    bare = run.bare_server("create_token_app", {"BENCH_DSN": run.house.environ["LANTOA_DATABASE_URL"]})
    basic = b64encode(f"{run.client['client_id']}:{run.client['client_secret']}".encode()).decode()
    limit_name = "bare ASGI: SHA-256, ES256, one row committed"
    run.compare(
        "token issued", f"{run.house.url}/oauth/token", f"{bare}/token", 0.40, limit_name,
        script=str(script), authorization=f"Basic {basic}",
    )  # fmt: skip


def stall(run: "Run", seconds: float = 6) -> dict[str, float]:
    """Milliseconds that a request waits (median and 99th percentile) alone and while people sign in all the time."""
    member = run.house.new_member("stttt", "editor")
    alone = _latencies(run.house.url, seconds)
    people = [multiprocessing.Process(target=_sign_in, args=(run.house.url, member.login)) for _ in range(2)]
    for each in people:
        each.start()
    busy = _latencies(run.house.url, seconds)
    for each in people:
        each.terminate()
        each.join()
    return {
        "alone_p50_ms": alone[0], "alone_p99_ms": alone[1], "signing_in_p50_ms": busy[0], "signing_in_p99_ms": busy[1],
    }  # fmt: skip


def _sign_in(url: str, login: str) -> None:
    """A person who signs in again and again, in a process of their own."""
    while True:
        with Visitor(url) as visitor:
            visitor.sign_in(login)


def _latencies(url: str, seconds: float) -> tuple[float, float]:
    taken: list[float] = []
    with httpx.Client() as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            start = time.perf_counter()
            client.get(f"{url}/healthz/live")
            taken.append((time.perf_counter() - start) * 1000)
            time.sleep(0.005)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]
