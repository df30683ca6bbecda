"""Content codings (RFC 9110 section 8.4) for what is published: zstd, br or gzip, as the caller prefers.

Only responses that a route marks as published text are compressed: they hold no secret beside text that an attacker
chose (BREACH).
"""

import asyncio
import gzip
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import brotli
import zstandard
from litestar.types import ASGIApp, Receive, Scope, Send

MIN_BYTES = 1024
_ASIDE_BYTES = 64 * 1024
"""Larger bodies are compressed in a thread."""
_CODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
    "br": partial(brotli.compress, quality=5, mode=brotli.MODE_TEXT),
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
}
"""By our preference: the fastest first."""


def negotiate(accept_encoding: bytes | None) -> str | None:
    """Give the coding that the caller prefers among ours; None: identity (RFC 9110 section 12.5.3)."""
    if not accept_encoding:
        return None
    liked: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        try:
            liked[name.strip()] = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            return None
    others = liked.get("*", 0.0)
    best = max(_CODERS, key=lambda name: liked.get(name, others))
    return best if 0 < liked.get(best, others) >= liked.get("identity", 0.0) else None


def mark_compressible(state: dict[str, Any]) -> None:
    """Mark the response of the current request as published text."""
    state["compressible"] = True


class ContentCoding:
    """Compresses responses that were marked. With a coding the ETag is weak: the bytes differ."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request: Any = scope
        sent = dict(request["headers"]).get(b"accept-encoding") if request["type"] == "http" else None
        coding, send_message = negotiate(sent), cast("Any", send)
        if coding is None:
            await self._app(scope, receive, send)
            return
        started: list[Any] = []

        async def coded(message: Any) -> None:
            if (
                message["type"] == "http.response.start"
                and "compressible" in request.get("state", ())
                and message["status"] < 400
            ):
                started.append({**message, "headers": [_weak(*header) for header in message["headers"]]})
            elif started:
                start = started.pop()
                body = message.get("body", b"")
                if start["status"] == 200 and len(body) >= MIN_BYTES and not message.get("more_body"):
                    body = await _compress(coding, body)
                    start["headers"] = _coded(start["headers"], coding, len(body))
                await send_message(start)
                await send_message({**message, "body": body})
            else:
                await send_message(message)

        await self._app(scope, receive, coded)


def _weak(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else (name, value)


def _coded(headers: list[tuple[bytes, bytes]], coding: str, size: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    return [*kept, (b"content-encoding", coding.encode()), (b"content-length", b"%d" % size)]


async def _compress(coding: str, body: bytes) -> bytes:
    coder = _CODERS[coding]
    coded = coder(body) if len(body) < _ASIDE_BYTES else await asyncio.to_thread(coder, body)
    # A copy of the right size: the compressors return a slice of a larger buffer, which a cache would keep alive.
    return bytes(memoryview(coded))
