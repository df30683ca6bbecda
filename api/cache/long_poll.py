"""Long polling: asks the application as if there were no `wait`, and again whenever the channel changes."""

import asyncio
import re
import time
from functools import partial
from typing import Any, Protocol

from api.cache.memo import MemoizedReply
from api.cache.responses import CachedResponse, Key, key_of
from api.cache.waiters import SingleFlight, Waiters
from api.callers.tokens import Caller
from api.http.metrics import Counts
from api.http.rate_limits import Taken

_WAIT = re.compile(rb"(?:^|&)wait=(20|1[0-9]|[1-9])(?=&|$)")
FlightKey = tuple[bytes | None, Key]


def take_wait(scope: Any) -> int:
    """Take a valid `wait` out of the query and give its seconds; 0 leaves the query to the application."""
    query = scope["query_string"]
    if scope["method"] != "GET" or query.count(b"wait") != 1 or (found := _WAIT.search(query)) is None:
        return 0
    scope["query_string"] = (query[: found.start()] + query[found.end() :]).removeprefix(b"&")
    return int(found[1])


class Lookup(Protocol):
    """The cache in front of the application (`api.cache.middleware`)."""

    counts: Counts
    waiters: Waiters
    in_flight: SingleFlight[FlightKey]

    def caller(self, scope: Any, token: bytes | None) -> Caller | None: ...
    def find(self, key: Key, caller: Caller | None, now: float) -> CachedResponse | None: ...
    async def ask(self, key: Key, scope: Any, receive: Any, send: Any) -> CachedResponse | None: ...


class LongPoll:
    """One waiting request. `scope` is the request without `wait`."""

    __slots__ = ("_caller", "_lookup", "_messages", "_receive", "_response", "_scope", "_send", "_taken")

    def __init__(self, lookup: Lookup, scope: Any, receive: Any, send: Any) -> None:
        self._lookup, self._scope, self._receive, self._send = lookup, scope, receive, send
        self._caller: Caller | None = None
        self._taken: Taken | None = None
        self._response: CachedResponse | None = None
        self._messages: list[Any] | None = None

    def _key(self) -> FlightKey:
        """Token and cache key. Computed each time instead of kept: thousands of polls wait."""
        headers = dict(self._scope["headers"])
        return headers.get(b"authorization"), key_of(self._scope, headers)

    async def run(self, seconds: int) -> None:
        """Answer when there is news, or after `seconds`."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        response = await self._look()
        while response is not None:
            assert self._caller is not None
            assert self._taken is not None
            if not response.policy.nothing_new or clock() >= deadline:
                if self._messages is not None:
                    break  # this request asked the application itself
                reply = MemoizedReply(response, self._caller, self._lookup.counts)
                await reply.send(self._taken[1], time.monotonic(), self._send)
                return
            response = await self._wait(response, deadline) if response.current else await self._look()
        for message in self._messages or ():
            await self._send(message)

    async def _wait(self, response: CachedResponse, deadline: float) -> CachedResponse | None:
        channel, waiters = response.policy.channel, self._lookup.waiters
        caller, counts = self._caller, self._lookup.counts
        assert channel is not None
        assert caller is not None
        caller.waiting += 1
        counts.waiting += 1
        waiter = waiters.join(channel, deadline)
        try:
            await waiter
            return await self._look()  # before it leaves: followers wait for what it finds
        finally:
            waiters.leave(waiter, channel, deadline)
            caller.waiting -= 1
            counts.waiting -= 1

    async def _look(self) -> CachedResponse | None:
        """The present response, or None where it is uncacheable. `_messages`: what the application answered."""
        token, key = self._key()
        self._messages = None
        response = self._find(token, key)
        if response is None:
            # Many polls arrive and wake together: one asks, the others look again. A known caller asks for all of them.
            known = self._caller is not None and time.monotonic() < self._caller.until
            if await self._lookup.in_flight.once((None if known else token, key), partial(self._ask, key)):
                return self._response
            response = self._find(token, key)
        if response is None or (self._taken is None and not self._take()):
            await self._ask(key)  # also when the rate limit is used up: the application says so
            return self._response
        return response

    def _find(self, token: bytes | None, key: Key) -> CachedResponse | None:
        self._caller = self._lookup.caller(self._scope, token)
        return self._lookup.find(key, self._caller, time.monotonic())

    def _take(self) -> bool:
        """Count this request against the caller's rate limit, once."""
        assert self._caller is not None
        taken = self._caller.bucket.take(time.monotonic())
        if taken[2]:
            return False
        self._taken = taken
        return True

    async def _ask(self, key: Key) -> None:
        state: dict[str, Any] = {} if self._taken is None else {"taken": self._taken}
        messages = self._messages = []

        async def capture(message: Any) -> None:
            messages.append(message)

        scope = {**self._scope, "state": state}
        self._response = await self._lookup.ask(key, scope, self._receive, capture)
        self._taken, self._caller = state.get("taken"), state.get("caller")
