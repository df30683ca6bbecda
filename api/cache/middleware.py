"""Answers from memory what the application answered a moment ago. Delete it and nothing changes but speed.

A route says of an answer that it may be repeated (`api.cache.responses.may_repeat`); nothing else is ever remembered.
An answer is given again only to callers who may read the same, while no change to what it was read from has been heard
of, and never when the feed has not been looked at for seconds (`storage.postgres.listener`). A long poll sleeps here,
as one future.
Who sends the same bytes again within seconds has the same reply (`api.cache.memo`).
"""

import re
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Protocol, cast
from uuid import UUID

from litestar.types import ASGIApp, Receive, Scope, Send

from api.cache.long_poll import Poll
from api.cache.memo import Replies, Reply
from api.cache.responses import REMEMBERED_SECONDS, Answer, Key, Memory, key_of
from api.cache.waiters import Crowd, Flights
from api.callers.tokens import Caller, TokenReader
from api.http.metrics import Counts
from api.http.rate_limits import client_address

_SAFE = ("GET", "HEAD")
_STATUSES = (200, 302, 304)
_WAIT = re.compile(rb"(?:^|&)wait=(20|1[0-9]|[1-9])(?=&|$)")


Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class Watcher(Protocol):
    trusted_until: float


class Parts(Protocol):
    tokens: TokenReader
    counts: Counts
    answers: Memory
    replies: Replies

    @property
    def watcher(self) -> Watcher: ...


class Shortcut:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, parts: Parts, *, trusted_proxy: bool) -> None:
        self._app = cast("Application", app)
        self.parts = parts
        self._trusted_proxy = trusted_proxy
        self.memory = parts.answers
        self._known = parts.replies.find
        self.crowd = Crowd()
        self.flights: Flights[tuple[bytes | None, Key]] = Flights(self.crowd)

    def changed(self, channels: frozenset[UUID] | None) -> None:
        """Hear from the watcher; wake who waits."""
        self.memory.forget(channels)
        self.parts.replies.forget()
        self.crowd.wake(channels)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, Any]:
        """Give what is to be awaited: no frame of its own stays while somebody sleeps."""
        request: Any = scope
        if request["type"] != "http":
            return self._app(scope, receive, send)
        sent, now = request["headers"], monotonic()
        asked = (request["method"], request["path"], request["query_string"], tuple(sent))
        reply = self._known(asked)
        if reply is None or now >= reply.until:
            headers = dict(sent)
            plain = len(headers) == len(sent) and b"content-length" not in headers
            if request["method"] not in _SAFE or not plain or b"transfer-encoding" in headers:
                return self._app(scope, receive, send)
            key, caller = key_of(request, headers), self.caller(request, headers.get(b"authorization"))
            answer = self.find(key, caller, now)
            if answer is None or caller is None:
                return self._miss(key, request, receive, send)
            reply = Reply(answer, caller, self.parts.counts, head=request["method"] == "HEAD")
            self.parts.replies.keep(asked, reply, min(caller.until, answer.until, self.parts.watcher.trusted_until))
        _, left, wait = reply.take(now)
        if wait:  # not counted: the application will count it, and say so
            return self._app(scope, receive, send)
        return reply.tell(left, now, send)

    def _miss(self, key: Key, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, Any]:
        query = scope["query_string"]
        if scope["method"] == "GET" and query.count(b"wait") == 1 and (found := _WAIT.search(query)):
            scope["query_string"] = (query[: found.start()] + query[found.end() :]).removeprefix(b"&")
            return Poll(self, scope, receive, send).run(int(found[1]))
        return self.ask(key, scope, receive, send)

    def caller(self, scope: Any, token: bytes | None) -> Caller | None:
        """Who asks with this Authorization header; None when the application must find out."""
        if token is not None:
            return self.parts.tokens.known(token)
        return self.parts.tokens.anonymous(client_address(scope, trusted_proxy=self._trusted_proxy))

    def find(self, key: Key, caller: Caller | None, now: float) -> Answer | None:
        """What this caller may be told from memory."""
        if caller is None or now >= caller.until or now >= self.parts.watcher.trusted_until:
            return None
        return self.memory.find(key, caller.reach, now)

    async def ask(self, key: Key, scope: Any, receive: Any, send: Any) -> Answer | None:
        """Let the application answer, and remember what it says may be repeated."""
        began, asked_at, state = self.memory.tick, monotonic(), scope.setdefault("state", {})
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
