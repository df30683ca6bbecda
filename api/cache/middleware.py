"""The outermost ASGI layer: cached responses and long polls. See README.md in this folder."""

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Protocol, cast
from uuid import UUID

from litestar.types import ASGIApp, Receive, Scope, Send

from api.cache.long_poll import FlightKey, LongPoll, take_wait
from api.cache.memo import MemoizedReply, RequestMemo
from api.cache.responses import MAX_AGE_SECONDS, CachedResponse, Key, ResponseCache, key_of
from api.cache.waiters import SingleFlight, Waiters
from api.callers.tokens import Caller, TokenReader
from api.http.metrics import Counts
from api.http.rate_limits import client_address

_SAFE = ("GET", "HEAD")
_STATUSES = (200, 302, 304)
Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class Listener(Protocol):
    trusted_until: float


class Context(Protocol):
    """What the cache needs of the API. `tokens` exists only after start-up."""

    tokens: TokenReader
    counts: Counts
    responses: ResponseCache
    memo: RequestMemo

    @property
    def listener(self) -> Listener: ...


class ResponseCacheMiddleware:
    """A response is served again only to callers of the same read partition, while no change was notified since.

    Never when the safety poll of the feed is more than seconds old (`storage.postgres.listener`).
    """

    def __init__(self, app: ASGIApp, context: Context, *, trusted_proxy: bool) -> None:
        self._app = cast("Application", app)
        self._context = context
        self._trusted_proxy = trusted_proxy
        self._responses = context.responses
        self._find_reply = context.memo.find
        self.counts = context.counts
        self.waiters = Waiters()
        self.in_flight: SingleFlight[FlightKey] = SingleFlight(self.waiters)

    def invalidate(self, channels: frozenset[UUID] | None) -> None:
        """Subscribed to the listener: drop what is out of date, wake who waits."""
        self._responses.invalidate(channels)
        self._context.memo.clear()
        self.waiters.wake(channels)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, Any]:
        """Give the coroutine to await: no frame of this method stays while a poll waits."""
        request: Any = scope
        if request["type"] != "http":
            return self._app(scope, receive, send)
        sent, now = request["headers"], monotonic()
        whole = (request["method"], request["path"], request["query_string"], tuple(sent))
        reply = self._find_reply(whole)
        if reply is None or now >= reply.until:
            headers = dict(sent)
            plain = len(headers) == len(sent) and b"content-length" not in headers
            if request["method"] not in _SAFE or not plain or b"transfer-encoding" in headers:
                return self._app(scope, receive, send)
            key, caller = key_of(request, headers), self.caller(request, headers.get(b"authorization"))
            response = self.find(key, caller, now)
            if response is None or caller is None:
                return self._miss(key, request, receive, send)
            reply = MemoizedReply(response, caller, self.counts, head=request["method"] == "HEAD")
            until = min(caller.until, response.until, self._context.listener.trusted_until)
            self._context.memo.store(whole, reply, until)
        _, left, wait = reply.take(now)
        if wait:  # not counted here: the application counts it and answers 429
            return self._app(scope, receive, send)
        return reply.send(left, now, send)

    def _miss(self, key: Key, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, Any]:
        if seconds := take_wait(scope):
            return LongPoll(self, scope, receive, send).run(seconds)
        return self.ask(key, scope, receive, send)

    def caller(self, scope: Any, token: bytes | None) -> Caller | None:
        """The caller with this Authorization header; None when the application must find out."""
        if token is not None:
            return self._context.tokens.known(token)
        return self._context.tokens.anonymous(client_address(scope, trusted_proxy=self._trusted_proxy))

    def find(self, key: Key, caller: Caller | None, now: float) -> CachedResponse | None:
        """A cached response that this caller may have now."""
        if caller is None or now >= caller.until or now >= self._context.listener.trusted_until:
            return None
        return self._responses.find(key, caller.read_partition, now)

    async def ask(self, key: Key, scope: Any, receive: Any, send: Any) -> CachedResponse | None:
        """Let the application answer, and store the response where it is cacheable."""
        began, asked_at, state = self._responses.tick, monotonic(), scope.setdefault("state", {})
        messages: list[Any] = []

        async def capture(message: Any) -> None:
            if len(messages) < 3:
                messages.append(message)
            await send(message)

        await self._app(scope, receive, capture)
        policy, caller = state.get("cache_policy"), state.get("caller")
        if policy is None or caller is None or len(messages) != 2 or messages[0]["status"] not in _STATUSES:
            return None
        body = messages[1].get("body", b"")
        response = CachedResponse(messages[0]["status"], list(messages[0]["headers"]), body, policy)
        response.until = asked_at + min(policy.seconds, MAX_AGE_SECONDS)
        if scope["method"] == "GET":  # the response to HEAD has no body
            self._responses.store(key, response, caller.read_partition, began)
        return response
