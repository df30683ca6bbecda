"""What one process remembers does not grow with what it was asked."""

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Litestar, get
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.clock import SystemClock
from api.cache.memo import MAX_BYTES, MemoizedReply, RequestMemo
from api.cache.responses import CachedResponse, CachePolicy
from api.callers.middleware import PermissionCheck
from api.callers.operations import operation
from api.callers.tokens import Bearer, Caller, TokenReader
from api.http.metrics import Counts
from api.http.rate_limits import Bucket, RateLimiter
from domain.actor import Actor
from harness.installation import Installation


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

    with TestClient(Litestar([answer], middleware=[signed_out, PermissionCheck])) as client:
        client.get("/")
        before = handlers()
        assert [client.get("/").status_code for _ in range(20)] == [200] * 20
        assert handlers() == before


class Signed:
    """Everybody's session goes on."""

    async def actors(self, bearers: Sequence[Bearer]) -> list[Actor | None]:
        return [ACTOR for _ in bearers]


ACTOR = Actor(client_id="c", organization_id=UUID(int=1), scopes=frozenset(), roles=frozenset(), central=False)


def test_who_has_not_asked_for_a_minute_is_forgotten_and_who_waits_is_not() -> None:
    """The soak found thousands of tokens, each used once, that stayed for as long as there was room."""
    keys: Any = object()
    reader = TokenReader(keys, Signed(), SystemClock(), RateLimiter(60, 60), issuer="https://example.vn")
    now = time.monotonic()
    for name, asked, waiting in (("lately", 5, 0), ("once", 61, 0), ("waits", 61, 1)):
        bearer = Bearer(UUID(int=2), frozenset(), "c", int(time.time()) + 600)
        caller = Caller(ACTOR, Bucket(60, now), bearer=bearer)
        caller.until, caller.waiting = now - asked, waiting
        reader._callers[name.encode()] = caller
    asyncio.run(reader.renew())
    assert [name for name in (b"lately", b"once", b"waits") if reader.known(name)] == [b"lately", b"waits"]
    assert reader.known(b"waits").until > now, "its session was looked at again"


def test_the_request_memo_is_bounded_and_nothing_in_it_outlives_a_change() -> None:
    memo, now = RequestMemo(), time.monotonic()
    bearer = Bearer(UUID(int=2), frozenset(), "c", int(time.time()) + 600)
    signed, anonymous = (Caller(ACTOR, Bucket(60, now), bearer=each) for each in (bearer, None))
    repeat = CachePolicy(None, None, 60, nothing_new=False, count_each=False)

    def keep(path: str, caller: Caller, answer: CachedResponse) -> Any:
        asked = ("GET", path, b"", ((b"authorization", b"Bearer x"),))
        memo.store(asked, MemoizedReply(answer, caller, Counts()), now + 2)
        return memo.find(asked)

    small = CachedResponse(200, [], b"", repeat)
    assert keep("/large", signed, CachedResponse(200, [], b"x" * (memo.bound_bytes // 8), repeat)) is None
    assert keep("/" + "x" * MAX_BYTES, signed, small) is None, "nor what was asked at length"
    assert keep("/anonymous", anonymous, small) is None, "its address is not among the headers"
    sizes = []
    for n in range(2_500):
        assert keep(f"/{n}", signed, CachedResponse(200, [], b"x" * 8_000, repeat)).until == now + 2
        sizes.append(memo.size_bytes)
    assert memo.bound_bytes * 0.99 < max(sizes) <= memo.bound_bytes
    memo.clear()
    assert memo.size_bytes == 0

    page = CachedResponse(200, [], b"x" * 400_000, repeat)
    for n in range(100):
        assert keep(f"/{n}", signed, page) is not None
        assert keep(f"/{n}", signed, page) is not None
    assert 400_000 < memo.size_bytes < 600_000, "callers share it, and the same once more takes no more"


def test_a_worker_loads_nothing_that_it_does_not_use(installation: Installation) -> None:
    """Each worker would have it again: pydantic alone takes nine megabytes."""
    unused = {"PIL", "attr", "pydantic"}
    program = "import sys, api.app; api.app.create_app(); print(*{name.split('.')[0] for name in sys.modules})"
    reported = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | installation.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert unused & set(reported.stdout.split()) == set()
