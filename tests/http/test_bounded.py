"""What one process remembers does not grow with what it was asked."""

import gc

from litestar import Litestar, get
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send

from api.middleware import Access
from api.operations import operation


def handlers() -> int:
    gc.collect()
    return sum(isinstance(each, BaseRouteHandler) for each in gc.get_objects())


def test_a_request_leaves_no_copy_of_its_handler() -> None:
    """Litestar's guards copy it for each request; the soak found a cache that kept the copies."""

    def signed_out(app: ASGIApp) -> ASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"]["actor"] = None
            await app(scope, receive, send)

        return middleware

    @get("/", **operation("open"))
    async def answer() -> str:
        return "ok"

    with TestClient(Litestar([answer], middleware=[signed_out, Access])) as client:
        client.get("/")
        before = handlers()
        assert [client.get("/").status_code for _ in range(20)] == [200] * 20
        assert handlers() == before
