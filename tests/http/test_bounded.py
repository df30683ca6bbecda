"""What one process remembers does not grow with what it was asked."""

import gc

from litestar import Litestar, get
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient

from api.operations import guard, operation


def handlers() -> int:
    gc.collect()
    return sum(isinstance(each, BaseRouteHandler) for each in gc.get_objects())


def test_a_request_leaves_no_copy_of_its_handler() -> None:
    """Litestar copies the handler for each guard of each request; the soak found one thing that kept the copies."""

    @get("/", **operation("open"))
    async def answer() -> str:
        return "ok"

    with TestClient(Litestar([answer], guards=[guard])) as client:
        client.get("/")
        before = handlers()
        assert [client.get("/").status_code for _ in range(20)] == [200] * 20
        assert handlers() == before
