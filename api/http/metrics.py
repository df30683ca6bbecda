"""Counters of one worker process, for Prometheus. `lantoa serve` adds the workers up and serves them on its own port.

Requests increment plain integers; once a second these are published. Without `LANTOA_METRICS` nothing is published.
"""

import asyncio
import os
import resource
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

PUBLISH_SECONDS = 1.0
_PAGE_BYTES = resource.getpagesize()


class Cache(Protocol):
    """A cache with its present size and its upper bound."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def bound_bytes(self) -> int: ...


class Counts:
    """Responses of the application and of the cache by status; waiting long polls."""

    def __init__(self) -> None:
        self.application: dict[int, int] = defaultdict(int)
        self.cache: dict[int, int] = defaultdict(int)
        self.waiting = 0


class Metrics:
    """Publishes counts and the sizes of caches."""

    def __init__(self, counts: Counts, caches: Mapping[str, Cache]) -> None:
        from prometheus_client import Counter, Gauge  # noqa: PLC0415 -- decides at import whether there are many processes

        self._counts, self._caches = counts, caches
        self._published: dict[tuple[str, int], int] = {}
        self._responses = Counter("lantoa_responses", "Responses by source", ["source", "status"])
        by_cache = ("cache",)
        self._bytes = Gauge("lantoa_cache_bytes", "Bytes held", by_cache, multiprocess_mode="livesum")
        self._bound = Gauge("lantoa_cache_bound_bytes", "Upper bound", by_cache, multiprocess_mode="livesum")
        self._waiting = Gauge("lantoa_polls_waiting", "Waiting long polls", multiprocess_mode="livesum")
        self._resident = Gauge(
            "lantoa_worker_resident_bytes", "Resident memory of each worker", multiprocess_mode="liveall"
        )

    def publish(self) -> None:
        """Add the increments since the last time."""
        for source, counted in (("application", self._counts.application), ("cache", self._counts.cache)):
            for status, count in list(counted.items()):
                before = self._published.get((source, status), 0)
                self._responses.labels(source, str(status)).inc(count - before)
                self._published[source, status] = count
        for name, cache in self._caches.items():
            self._bytes.labels(name).set(cache.size_bytes)
            self._bound.labels(name).set(cache.bound_bytes)
        self._waiting.set(self._counts.waiting)
        self._resident.set(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES)

    async def run(self) -> None:
        """Publish every second, until cancelled."""
        while True:
            self.publish()
            await asyncio.sleep(PUBLISH_SECONDS)


def metrics_wanted() -> bool:
    """Whether `lantoa serve` collects the counters of its workers."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
