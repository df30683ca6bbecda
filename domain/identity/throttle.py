"""Throttling of guesses: how long to wait after failures in a row."""

import math
from datetime import datetime, timedelta

import msgspec

FREE_FAILURES = 5
FREE_FAILURES_BY_ADDRESS = 50
"""Many people share an address."""
FORGOTTEN_AFTER = timedelta(minutes=30)
LONGEST_WAIT = timedelta(minutes=15)
_FIRST_WAIT_SECONDS = 15


class Limit(msgspec.Struct, frozen=True):
    """`free` failures under `key` cost no waiting."""

    key: str
    free: int = FREE_FAILURES


class Throttle(msgspec.Struct, frozen=True):
    """Failures in a row under one key, and when the last one was."""

    failures: int
    last_at: datetime

    def wait_seconds(self, now: datetime, free: int = FREE_FAILURES) -> int:
        """Seconds until the next attempt: none for the first failures, then doubling up to 15 minutes."""
        if self.failures < free or now - self.last_at > FORGOTTEN_AFTER:
            return 0
        pause = min(timedelta(seconds=_FIRST_WAIT_SECONDS << min(self.failures - free, 10)), LONGEST_WAIT)
        return math.ceil(max(self.last_at + pause - now, timedelta(0)).total_seconds())

    def after_failure(self, now: datetime) -> "Throttle":
        return Throttle(1 if now - self.last_at > FORGOTTEN_AFTER else self.failures + 1, now)

    def without_one(self) -> "Throttle":
        """After a success: the attempt is not counted, and the next one need not wait for it."""
        return Throttle(max(self.failures - 1, 0), self.last_at - LONGEST_WAIT)
