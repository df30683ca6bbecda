"""What one worker process counts, for Prometheus. `lantoa serve` adds the workers up and answers on its own port.

Requests add to plain numbers; once a second they are passed on. Without `LANTOA_METRICS` nothing is passed on.
"""

import asyncio
import os
import resource
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

PASS_ON_SECONDS = 1.0
_PAGE_BYTES = resource.getpagesize()


class Cache(Protocol):
    """Something remembered, its present size and the size it never exceeds."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def bound_bytes(self) -> int: ...


class Counts:
    """How many answers came from where, by status."""

    def __init__(self) -> None:
        self.application: dict[int, int] = defaultdict(int)
        self.memory: dict[int, int] = defaultdict(int)
        self.waiting = 0


class Metrics:
    """Passes counts and the sizes of caches on."""

    def __init__(self, counts: Counts, caches: Mapping[str, Cache]) -> None:
        from prometheus_client import Counter, Gauge  # noqa: PLC0415 -- decides at import whether there are many processes

        self._counts, self._caches = counts, caches
        self._passed: dict[tuple[str, int], int] = {}
        self._answers = Counter("lantoa_answers", "Answers by where they came from", ["source", "status"])
        by_cache = ("cache",)
        self._bytes = Gauge("lantoa_cache_bytes", "Bytes remembered", by_cache, multiprocess_mode="livesum")
        self._bound = Gauge("lantoa_cache_bound_bytes", "Most it may be", by_cache, multiprocess_mode="livesum")
        self._waiting = Gauge("lantoa_polls_waiting", "Long polls that sleep", multiprocess_mode="livesum")
        self._resident = Gauge("lantoa_worker_resident_bytes", "Memory of each worker", multiprocess_mode="liveall")

    def pass_on(self) -> None:
        """Add what is new since the last time."""
        for source, counted in (("application", self._counts.application), ("memory", self._counts.memory)):
            for status, count in list(counted.items()):
                before = self._passed.get((source, status), 0)
                self._answers.labels(source, str(status)).inc(count - before)
                self._passed[source, status] = count
        for name, cache in self._caches.items():
            self._bytes.labels(name).set(cache.size_bytes)
            self._bound.labels(name).set(cache.bound_bytes)
        self._waiting.set(self._counts.waiting)
        self._resident.set(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES)

    async def run(self) -> None:
        """Pass on, again and again."""
        while True:
            self.pass_on()
            await asyncio.sleep(PASS_ON_SECONDS)


def wanted() -> bool:
    """Whether `lantoa serve` collects what its workers count."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
