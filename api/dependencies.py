"""What routes depend on: each handler names the services that it uses."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from litestar import Request
from litestar.di import Dependency, Provide
from litestar.params import SkipValidationMarker

from adapters.access_tokens import TOKEN_SECONDS
from api.cache.calendars import RenderedCalendars
from api.cache.memo import RequestMemo
from api.cache.responses import ResponseCache
from api.callers.tokens import RENEW_SECONDS, Caller, TokenReader
from api.http.metrics import Cache, Counts, Metrics, metrics_wanted
from api.http.rate_limits import RateLimiter
from api.oauth.client_credentials import ClientCredentialsFastPath
from api.oauth.server import OAuthRunner
from domain.actor import Actor
from domain.errors import Unauthenticated, Unavailable
from domain.read_access import ReadAccess
from domain.unit_of_work import UnitOfWork
from runtime.services import ApiServices
from runtime.settings import Settings
from storage.postgres.listener import FeedListener

KEYS_SECONDS = 5.0
"""How often signing keys are read again: a rotation reaches every process within."""
AnyRequest = Request[Any, Any, Any]


class ApiContext:
    """The services of one API process, and what only the API has: callers, rate limits, caches, metrics."""

    tokens: TokenReader
    oauth: OAuthRunner
    fast_path: ClientCredentialsFastPath

    def __init__(self, settings: Settings) -> None:
        self.services = ApiServices(settings)
        self.limiter = RateLimiter(settings.rate_limit, settings.rate_limit_anonymous)
        self.counts = Counts()
        self.responses = ResponseCache(settings.cache_bytes if settings.response_cache else 0)
        self.memo = RequestMemo()
        self.rendered_calendars = RenderedCalendars()
        self._background_tasks: list[asyncio.Task[None]] = []

    @property
    def listener(self) -> FeedListener:
        return self.services.listener

    async def open(self) -> None:
        services = self.services
        await services.open()
        issuer = services.settings.public_url
        self.tokens = TokenReader(services.key_ring, services.callers, services.clock, self.limiter, issuer=issuer)
        self.oauth = OAuthRunner(self.tokens, services.mint, TOKEN_SECONDS)
        self.fast_path = ClientCredentialsFastPath(services.callers.find_client, services.mint, TOKEN_SECONDS)
        periodic: list[tuple[float, Callable[[], Awaitable[object]]]] = [
            (KEYS_SECONDS, services.load_keys),
            (RENEW_SECONDS, self.tokens.renew),
        ]
        self._background_tasks = [asyncio.create_task(_run_periodically(*each)) for each in periodic]
        if metrics_wanted():
            caches: dict[str, Cache] = {
                "responses": self.responses,
                "memo": self.memo,
                "tokens": self.tokens,
                "limits": self.limiter,
                "media": services.addresses,
                "calendars": self.rendered_calendars,
            }
            self._background_tasks.append(asyncio.create_task(Metrics(self.counts, caches).run()))

    async def origins(self) -> frozenset[str]:
        """The web origins of registered apps."""
        return await self.services.callers.origins()

    async def close(self) -> None:
        for task in self._background_tasks:
            task.cancel()
        await self.services.close()


async def _run_periodically(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(Unavailable):
            await work()


def context_of(request: AnyRequest) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


def services_of(request: AnyRequest) -> ApiServices:
    """All services, for the routes that are called most: Litestar makes a task for each dependency of a handler."""
    return context_of(request).services


def caller_of(request: AnyRequest) -> Caller:
    """The caller with its read access, set by the caller middleware."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def work_of(request: AnyRequest) -> UnitOfWork:
    """A fresh unit of work; with an Idempotency-Key its commit marks the key."""
    return services_of(request).work(request.scope["state"].get("idempotency"))


def actor_of(request: AnyRequest) -> Actor:
    """The actor, or Unauthenticated for an anonymous caller."""
    actor: Actor | None = request.scope["state"].get("actor")
    if actor is None:
        raise Unauthenticated
    return actor


def _access(request: AnyRequest) -> ReadAccess:
    return caller_of(request).access


def _service(name: str) -> Provide:
    def provide(request: AnyRequest) -> Any:
        return getattr(services_of(request), name)

    return Provide(provide, sync_to_thread=False)


def _from_context(name: str) -> Provide:
    def provide(request: AnyRequest) -> Any:
        return getattr(context_of(request), name)

    return Provide(provide, sync_to_thread=False)


_SERVICES = (
    "activity_lists",
    "addresses",
    "assets",
    "assignment_lists",
    "audit_lists",
    "authenticator",
    "booking_lists",
    "calendar",
    "calendar_feed_lists",
    "campaign_lists",
    "client_lists",
    "clock",
    "digests",
    "encryption",
    "feed",
    "inbox_reader",
    "key_ring",
    "material_lists",
    "member_lists",
    "objects",
    "one_time_codes",
    "organization_lists",
    "outlet_lists",
    "overview",
    "placement_lists",
    "provider",
    "publisher",
    "published",
    "settings",
    "takedown_lists",
    "vocabularies",
)
DEPENDENCIES = {
    "work": Provide(work_of, sync_to_thread=False),
    "access": Provide(_access, sync_to_thread=False),
    "actor": Provide(actor_of, sync_to_thread=False),
    "oauth": _from_context("oauth"),
    "fast_path": _from_context("fast_path"),
    **{name: _service(name) for name in _SERVICES},
}
"""`work`: a fresh unit of work. `access`: what the caller may read. `actor`: 401 when anonymous. Else services."""

Unit = Annotated[UnitOfWork, SkipValidationMarker(), Dependency(kind="named")]
"""A unit of work as a handler's dependency; a protocol cannot be checked at run time."""
