"""ASGI middleware around the routes: caller and rate limit, permission check, idempotency keys."""

import time
from hashlib import sha256
from typing import Any, Protocol, cast

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.callers.operations import check
from api.callers.tokens import Caller, TokenReader
from api.http.rate_limits import client_address, limit_headers
from domain.errors import AlreadyDone, KeyInUse, KeyReused, MalformedRequest, TooManyRequests, Unauthenticated
from domain.ports import Clock

_MAX_KEY = 200
_REPLAYED = {"content-type", "etag", "location"}


def _header(scope: Any, name: bytes) -> str | None:
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        raise MalformedRequest(reason=f"{name.decode()} twice")
    return values[0].decode("latin-1") if values else None


class CallerMiddleware:
    """Sets `scope["state"]["actor"]` (None for anonymous) and counts the request against its caller's limit.

    Sets `scope["state"]["taken"]` too; a request that has it already was counted before and is not counted again.
    """

    def __init__(self, app: ASGIApp, tokens: TokenReader, *, trusted_proxy: bool) -> None:
        self._app = app
        self._tokens = tokens
        self._trusted_proxy = trusted_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        caller, state = await self._caller(scope), scope["state"]
        state["caller"], state["actor"] = caller, caller.actor
        known = caller.actor is not None
        if "taken" not in state:
            state["taken"] = caller.bucket.take(time.monotonic())
        limit, left, wait = state["taken"]
        if wait:
            raise TooManyRequests(retry_after=wait)
        limits = limit_headers(limit, left)

        async def with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *limits]
            await send(message)

        await self._app(scope, receive, with_limits if known else send)

    async def _caller(self, scope: Any) -> Caller:
        header = _header(scope, b"authorization")
        if header is None or scope["path"].startswith("/oauth/"):
            return self._tokens.anonymous(client_address(scope, trusted_proxy=self._trusted_proxy))
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        return await self._tokens.caller(token.strip())


class PermissionCheck:
    """Runs `api.callers.operations.check` before the handler. Litestar's guards copy the handler for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            check(ASGIConnection(scope), cast("Any", scope)["route_handler"])
        await self._app(scope, receive, send)


class IdempotencyKeys(Protocol):
    async def begin(self, actor: str, key: str, fingerprint: bytes, now: Any) -> Any: ...
    async def finish(self, actor: str, key: str, stored_response: Any) -> None: ...
    async def forget(self, actor: str, key: str) -> None: ...


class IdempotencyMiddleware:
    """A POST with an Idempotency-Key is done once: a repeat gets the first response again.

    The key is marked done in the transaction of the write (`storage.postgres.unit_of_work`): a crash cannot double it.
    """

    def __init__(self, app: ASGIApp, keys: IdempotencyKeys, clock: Clock, stored_response: Any) -> None:
        self._app = app
        self._keys = keys
        self._clock = clock
        self._stored_response = stored_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or cast("Any", scope)["method"] != "POST":
            await self._app(scope, receive, send)
            return
        key, actor = _header(scope, b"idempotency-key"), scope["state"].get("actor")
        if key is None or actor is None or scope["path"].startswith("/v1/uploads"):
            await self._app(scope, receive, send)
            return
        if not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
            raise MalformedRequest(reason="Idempotency-Key")
        body = await _whole_body(receive)
        fingerprint = sha256(f"{scope['path']}?{scope['query_string']!r}\n".encode() + body).digest()
        begun = await self._keys.begin(actor.key, key, fingerprint, self._clock.now())
        match begun:
            case "go":
                scope["state"]["idempotency"] = (actor.key, key)
                await self._first_time(scope, body, send, (actor.key, key))
            case "reused":
                raise KeyReused
            case "running":
                raise KeyInUse
            case "lost":
                raise AlreadyDone
            case answer:
                await _replay(answer, send)

    async def _first_time(self, scope: Any, body: bytes, send: Send, key: tuple[str, str]) -> None:
        kept: dict[str, Any] = {"status": 500, "headers": [], "body": b""}

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept["status"] = message["status"]
                kept["headers"] = [(k.decode(), v.decode()) for k, v in message["headers"] if k.decode() in _REPLAYED]
            elif message["type"] == "http.response.body":
                kept["body"] += message.get("body", b"")
            await send(message)

        try:
            await self._app(scope, receive, remember)
        finally:
            if kept["status"] < 300 and scope["route_handler"].opt.get("shown_once"):
                pass  # a repeat gets `already_done`: no secret is stored in clear
            elif kept["status"] < 300:
                await self._keys.finish(*key, self._stored_response(kept["status"], kept["headers"], kept["body"]))
            else:
                await self._keys.forget(*key)


async def _whole_body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedRequest(reason="connection")
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _replay(answer: Any, send: Send) -> None:
    headers = [(k.encode(), v.encode()) for k, v in answer.headers]
    headers += [(b"idempotent-replayed", b"true"), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
