"""The real clock and the real ids: the two places where time and chance enter. And the memory of a long run."""

import gc
import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds:
    def new(self) -> UUID:
        """Give a UUIDv7: 48 bits of milliseconds, 74 random bits (RFC 9562 section 5.7)."""
        milliseconds = time.time_ns() // 1_000_000
        value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
        return UUID(int=value)


def settle() -> None:
    """Leave what start-up made out of every later collection, and collect less often (decision 0019)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)
