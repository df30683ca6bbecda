"""The one wiring file: settings in, ASGI application out. Granian calls `create_app`."""

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

from adapters.clock import settle
from api import service
from api.cache.middleware import Shortcut
from api.callers.middleware import Access, Callers, Idempotency
from api.callers.operations import options_of
from api.content import materials as desk
from api.dependencies import DEPENDENCIES, Parts
from api.distribution import channels, deliveries, takedowns
from api.http.content_coding import Coding
from api.http.openapi import build_contract
from api.http.problems import answer_crash, answer_http, answer_refusal
from api.http.security import Edge
from api.identity import account, audit, authorize, clients, me, members, metadata, organizations, provider, sign_in
from api.identity import token_endpoint as tokens
from api.media import uploads
from domain.errors import Refusal
from runtime.settings import Settings, read_settings
from storage.postgres.idempotency import Answer

VERSION = "0.1.0"
ROUTES: list[Any] = [
    *service.ROUTES,
    *tokens.ROUTES,
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
    *channels.ROUTES,
    *deliveries.ROUTES,
    *desk.ROUTES,
    *uploads.ROUTES,
    *takedowns.ROUTES,
]
DESCRIPTION = (
    "Kho nội dung và điều phối cộng tác viên của đề án nâng cao nhận thức an ninh mạng cấp tỉnh · "
    "The content store and coordination point of a province's cyber-safety awareness programme."
)


class _Plain(Litestar):
    """Without what Litestar loads for pydantic and attrs where it finds them installed: no type of ours is theirs."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_litestar(parts: Parts) -> Litestar:
    """Wire routes, middleware and error answers around `parts`."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await parts.open()
        settle()
        try:
            yield
        finally:
            await parts.close()

    def callers(app: ASGIApp) -> ASGIApp:
        return _at_request(lambda: Callers(app, parts.tokens, trusted_proxy=parts.settings.trusted_proxy))

    def idempotency(app: ASGIApp) -> ASGIApp:
        return _at_request(lambda: Idempotency(app, parts.idempotency, parts.clock, Answer))

    app = _Plain(
        [*options_of(ROUTES), *ROUTES],
        dependencies=DEPENDENCIES,
        middleware=[callers, Access, idempotency],
        exception_handlers={Refusal: answer_refusal, HTTPException: answer_http, Exception: answer_crash},
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(title="Lan Tỏa", version=VERSION, description=DESCRIPTION, path="/_openapi"),
        logging_config=LoggingConfig(log_exceptions="never", configure_root_logger=False),
        request_max_body_size=None,
        experimental_features=list[ExperimentalFeatures](),
    )
    app.state.parts = parts
    app.state.openapi = build_contract(app)
    return app


def _at_request(make: Any) -> ASGIApp:
    """Build a middleware when the first request comes: its parts exist only after start-up."""
    made: list[ASGIApp] = []

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(make())
        await made[0](scope, receive, send)

    return middleware


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Give the whole application as it is served."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parts = Parts(settings or read_settings())
    app = Edge(Coding(create_litestar(parts)), parts.origins, parts.counts)
    if not parts.settings.shortcut:
        return app
    shortcut = Shortcut(app, parts, trusted_proxy=parts.settings.trusted_proxy)
    parts.watcher.tell(shortcut.changed)
    return shortcut
