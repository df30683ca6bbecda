"""Rate limits per client and per anonymous address, in each process by itself (n processes allow n times as much)."""

import time
from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Network
from typing import Any

WINDOW_SECONDS = 60
_MAX_CALLERS = 20_000
_BYTES_EACH = 400
"""About what one bucket takes."""


Taken = tuple[int, int, int]
"""(limit, left, seconds to wait; 0 when the request may go on)"""
LEFT = b'"default";r=%%d;t=%d' % WINDOW_SECONDS
"""The value of `RateLimit`; the remaining requests are filled in."""


class Bucket:
    """Token bucket of one caller; `at` is on the monotonic clock."""

    __slots__ = ("at", "left", "limit")

    def __init__(self, limit: int, now: float) -> None:
        self.limit = limit
        self.left = float(limit)
        self.at = now

    def take(self, now: float) -> Taken:
        """Count one request; a refused one is not counted."""
        limit = self.limit
        left = self.left + (now - self.at) * limit / WINDOW_SECONDS
        if left > limit:
            left = float(limit)
        self.at = now
        if left >= 1:
            self.left = left = left - 1
            return limit, int(left), 0
        self.left = left
        return limit, 0, max(1, round((1 - left) * WINDOW_SECONDS / limit + 0.5))


class RateLimiter:
    """A token bucket for each caller: `limit` requests in a minute, refilled evenly."""

    def __init__(self, limit: int, limit_anonymous: int) -> None:
        self._limit, self._limit_anonymous = limit, limit_anonymous
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return len(self._buckets) * _BYTES_EACH

    @property
    def bound_bytes(self) -> int:
        return _MAX_CALLERS * _BYTES_EACH

    def bucket(self, name: str, *, known: bool) -> Bucket:
        """Give the bucket of that name."""
        found = self._buckets.get(name)
        if found is None:
            limit = self._limit if known else self._limit_anonymous
            found = self._buckets[name] = Bucket(limit, time.monotonic())
            if len(self._buckets) > _MAX_CALLERS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return found


def limit_headers(limit: int, left: int) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11)."""
    policy = f'"default";q={limit};w={WINDOW_SECONDS}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", LEFT % left)]


def client_address(scope: Any, *, trusted_proxy: bool) -> str:
    """The caller's address: the socket's, or the last hop of X-Forwarded-For when a trusted proxy is in front."""
    if trusted_proxy:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                return _network(value.decode("latin-1").rsplit(",", 1)[-1].strip())
    client = scope.get("client")
    return _network(str(client[0])) if client else "unknown"


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    """The address; of IPv6 its /64, which one subscriber has as a whole (RFC 6177)."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address.partition("%")[0].strip("[]"), 64), strict=False))
    except ValueError:
        return address
