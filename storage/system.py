"""The real clock and the real ids: the two places where time and chance enter."""

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
