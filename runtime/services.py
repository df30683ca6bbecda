"""Composition: the one place that constructs the parts for API, worker, command line and tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.access_tokens import TOKEN_SECONDS, mint
from adapters.clock import SystemClock
from adapters.encryption import SecretKeyEncryption
from adapters.ids import SystemIds
from adapters.key_ring import KeyRing
from adapters.markup import SafeMarkup
from adapters.one_time_codes import TotpCodes
from adapters.passwords import Argon2Passwords
from adapters.probe import probe
from adapters.recurrence import expand_rule
from domain.distribution.actions.publications import Publisher
from domain.identity.actions import signing_keys
from domain.identity.actions.sign_in import Authenticator
from runtime.settings import BadSetting, Settings
from storage.audit.lists import AuditLists
from storage.content.lists import MaterialLists
from storage.coordination.calendar import CalendarReader
from storage.coordination.lists import ActivityLists, AssignmentLists, CalendarFeedLists, CampaignLists, InboxReader
from storage.coordination.overview import OverviewReader
from storage.distribution.digest import DigestReader
from storage.distribution.feed import FeedReader
from storage.distribution.ledger import Ledger
from storage.distribution.lists import TakedownLists
from storage.distribution.published import PublishedReader
from storage.identity.callers import CallerReader
from storage.identity.lists import ClientLists, MemberLists, OrganizationLists
from storage.media.addresses import MediaAddresses
from storage.media.assets import AssetReader
from storage.objects.store import ObjectStore
from storage.outlets.lists import BookingLists, OutletLists, PlacementLists
from storage.postgres.connections import PREPARED_STATEMENTS, WORKER, make_engine, make_pool, reading
from storage.postgres.idempotency import IdempotencyStore
from storage.postgres.listener import FeedListener
from storage.postgres.schema import check_schema
from storage.postgres.unit_of_work import ChangedChannels, PostgresUnitOfWork
from storage.postgres.vocabularies import VocabularyReader

if TYPE_CHECKING:
    from adapters.oidc_provider import ProviderClient


class Process(NamedTuple):
    """A kind of process: its name in pg_stat_activity, and its numbers of connections."""

    name: str
    engine_size: int
    pool_size: int


API = Process("lantoa", 8, 10)
WORKER_PROCESS = Process(WORKER, 2, 2)
COMMAND = Process("lantoa-command", 2, 2)


class Services:
    """The parts that every process has. Filled by `open`, emptied by `close`."""

    engine: AsyncEngine
    pool: asyncpg.Pool
    objects: ObjectStore
    organization_lists: OrganizationLists
    client_lists: ClientLists
    idempotency: IdempotencyStore

    def __init__(self, settings: Settings, process: Process = COMMAND) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.encryption = SecretKeyEncryption(settings.secret_key)
        self.key_ring = KeyRing(self.encryption, self.clock)
        self.one_time_codes = TotpCodes()
        self.markup = SafeMarkup()
        self.authenticator = Authenticator(Argon2Passwords(), self.one_time_codes, self.encryption)
        self._process = process
        self._on_commit: Callable[[ChangedChannels], None] | None = None

    async def open(self) -> None:
        """Connect, refuse an old schema."""
        await self.connect()
        await self.check_schema()

    async def connect(self) -> None:
        """Make engine, pool and object store. Connections are opened when they are needed."""
        database, process = self.settings.database_url, self._process
        self.engine = make_engine(database, size=process.engine_size, name=process.name)
        self.pool = await make_pool(database, size=process.pool_size, name=process.name)
        self.objects = ObjectStore(self.settings.object_store, probe)
        self.organization_lists = OrganizationLists(self.pool)
        self.client_lists = ClientLists(self.pool)
        self.idempotency = IdempotencyStore(self.pool)

    async def check_schema(self) -> None:
        """Raise OldSchema unless the database is at the schema of this program."""
        await check_schema(self.engine)

    async def check_database(self) -> None:
        """Raise Unavailable unless the database answers within 1.5 s."""
        async with reading(self.pool) as connection:
            await connection.fetchval("SELECT 1", timeout=1.5)

    async def close(self) -> None:
        await self.pool.close()
        await self.engine.dispose()

    def work(self, idempotency: tuple[str, str] | None = None) -> PostgresUnitOfWork:
        """A fresh unit of work."""
        return PostgresUnitOfWork(
            self.engine, self.clock, self.ids, expand_rule, idempotency=idempotency, on_commit=self._on_commit
        )

    async def load_keys(self) -> KeyRing:
        """Give the key ring, ready to sign; makes missing keys. Called again, it picks up rotations."""
        keys = await signing_keys.ensure(self.work(), self.key_ring)
        try:
            self.key_ring.load(keys)
        except ValueError as error:
            raise BadSetting("LANTOA_SECRET_KEY is not the key that this database was made with") from error
        return self.key_ring

    @cached_property
    def publisher(self) -> Publisher:
        """Needs loaded keys."""
        return Publisher(self.markup, self.key_ring)

    def mint(
        self,
        subject: str,
        session_id: UUID,
        client_id: str,
        organization_id: UUID,
        scope: str,
        lifetime: timedelta = timedelta(seconds=TOKEN_SECONDS),
    ) -> str:
        """Sign an access token for a session that was just opened. Needs loaded keys."""
        return mint(
            self.key_ring,
            issuer=self.settings.public_url,
            session_id=session_id,
            client_id=client_id,
            subject=subject,
            organization=str(organization_id),
            scope=scope,
            now=self.clock.now(),
            seconds=int(lifetime.total_seconds()),
        )


class ApiServices(Services):
    """The parts of one API process beside those of every process."""

    prepared_pool: asyncpg.Pool
    feed: FeedReader
    digests: DigestReader
    published: PublishedReader
    assets: AssetReader
    material_lists: MaterialLists
    takedown_lists: TakedownLists
    member_lists: MemberLists
    audit_lists: AuditLists
    vocabularies: VocabularyReader
    callers: CallerReader
    ledger: Ledger
    addresses: MediaAddresses
    outlet_lists: OutletLists
    booking_lists: BookingLists
    placement_lists: PlacementLists
    campaign_lists: CampaignLists
    activity_lists: ActivityLists
    assignment_lists: AssignmentLists
    calendar_feed_lists: CalendarFeedLists
    inbox_reader: InboxReader
    calendar: CalendarReader
    overview: OverviewReader

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, API)
        self.provider: ProviderClient | None = None
        self.listener = FeedListener(settings.database_url)
        self._on_commit = self.listener.notify

    async def open(self) -> None:
        """Connect, load the keys, start listening."""
        await super().open()
        settings = self.settings
        self.prepared_pool = await make_pool(settings.database_url, name=API.name, settings=PREPARED_STATEMENTS)
        self.addresses = MediaAddresses(self.objects, settings.media_address_seconds)
        if settings.provider:
            from adapters.oidc_provider import ProviderClient  # noqa: PLC0415 -- loads an HTTP client that few need

            callback = f"{settings.public_url}/oauth/provider/callback"
            self.provider = ProviderClient(settings.provider, callback)
        await self.load_keys()
        self._open_readers()
        self.ledger = Ledger(self.pool, self.clock)
        await self.ledger.start()
        await self.listener.start(self.pool)

    def _open_readers(self) -> None:
        self.feed = FeedReader(self.prepared_pool)
        self.digests = DigestReader(self.prepared_pool)
        self.published = PublishedReader(self.prepared_pool)
        self.assets = AssetReader(self.pool)
        self.material_lists = MaterialLists(self.pool)
        self.takedown_lists = TakedownLists(self.pool)
        self.member_lists = MemberLists(self.pool)
        self.audit_lists = AuditLists(self.pool)
        self.vocabularies = VocabularyReader(self.pool)
        self.callers = CallerReader(self.pool, self.clock)
        self.outlet_lists = OutletLists(self.pool)
        self.booking_lists = BookingLists(self.pool)
        self.placement_lists = PlacementLists(self.pool)
        self.campaign_lists = CampaignLists(self.pool)
        self.activity_lists = ActivityLists(self.pool)
        self.assignment_lists = AssignmentLists(self.pool)
        self.calendar_feed_lists = CalendarFeedLists(self.pool)
        self.inbox_reader = InboxReader(self.pool)
        self.calendar = CalendarReader(self.pool)
        self.overview = OverviewReader(self.pool)

    async def close(self) -> None:
        await self.listener.stop()
        await self.ledger.stop()
        await self.prepared_pool.close()
        await super().close()

    async def check_ready(self) -> None:
        """Raise Unavailable unless the database and the object store answer."""
        await self.check_database()
        await self.objects.ready()


@asynccontextmanager
async def open_services(settings: Settings, process: Process = COMMAND) -> AsyncIterator[Services]:
    """The services of a process for as long as the block runs."""
    services = Services(settings, process)
    await services.connect()
    try:
        await services.check_schema()
        yield services
    finally:
        await services.close()


async def prepare(settings: Settings) -> str:
    """Bring the database to the newest schema and make the bucket. Gives the schema's revision."""
    from storage.postgres.migrate import migrate  # noqa: PLC0415 -- loads Alembic, which servers do not need

    engine = make_engine(settings.database_url, size=2)
    try:
        revision = await migrate(engine)
    finally:
        await engine.dispose()
    await ObjectStore(settings.object_store, probe).ensure_bucket()
    return revision


async def check_objects(settings: Settings) -> None:
    """Raise Unavailable unless the bucket answers."""
    await ObjectStore(settings.object_store, probe).ready()
