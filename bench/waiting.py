"""Long polls: thousands that wait on one worker, how soon each hears of a publish, and what others notice."""

import resource
import select
import socket
import statistics
import threading
import time
from typing import Any

import httpx

from bench.data import CHANNEL
from bench.measure import Run
from harness.people import Newsroom

_TOKENS = 50
_READ = 1 << 16


def waiting(run: Run, count: int = 5000) -> dict[str, Any]:
    """Milliseconds from the publish to the last and the median waker; MiB for each; latency of others meanwhile."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    newsroom = Newsroom(run.house)
    ready = newsroom.approved(newsroom.draft())
    tokens = [run.house.client_token(run.client) for _ in range(_TOKENS)]
    head = next(i["cursor"] for i in run.get("/v1/changes").json()["items"] if i["channel"] == CHANNEL)
    quiet = _others(run, 2.0)
    before, sockets = run.api_memory(), {}
    poller = select.epoll()
    for n in range(count):
        request = (
            f"GET /v1/channels/{CHANNEL}/changes?since={head}&wait=20 HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {tokens[n % _TOKENS]}\r\n\r\n"
        )
        line = socket.create_connection(("127.0.0.1", run.house.port))
        line.sendall(request.encode())
        sockets[line.fileno()] = line
        poller.register(line, select.EPOLLIN)
    time.sleep(1.5)
    asleep = run.house.measured()["lantoa_polls_waiting"]
    assert asleep == count, asleep
    during = run.api_memory()
    noticed: list[float] = []
    other = threading.Thread(target=lambda: noticed.extend(_others(run, 2.0)))
    other.start()
    time.sleep(0.5)
    arrivals = _publish_and_hear(newsroom, ready, poller, sockets)
    other.join()
    for line in sockets.values():
        line.close()
    return {
        "waiting": count, "last_ms": max(arrivals), "median_ms": statistics.median(arrivals),
        "memory_mib": during - before, "others_quiet_max_ms": max(quiet), "others_max_ms": max(noticed),
        "others_median_ms": statistics.median(noticed),
    }  # fmt: skip


def _publish_and_hear(newsroom: Newsroom, ready: Any, poller: Any, sockets: dict[int, Any]) -> list[float]:
    """Milliseconds after the publish was answered, or 0 for those that were quicker than its answer."""
    published: list[float] = []

    def publish() -> None:
        newsroom.do(newsroom.coordinator, ready, "publish")
        published.append(time.perf_counter())

    thread = threading.Thread(target=publish)
    thread.start()
    arrived: dict[int, float] = {}
    while len(arrived) < len(sockets):
        found = poller.poll(10)
        assert found, f"{len(sockets) - len(arrived)} never heard"
        now = time.perf_counter()
        for number, _ in found:
            data = sockets[number].recv(_READ)
            assert number in arrived or data.startswith(b"HTTP/1.1 200"), data[:100]
            arrived.setdefault(number, now)
    thread.join()
    return [max(0.0, at - published[0]) * 1000 for at in arrived.values()]


def _others(run: Run, seconds: float) -> list[float]:
    """Milliseconds that ordinary requests take, one after another."""
    taken, until = [], time.monotonic() + seconds
    with httpx.Client(headers=run.headers) as client:
        while time.monotonic() < until:
            began = time.perf_counter()
            client.get(f"{run.house.url}/v1/channels/{CHANNEL}").raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)
    return taken
