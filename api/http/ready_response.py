"""Responses whose bytes are ready. Litestar's building of a response takes longer than reading a document."""

from typing import Any

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

_JSON = (b"content-type", b"application/json")


class ReadyResponse(Response[bytes]):
    """Bytes that are sent as they are, JSON unless the headers say otherwise; with 304 only headers."""

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """Give the ASGI callable; headers and cookies of outer Litestar layers are not supported."""
        status, body = self.status_code or 200, self.content
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        if status == 200:
            typed = () if "content-type" in self.headers else (_JSON,)
            headers += (*typed, (b"content-length", b"%d" % len(body)))

        async def sent(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return sent
