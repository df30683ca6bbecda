"""Tokens and passwords: what issuing costs beside its limit, and whether Argon2 keeps others waiting."""

import multiprocessing
import statistics
import time
from base64 import b64encode
from typing import TYPE_CHECKING

import httpx

from harness.browser_session import BrowserSession

if TYPE_CHECKING:
    from bench.measure import Run

_POST = """
wrk.method = "POST"
wrk.body = "grant_type=client_credentials"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""


def tokens(run: "Run") -> None:
    """client_credentials with Basic, against SHA-256 + ES256 + one committed row."""
    script = run.house.home / "post.lua"
    script.write_text(_POST)
    bare = run.bare_server("create_token_app", BENCH_DSN=run.house.environ["LANTOA_DATABASE_URL"])
    basic = b64encode(f"{run.client['client_id']}:{run.client['client_secret']}".encode()).decode()
    limit_name = "bare ASGI: SHA-256, ES256, one row committed"
    run.compare(
        "token issued", f"{run.house.url}/oauth/token", f"{bare}/token", 0.40, limit_name,
        script=str(script), authorization=f"Basic {basic}",
    )  # fmt: skip


def stall(run: "Run", seconds: float = 6) -> dict[str, float]:
    """Milliseconds that a request waits (median, 99th percentile): alone, while people load pages, while they sign in.

    What Argon2 costs others is the difference of the last two.
    """
    member = run.house.new_member("stttt", "editor")
    alone = _latencies(run.house.url, seconds)
    visiting = _beside(run, (run.house.url, None), seconds)
    busy = _beside(run, (run.house.url, member.login), seconds)
    return {
        "alone_p50_ms": alone[0], "alone_p99_ms": alone[1], "visiting_p99_ms": visiting[1],
        "signing_in_p50_ms": busy[0], "signing_in_p99_ms": busy[1],
    }  # fmt: skip


def _beside(run: "Run", visit: tuple[str, str | None], seconds: float) -> tuple[float, float]:
    """Latencies while two people visit."""
    people = [multiprocessing.Process(target=_visit, args=visit) for _ in range(2)]
    for each in people:
        each.start()
    found = _latencies(run.house.url, seconds)
    for each in people:
        each.terminate()
        each.join()
    return found


_HASH_SECONDS = 0.08


def _visit(url: str, login: str | None) -> None:
    """A person, in a process of their own, who signs in again and again; or loads the same pages in the same time."""
    while True:
        with BrowserSession(url) as person:
            if login:
                person.sign_in(login)
                continue
            for path in ("/oauth/login", "/account", "/oauth/login"):
                person.get(path)
            time.sleep(_HASH_SECONDS)


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
