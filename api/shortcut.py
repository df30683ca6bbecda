"""Answers from memory what the application answered a moment ago. Delete it and nothing changes but speed.

A route says of an answer that it may be repeated (`api.memory.may_repeat`); nothing else is ever remembered. An answer
is given again only to callers who may read the same, while no change to what it was read from has been heard of, and
never when the feed has not been looked at for seconds (`storage.watcher`). A long poll sleeps here, as one future.
"""

import re
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast
from uuid import UUID

from litestar.types import ASGIApp, Receive, Scope, Send

from api.crowd import Crowd, Flights
from api.limits import Taken, client_address, left_header
from api.memory import REMEMBERED_SECONDS, Answer, Key, Memory, key_of
from api.metrics import Counts
from api.poll import Poll
from api.tokens import Caller, TokenReader

_SAFE = ("GET", "HEAD")
_STATUSES = (200, 302, 304)
BOOKED_SECONDS = 1.0
"""Who is told the same again and again is booked as having it once in so long."""
_NO_BODY: Any = {"type": "http.response.body", "body": b"", "more_body": False}
_WAIT = re.compile(rb"(?:^|&)wait=(20|1[0-9]|[1-9])(?=&|$)")


Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class Watcher(Protocol):
    trusted_until: float


class Parts(Protocol):
    tokens: TokenReader
    counts: Counts
    answers: Memory

    @property
    def watcher(self) -> Watcher: ...


class Shortcut:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, parts: Parts, *, trusted_proxy: bool) -> None:
        self._app = cast("Application", app)
        self.parts = parts
        self._trusted_proxy = trusted_proxy
        self.memory = parts.answers
        self.crowd = Crowd()
        self.flights: Flights[tuple[bytes | None, Key]] = Flights(self.crowd)

    def changed(self, channels: frozenset[UUID] | None) -> None:
        """Hear from the watcher; wake who waits."""
        self.memory.forget(channels)
        self.crowd.wake(channels)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, Any]:
        """Give what is to be awaited: no frame of its own stays while somebody sleeps."""
        request: Any = scope
        if request["type"] != "http" or request["method"] not in _SAFE:
            return self._app(scope, receive, send)
        sent = request["headers"]
        headers = dict(sent)
        if len(headers) != len(sent) or b"content-length" in headers or b"transfer-encoding" in headers:
            return self._app(scope, receive, send)
        key, caller, now = key_of(request, headers), self.caller(request, headers), time.monotonic()
        answer = self.find(key, caller, now)
        if answer is None or caller is None:
            return self._miss(key, request, receive, send)
        taken = caller.bucket.take(now)
        if taken[2]:  # not counted: the application will count it, and say so
            return self._app(scope, receive, send)
        start, body = self.say(answer, caller, taken, now)
        return _told(start, body if request["method"] == "GET" else _NO_BODY, send)

    def _miss(self, key: Key, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, Any]:
        query = scope["query_string"]
        if scope["method"] == "GET" and query.count(b"wait") == 1 and (found := _WAIT.search(query)):
            scope["query_string"] = (query[: found.start()] + query[found.end() :]).removeprefix(b"&")
            return Poll(self, scope, receive, send).run(int(found[1]))
        return self.ask(key, scope, receive, send)

    def caller(self, scope: Any, headers: dict[bytes, bytes]) -> Caller | None:
        """Who asks; None when the application must find out."""
        token = headers.get(b"authorization")
        if token is not None:
            return self.parts.tokens.known(token)
        return self.parts.tokens.anonymous(client_address(scope, trusted_proxy=self._trusted_proxy))

    def find(self, key: Key, caller: Caller | None, now: float) -> Answer | None:
        """What this caller may be told from memory."""
        if caller is None or now >= caller.until or now >= self.parts.watcher.trusted_until:
            return None
        return self.memory.find(key, caller.reach, now)

    def say(self, answer: Answer, caller: Caller, taken: Taken, now: float) -> tuple[Any, Any]:
        """Give the messages of an answer that is given again, with the caller's own limit, and book it as received."""
        self.parts.counts.memory[answer.status] += 1
        headers, repeat = answer.headers, answer.repeat
        if answer.limit_at >= 0:
            headers = headers.copy()
            headers[answer.limit_at] = left_header(taken[1])
        if repeat.received is not None and (repeat.counts or caller.told is not repeat or now >= caller.told_until):
            repeat.received(caller.actor)
            caller.told, caller.told_until = repeat, now + BOOKED_SECONDS  # not the answer: it would live as long
        return {"type": "http.response.start", "status": answer.status, "headers": headers}, answer.body_message

    async def ask(self, key: Key, scope: Any, receive: Any, send: Any) -> Answer | None:
        """Let the application answer, and remember what it says may be repeated."""
        began, asked_at, state = self.memory.tick, time.monotonic(), scope.setdefault("state", {})
        said: list[Any] = []

        async def heard(message: Any) -> None:
            if len(said) < 3:
                said.append(message)
            await send(message)

        await self._app(scope, receive, heard)
        repeat, caller = state.get("repeat"), state.get("caller")
        if repeat is None or caller is None or len(said) != 2 or said[0]["status"] not in _STATUSES:
            return None
        answer = Answer(said[0]["status"], list(said[0]["headers"]), said[1].get("body", b""), repeat)
        answer.until = asked_at + min(repeat.seconds, REMEMBERED_SECONDS)
        if scope["method"] == "GET":  # to HEAD the body was not said
            self.memory.keep(key, answer, caller.reach, began)
        return answer


async def _told(start: Any, body: Any, send: Any) -> None:
    await send(start)
    await send(body)
