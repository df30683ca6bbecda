"""An answer as one caller is told it; and the very same requests of the last seconds with their replies.

Who polls sends the same bytes again and again. Where all that decides about an answer was looked at a moment ago, it is
not looked at again: only whether the caller has requests left, and what its answer books.
"""

import math
from typing import Any

from api.cache.responses import Answer
from api.callers.tokens import Caller
from api.http.metrics import Counts
from api.http.rate_limits import LEFT

BOOKED_SECONDS = 1.0
"""Who is told the same again and again is booked as having it once in so long."""
MAX_BYTES = 12 * 1024
"""Of a request, and of what a reply takes beside it."""
_BYTES_EACH = 1_000
"""What a reply takes beside request and answer: objects."""
Asked = tuple[str, str, bytes, tuple[tuple[bytes, bytes], ...]]
"""Method, path, query and every header."""
_NO_BODY: Any = {"type": "http.response.body", "body": b"", "more_body": False}


class Reply:
    """`until`: all that was looked at holds so long, unless something is heard."""

    __slots__ = ("_book_at", "_counts", "answer", "body", "caller", "take", "until")

    def __init__(self, answer: Answer, caller: Caller, counts: Counts, *, head: bool = False) -> None:
        self.answer, self.caller, self._counts = answer, caller, counts.memory
        self.take = caller.bucket.take
        self.body: Any = _NO_BODY if head else answer.body_message
        self.until = -math.inf
        self._book_at = -math.inf if answer.repeat.received is not None else math.inf

    async def tell(self, left: int, now: float, send: Any) -> None:
        """Send it, with the caller's own limit, and book it as received."""
        answer = self.answer
        if now >= self._book_at:
            self._book(now)
        headers = answer.headers
        if answer.limit_at >= 0:
            headers = headers.copy()
            headers[answer.limit_at] = (b"ratelimit", LEFT % left)
        self._counts[answer.status] += 1
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send(self.body)

    def _book(self, now: float) -> None:
        repeat, caller = self.answer.repeat, self.caller
        if repeat.received is not None and (repeat.counts or caller.told is not repeat or now >= caller.told_until):
            repeat.received(caller.actor)
            caller.told, caller.told_until = repeat, now + BOOKED_SECONDS  # not the answer: it would live as long
        if not repeat.counts:
            self._book_at = caller.told_until


class Replies:
    """The replies to whole requests, as they were asked. None outlives what is heard of a change."""

    bound_bytes = 8 * 1024 * 1024

    def __init__(self) -> None:
        self._replies: dict[Asked, Reply] = {}
        self._answers: set[Answer] = set()
        self.find = self._replies.get
        self.size_bytes = 0

    def keep(self, asked: Asked, reply: Reply, until: float) -> None:
        """Give this reply again until then: to whom a token names, for an address is not among the headers."""
        if reply.caller.bearer is None:
            return
        size = _BYTES_EACH + len(asked[1]) + len(asked[2]) + sum([len(name) + len(value) for name, value in asked[3]])
        if size > MAX_BYTES or reply.answer.size * 8 > self.bound_bytes:
            return
        if self.size_bytes + size + reply.answer.size > self.bound_bytes:
            self.forget()
        if asked not in self._replies:
            self.size_bytes += size
        if reply.answer not in self._answers:  # callers share it
            self._answers.add(reply.answer)
            self.size_bytes += reply.answer.size
        reply.until = until
        self._replies[asked] = reply

    def forget(self) -> None:
        self._replies.clear()
        self._answers.clear()
        self.size_bytes = 0
