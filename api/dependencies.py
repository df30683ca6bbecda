"""The running parts, and how a route gets at them. With `app.py` the only place in `api` that knows storage."""

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import asyncpg
from litestar import Request
from litestar.di import Dependency, Provide
from litestar.params import SkipValidationMarker
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.access_tokens import TOKEN_SECONDS, mint
from adapters.clock import SystemClock, SystemIds
from adapters.encryption import box, unbox
from adapters.markup import SafeMarkup
from adapters.passwords import password_matches
from api.cache.memo import Replies
from api.cache.responses import Memory
from api.callers.tokens import RENEW_SECONDS, TokenReader
from api.http.metrics import Cache, Counts, Metrics
from api.http.metrics import wanted as metrics_wanted
from api.http.rate_limits import RateLimiter
from api.identity.browser import Browser
from api.oauth.client_credentials import Everyday
from api.oauth.server import Server
from api.oauth.transaction import Transaction
from domain.actor import Actor
from domain.distribution.actions.publications import Press
from domain.errors import Unauthenticated, Unavailable
from domain.ports import UnitOfWork
from runtime.settings import BadSetting, Settings
from storage.content.lists import DeskReader
from storage.distribution.digest import DigestReader
from storage.distribution.feed import FeedReader
from storage.distribution.ledger import Ledger
from storage.distribution.published import DeliveryReader
from storage.identity.accounts import Accounts
from storage.identity.lists import DirectoryReader
from storage.identity.oauth import OAuthStore
from storage.identity.signing_keys import REFRESH_SECONDS, KeyRing, load_keys
from storage.media.addresses import MediaAddresses
from storage.objects.store import ObjectStore
from storage.postgres.connections import STEADY, make_engine, make_pool, reading
from storage.postgres.idempotency import IdempotencyStore
from storage.postgres.listener import FeedWatcher
from storage.postgres.schema import check_schema
from storage.postgres.unit_of_work import Work

if TYPE_CHECKING:
    from adapters.oidc_provider import ProviderClient


class Parts:
    """Everything one API process holds; filled by `open`, emptied by `close`."""

    engine: AsyncEngine
    pool: asyncpg.Pool
    steady: asyncpg.Pool
    objects: ObjectStore
    media: MediaAddresses
    keys: KeyRing
    tokens: TokenReader
    oauth: OAuthStore
    everyday: Everyday
    accounts: Accounts
    idempotency: IdempotencyStore
    feed: FeedReader
    digests: DigestReader
    delivery: DeliveryReader
    desk: DeskReader
    directory: DirectoryReader
    ledger: Ledger
    press: Press

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.provider: ProviderClient | None = None
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.limiter = RateLimiter(settings.rate_limit, settings.rate_limit_anonymous)
        self.watcher = FeedWatcher(settings.database_url)
        self.counts = Counts()
        self.answers = Memory(settings.cache_bytes)
        self.replies = Replies()

    async def open(self) -> None:
        """Connect, refuse an old schema, load the keys, start listening."""
        settings = self.settings
        self.engine = make_engine(settings.database_url)
        await check_schema(self.engine)
        self.pool = await make_pool(settings.database_url)
        self.steady = await make_pool(settings.database_url, settings=STEADY)
        self.objects = ObjectStore(settings)
        self.media = MediaAddresses(self.objects)
        if settings.provider:
            from adapters.oidc_provider import ProviderClient  # noqa: PLC0415 -- brings an HTTP client that few need

            callback = f"{settings.public_url}/oauth/provider/callback"
            self.provider = ProviderClient(settings.provider, callback)
        self.keys = await load_keys(self.engine, settings.secret_key, self.clock)
        self.oauth = OAuthStore(self.engine, self.pool, self.clock.now, self.ids.new)
        self.everyday = Everyday(self.oauth, self.mint, self.token_seconds)
        self.accounts = Accounts(self.engine, settings.secret_key, self.clock.now)
        self.tokens = TokenReader(self.keys, self.oauth, self.clock, self.limiter, issuer=settings.public_url)
        self.idempotency = IdempotencyStore(self.pool)
        self.feed = FeedReader(self.steady)
        self.digests = DigestReader(self.steady)
        self.delivery = DeliveryReader(self.steady)
        self.desk = DeskReader(self.pool)
        self.directory = DirectoryReader(self.pool)
        self.press = Press(SafeMarkup(), self.keys)
        self.ledger = Ledger(self.pool, self.clock)
        await self.ledger.start()
        await self.watcher.start(self.pool)
        keepers = ((REFRESH_SECONDS, self.keys.refresh), (RENEW_SECONDS, self.tokens.renew))
        self._keeping = [asyncio.create_task(_again_and_again(*each)) for each in keepers]
        if metrics_wanted():
            caches: dict[str, Cache] = {
                "answers": self.answers,
                "replies": self.replies,
                "tokens": self.tokens,
                "limits": self.limiter,
                "media": self.media,
            }
            self._keeping.append(asyncio.create_task(Metrics(self.counts, caches).run()))

    async def close(self) -> None:
        for task in self._keeping:
            task.cancel()
        await self.watcher.stop()
        await self.ledger.stop()
        await self.steady.close()
        await self.pool.close()
        await self.engine.dispose()

    async def origins(self) -> frozenset[str]:
        """The web origins of registered apps."""
        return await self.oauth.origins()

    async def ready(self) -> None:
        """Raise Unavailable unless the database and the object store answer."""
        async with reading(self.pool) as connection:
            await connection.fetchval("SELECT 1", timeout=1.5)
        await self.objects.ready()

    token_seconds = TOKEN_SECONDS

    password_matches = staticmethod(password_matches)

    def browser(self, request: Request[Any, Any, Any]) -> Browser:
        """See a request as one of a person's browser."""
        return Browser(
            request=request,
            secret=hmac.new(self.settings.secret_key, b"csrf", "sha256").digest(),
            secure=self.settings.public_url.startswith("https:"),
            trusted_proxy=self.settings.trusted_proxy,
        )

    def seal(self, name: str, plain: bytes) -> bytes:
        """Encrypt what a browser keeps for us; `name` says whose it is."""
        return box(self.settings.secret_key, name, plain)

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Decrypt it, or raise ValueError."""
        try:
            return unbox(self.settings.secret_key, name, sealed)
        except BadSetting as error:
            raise ValueError(name) from error

    def oauth_server(self, transaction: Transaction) -> Server:
        return Server(transaction, self.tokens, self.mint, self.token_seconds)

    def mint(self, subject: str, session_id: UUID, client_id: str, organization_id: UUID, scope: str) -> str:
        """Sign an access token for a session that was just opened."""
        return mint(
            self.keys,
            issuer=self.settings.public_url,
            session_id=session_id,
            client_id=client_id,
            subject=subject,
            organization=str(organization_id),
            scope=scope,
            now=self.clock.now(),
        )

    def work(self, idempotency: tuple[str, str] | None = None) -> UnitOfWork:
        return Work(self.engine, self.clock, self.ids, idempotency=idempotency, told=self.watcher.changed)


async def _again_and_again(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(Unavailable):
            await work()


def _parts(request: Request[Any, Any, Any]) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _work(request: Request[Any, Any, Any]) -> UnitOfWork:
    return _parts(request).work(request.scope["state"].get("idempotency"))


def _caller(request: Request[Any, Any, Any]) -> Actor | None:
    actor: Actor | None = request.scope["state"].get("actor")
    return actor


def read_by(request: Request[Any, Any, Any]) -> tuple[Parts, Actor | None]:
    """`parts` and `caller` for what everybody reads all day: Litestar makes a task for each dependency of a handler."""
    return _parts(request), _caller(request)


def written_by(request: Request[Any, Any, Any]) -> tuple[Parts, UnitOfWork, Actor]:
    """`parts`, `work` and `actor`, for the verbs, in the same way."""
    return _parts(request), _work(request), _actor(request)


def _actor(request: Request[Any, Any, Any]) -> Actor:
    actor = _caller(request)
    if actor is None:
        raise Unauthenticated
    return actor


DEPENDENCIES = {
    "parts": Provide(_parts, sync_to_thread=False),
    "work": Provide(_work, sync_to_thread=False),
    "caller": Provide(_caller, sync_to_thread=False),
    "actor": Provide(_actor, sync_to_thread=False),
}
"""`parts`, `work` (a fresh unit of work), `caller` (None: anonymous), `actor` (401 when anonymous)."""

Unit = Annotated[UnitOfWork, SkipValidationMarker(), Dependency(kind="named")]
"""A unit of work as a handler's dependency; a protocol cannot be checked at run time, and need not be."""
