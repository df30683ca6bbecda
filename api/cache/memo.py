"""The per-request memo: a cached response as one caller gets it, found by the bytes of the whole request.

A polling client sends the same bytes again and again. Where everything that decides about the response was checked a
moment ago it is not checked again: only the caller's rate limit and the counting of the delivery are.
"""

import math
from typing import Any

from api.cache.responses import CachedResponse
from api.callers.tokens import Caller
from api.http.metrics import Counts
from api.http.rate_limits import LEFT

COUNTED_SECONDS = 1.0
"""A caller that gets the same response again and again is counted as having received it once in so long."""
MAX_BYTES = 12 * 1024
"""The largest request, with its reply's own overhead, that is memoized."""
_BYTES_EACH = 1_000
"""What a reply takes beside request and response: objects."""
Request = tuple[str, str, bytes, tuple[tuple[bytes, bytes], ...]]
"""Method, path, query and every header."""
_NO_BODY: Any = {"type": "http.response.body", "body": b"", "more_body": False}


class MemoizedReply:
    """`until`: the caller and the response stay valid so long, unless a change is notified."""

    __slots__ = ("_count_at", "_counts", "body", "caller", "response", "take", "until")

    def __init__(self, response: CachedResponse, caller: Caller, counts: Counts, *, head: bool = False) -> None:
        self.response, self.caller, self._counts = response, caller, counts.cache
        self.take = caller.bucket.take
        self.body: Any = _NO_BODY if head else response.body_message
        self.until = -math.inf
        self._count_at = -math.inf if response.policy.on_delivery is not None else math.inf

    async def send(self, left: int, now: float, send: Any) -> None:
        """Send it with the caller's own rate limit, and count it as received."""
        response = self.response
        if now >= self._count_at:
            self._count(now)
        headers = response.headers
        if response.limit_at >= 0:
            headers = headers.copy()
            headers[response.limit_at] = (b"ratelimit", LEFT % left)
        self._counts[response.status] += 1
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send(self.body)

    def _count(self, now: float) -> None:
        policy, caller = self.response.policy, self.caller
        due = policy.count_each or caller.counted is not policy or now >= caller.counted_until
        if policy.on_delivery is not None and due:
            policy.on_delivery(caller.actor)
            # The policy and not the response: a caller must not keep a large body alive.
            caller.counted, caller.counted_until = policy, now + COUNTED_SECONDS
        if not policy.count_each:
            self._count_at = caller.counted_until


class RequestMemo:
    """Replies by whole requests. All of them are dropped with every notification."""

    bound_bytes = 8 * 1024 * 1024

    def __init__(self) -> None:
        self._entries: dict[Request, MemoizedReply] = {}
        self._responses: set[CachedResponse] = set()
        self.find = self._entries.get
        self.size_bytes = 0

    def store(self, request: Request, reply: MemoizedReply, until: float) -> None:
        """Memoize for a caller with a token: an anonymous caller's address is not among the headers."""
        if reply.caller.bearer is None:
            return
        headers = sum([len(name) + len(value) for name, value in request[3]])
        size = _BYTES_EACH + len(request[1]) + len(request[2]) + headers
        if size > MAX_BYTES or reply.response.size * 8 > self.bound_bytes:
            return
        if self.size_bytes + size + reply.response.size > self.bound_bytes:
            self.clear()
        if request not in self._entries:
            self.size_bytes += size
        if reply.response not in self._responses:  # callers share it
            self._responses.add(reply.response)
            self.size_bytes += reply.response.size
        reply.until = until
        self._entries[request] = reply

    def clear(self) -> None:
        self._entries.clear()
        self._responses.clear()
        self.size_bytes = 0
