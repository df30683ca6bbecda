"""The outer middleware: security headers, HEAD, CORS and the size of bodies, for every response."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from api.http.metrics import Counts
from api.http.problems import MEDIA_TYPE, prefers_english, problem_body
from domain.errors import BodyTooLarge, Unavailable

MAX_BODY = 1024 * 1024
_UPLOADS = "/v1/uploads"
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"strict-transport-security", b"max-age=31536000"),
]
_OPEN = (
    "/v1/channels",
    "/v1/changes",
    "/v1/materials",
    "/v1/media",
    "/v1/vocabularies",
    "/openapi.json",
    "/healthz/",
)
"""Paths that any origin may read, without credentials."""
_SHARED = ("/v1/", "/.well-known/", "/oauth/token", "/oauth/revoke")
"""Paths that scripts of registered apps may use, without credentials (RFC 9700 section 2.6)."""
_EXPOSED = (
    b"access-control-expose-headers",
    b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Repr-Digest, Upload-Offset, WWW-Authenticate",
)
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"Authorization, If-None-Match, If-Range, Range, Accept-Language"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
_PREFLIGHT_OF_APPS = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, Accept-Language, Idempotency-Key, "
            b"Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum"
        ),
    ),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]
_CLOSE = (b"connection", b"close")
Origins = Callable[[], Awaitable[frozenset[str]]]
"""The web origins of registered apps."""


class AppOrigins:
    """The origins of registered apps, cached for five seconds; without a database the last known ones."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._known: frozenset[str] = frozenset()
        self._until = 0.0

    async def contains(self, origin: str) -> bool:
        if time.monotonic() >= self._until:
            try:
                self._known = await self._origins()
            except Unavailable:
                return origin in self._known
            self._until = time.monotonic() + 5
        return origin in self._known


def _allow(origin: bytes) -> tuple[bytes, bytes]:
    return (b"access-control-allow-origin", origin)


class OuterMiddleware:
    """Wraps the application. HEAD is answered like GET without the body, where a route has no HEAD of its own."""

    def __init__(self, app: ASGIApp, origins: Origins, counts: Counts) -> None:
        self._app = app
        self._counts = counts
        self._apps = AppOrigins(origins)

    async def _cors(self, path: str, origin: bytes) -> list[tuple[bytes, bytes]]:
        """CORS headers for scripts of `origin` (empty: not a script's request)."""
        if path.startswith(_OPEN):
            return [_allow(b"*"), _EXPOSED]
        if not path.startswith(_SHARED):
            return []
        known = bool(origin) and await self._apps.contains(origin.decode("latin-1"))
        return [(b"vary", b"Origin"), *([_allow(origin), _EXPOSED] if known else [])]

    async def _preflight(self, path: str, headers: dict[bytes, bytes], send: Send) -> bool:
        """Answer a CORS preflight; False where scripts may not do that."""
        origin, asked = headers.get(b"origin", b""), headers.get(b"access-control-request-method")
        if path.startswith(_OPEN) and asked in (b"GET", b"HEAD"):
            headers_sent = [_allow(b"*"), *_PREFLIGHT]
        elif path.startswith(_SHARED) and await self._apps.contains(origin.decode("latin-1")):
            headers_sent = [_allow(origin), (b"vary", b"Origin"), *_PREFLIGHT_OF_APPS]
        else:
            return False
        await send({"type": "http.response.start", "status": 204, "headers": headers_sent + _SECURITY})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request: Any = scope
        path, headers = request["path"], dict(request["headers"])
        preflight = request["method"] == "OPTIONS" and b"access-control-request-method" in headers
        if preflight and await self._preflight(path, headers, send):
            return
        cors = await self._cors(path, headers.get(b"origin", b""))
        head = request["method"] == "HEAD" and not path.startswith(_UPLOADS)
        if head:
            request = {**request, "method": "GET"}

        unread = b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"

        async def watched() -> Any:
            nonlocal unread
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                # The server drops a connection whose request body was not read to the end: tell the client.
                extra = _SECURITY + cors + ([_CLOSE] if unread else [])
                message = {**message, "headers": [*message["headers"], *extra]}
                self._counts.application[message["status"]] += 1
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if path.startswith(_UPLOADS):
            await self._app(request, watched, with_headers)
            return
        await self._bounded(request, headers, watched, with_headers)

    async def _bounded(self, scope: Any, headers: dict[bytes, bytes], receive: Receive, send: Any) -> None:
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > MAX_BODY:
            await _too_large(scope, headers, send)
            return
        seen = 0

        async def counted() -> Any:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > MAX_BODY:
                    raise BodyTooLarge(limit_bytes=MAX_BODY)
            return message

        await self._app(scope, counted, send)


async def _too_large(scope: Any, headers: dict[bytes, bytes], send: Any) -> None:
    english = prefers_english(headers.get(b"accept-language", b"").decode("latin-1"))
    status, body = problem_body(
        "body_too_large", english=english, instance=scope["path"], facts={"limit_bytes": MAX_BODY}
    )
    kind, size = MEDIA_TYPE.encode(), str(len(body)).encode()
    fixed = [(b"content-type", kind), (b"content-length", size)]
    await send({"type": "http.response.start", "status": status, "headers": fixed})
    await send({"type": "http.response.body", "body": body, "more_body": False})
