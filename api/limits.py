"""Rate limits per client and per anonymous address, per process (the stated error: n processes allow n times)."""

import time
from collections import OrderedDict
from typing import Any

from domain.actor import Actor

WINDOW_SECONDS = 60
_MAX_CALLERS = 50_000


class RateLimiter:
    """A token bucket for each caller: `limit` requests in a minute, refilled evenly."""

    def __init__(self, limit: int, limit_anonymous: int) -> None:
        self._limits = {True: limit, False: limit_anonymous}
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, actor: Actor | None, address: str) -> tuple[int, int, int]:
        """Count one request. Gives (limit, left, seconds to wait; 0 when the request may go on)."""
        limit = self._limits[actor is not None]
        key = f"{actor.key}|{actor.client_id}" if actor else f"address:{address}"
        now = time.monotonic()
        left, at = self._buckets.get(key, (float(limit), now))
        left = min(limit, left + (now - at) * limit / WINDOW_SECONDS)
        wait = 0 if left >= 1 else max(1, round((1 - left) * WINDOW_SECONDS / limit + 0.5))
        self._buckets[key] = (left if wait else left - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_CALLERS:
            self._buckets.popitem(last=False)
        return limit, int(self._buckets[key][0]), wait


def limit_headers(limit: int, left: int) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11)."""
    policy = f'"default";q={limit};w={WINDOW_SECONDS}'
    return [
        (b"ratelimit-policy", policy.encode()),
        (b"ratelimit", f'"default";r={left};t={WINDOW_SECONDS}'.encode()),
    ]


def client_address(scope: Any, *, trusted_proxy: bool) -> str:
    """The caller's address: the socket's, or the last hop of X-Forwarded-For when a trusted proxy is in front."""
    if trusted_proxy:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                return str(value.decode("latin-1").rsplit(",", 1)[-1].strip())
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
