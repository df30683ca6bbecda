"""Wiring of the API: settings in, ASGI application out. Granian calls `create_app`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.config.app import ExperimentalFeatures
from litestar.exceptions import HTTPException
from litestar.logging import LoggingConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from api import service
from api.cache.middleware import ResponseCacheMiddleware
from api.callers.middleware import CallerMiddleware, IdempotencyMiddleware, PermissionCheck
from api.callers.operations import options_of
from api.content import materials, vocabularies
from api.coordination import (
    activities,
    assignments,
    calendar,
    calendar_feeds,
    calendar_imports,
    campaigns,
    coverages,
    inbox,
    overview,
)
from api.dependencies import DEPENDENCIES, ApiContext
from api.distribution import channels, publications, takedowns
from api.distribution import materials as delivery
from api.http.content_coding import ContentCoding
from api.http.openapi import build_contract
from api.http.problems import answer_crash, answer_http, answer_refusal
from api.http.security import OuterMiddleware
from api.identity import (
    account,
    audit,
    authorize,
    clients,
    me,
    members,
    metadata,
    organizations,
    provider,
    sign_in,
    token_endpoint,
)
from api.media import assets, uploads
from api.outlets import bookings, outlets, placements, schedule
from domain.errors import Refusal
from runtime.memory import freeze_startup_objects
from runtime.settings import Settings, read_settings
from storage.postgres.idempotency import StoredResponse

VERSION = "0.2.0"
ROUTES: list[Any] = [
    *service.ROUTES,
    *token_endpoint.ROUTES,
    *metadata.ROUTES,
    *sign_in.ROUTES,
    *provider.ROUTES,
    *authorize.ROUTES,
    *account.ROUTES,
    *me.ROUTES,
    *organizations.ROUTES,
    *members.ROUTES,
    *clients.ROUTES,
    *audit.ROUTES,
    *uploads.ROUTES,
    *assets.ROUTES,
    *vocabularies.ROUTES,
    *materials.ROUTES,
    *publications.ROUTES,
    *channels.ROUTES,
    *delivery.ROUTES,
    *takedowns.ROUTES,
    *outlets.ROUTES,
    *bookings.ROUTES,
    *placements.ROUTES,
    *schedule.ROUTES,
    *campaigns.ROUTES,
    *activities.ROUTES,
    *coverages.ROUTES,
    *assignments.ROUTES,
    *inbox.ROUTES,
    *calendar.ROUTES,
    *calendar_feeds.ROUTES,
    *calendar_imports.ROUTES,
    *overview.ROUTES,
]


class _LeanLitestar(Litestar):
    """Without the plugins that Litestar loads where pydantic or attrs are installed: no type of ours is theirs."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_litestar(context: ApiContext) -> Litestar:
    """Wire routes, middleware and error responses around `context`."""
    services = context.services

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await context.open()
        freeze_startup_objects()
        try:
            yield
        finally:
            await context.close()

    def callers(app: ASGIApp) -> ASGIApp:
        trusted_proxy = services.settings.trusted_proxy
        return _made_at_first_request(lambda: CallerMiddleware(app, context.tokens, trusted_proxy=trusted_proxy))

    def idempotency(app: ASGIApp) -> ASGIApp:
        return _made_at_first_request(
            lambda: IdempotencyMiddleware(app, services.idempotency, services.clock, StoredResponse)
        )

    app = _LeanLitestar(
        [*options_of(ROUTES), *ROUTES],
        dependencies=DEPENDENCIES,
        middleware=[callers, PermissionCheck, idempotency],
        exception_handlers={Refusal: answer_refusal, HTTPException: answer_http, Exception: answer_crash},
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(
            title="Lan Tỏa",
            version=VERSION,
            path="/_openapi",
            use_handler_docstrings=True,
        ),
        logging_config=LoggingConfig(log_exceptions="never", configure_root_logger=False),
        request_max_body_size=None,
        experimental_features=list[ExperimentalFeatures](),
    )
    app.state.context = context
    app.state.openapi = build_contract(app, context.services.settings.contact)
    return app


def _made_at_first_request(make: Any) -> ASGIApp:
    """Make a middleware when the first request comes: its services exist only after start-up."""
    made: list[ASGIApp] = []

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(make())
        await made[0](scope, receive, send)

    return middleware


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Give the whole application as it is served."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    context = ApiContext(settings or read_settings())
    inner = OuterMiddleware(ContentCoding(create_litestar(context)), context.origins, context.counts)
    cached = ResponseCacheMiddleware(inner, context, trusted_proxy=context.services.settings.trusted_proxy)
    context.listener.subscribe(cached.invalidate)
    return cached
