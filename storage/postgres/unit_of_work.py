"""The unit of work on PostgreSQL: one transaction, rolled back unless the action says `commit`."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast
from uuid import UUID

import asyncpg
from sqlalchemy import PoolProxiedConnection, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.content.ports import Materials
from domain.coordination.ports import Activities, Assignments, CalendarFeeds, Campaigns, Coverages, Inbox, Rosters
from domain.distribution.ports import Channels, FeedEntries, Grants, Publications, Recipients, Takedowns
from domain.errors import KeyInUse
from domain.events import Event
from domain.identity.ports import (
    Assertions,
    AuthorizationCodes,
    Clients,
    Credentials,
    Devices,
    Invitations,
    Logins,
    Members,
    Organizations,
    RefreshTokens,
    Sessions,
    SigningKeys,
    Throttles,
)
from domain.media.ports import Assets, Uploads
from domain.outlets.ports import Bookings, Outlets, Placements, Slots
from domain.ports import Clock, Ids, Vocabularies
from domain.reactions import react
from domain.recurrence import RuleExpander
from storage.audit.trail import defer_audit_rows
from storage.content.materials import MaterialStore
from storage.coordination.activities import ActivityStore
from storage.coordination.assignments import AssignmentStore
from storage.coordination.calendar_feeds import CalendarFeedStore, RosterStore
from storage.coordination.campaigns import CampaignStore
from storage.coordination.coverages import CoverageStore
from storage.coordination.inbox import InboxStore
from storage.distribution.channels import ChannelStore
from storage.distribution.feed_entries import FeedEntryStore
from storage.distribution.grants import GrantStore
from storage.distribution.publications import PublicationStore
from storage.distribution.recipients import RecipientStore
from storage.distribution.takedowns import TakedownStore
from storage.identity.clients import ClientStore
from storage.identity.credentials import CredentialStore, LoginStore, ThrottleStore
from storage.identity.invitations import InvitationStore
from storage.identity.members import MemberStore
from storage.identity.oauth_grants import AuthorizationCodeStore, DeviceStore, RefreshTokenStore
from storage.identity.organizations import OrganizationStore
from storage.identity.sessions import AssertionStore, SessionStore
from storage.identity.signing_keys import SigningKeyStore
from storage.media.assets import AssetStore
from storage.media.uploads import UploadStore
from storage.outlets.bookings import BookingStore
from storage.outlets.outlets import OutletStore
from storage.outlets.placements import PlacementStore
from storage.outlets.slots import SlotStore
from storage.postgres.connections import translated
from storage.postgres.statements import Sql, Statement
from storage.postgres.vocabularies import VocabularyStore

_MARK = Statement(
    text("UPDATE idempotency SET committed = true WHERE actor = :actor AND key = :key AND NOT committed").bindparams(
        bindparam("actor", type_=Text), bindparam("key", type_=Text)
    )
)
CALENDAR = UUID("00000000-0000-7000-8000-ca1e2da70000")
"""Stands for all calendars among the channels that have moved (migration 0006 notifies with it)."""
ChangedChannels = frozenset[UUID] | None
"""The channels whose feeds have moved; None: anything may be different, also who may read what."""


class PostgresUnitOfWork:
    """Implements `domain.unit_of_work.UnitOfWork`. One object may be entered again and again, never twice at a time.

    The transaction begins with its first statement; deferred writes alone are one statement and need none.
    `idempotency` is the (actor, key) of a request that must not be done twice; it is marked in the same commit.
    `on_commit` is called with the channels that a commit has changed, so that this process reads its own writes.
    """

    vocabularies: Vocabularies
    organizations: Organizations
    members: Members
    invitations: Invitations
    clients: Clients
    credentials: Credentials
    logins: Logins
    sessions: Sessions
    authorization_codes: AuthorizationCodes
    refresh_tokens: RefreshTokens
    devices: Devices
    assertions: Assertions
    throttles: Throttles
    signing_keys: SigningKeys
    assets: Assets
    uploads: Uploads
    materials: Materials
    publications: Publications
    channels: Channels
    grants: Grants
    feed_entries: FeedEntries
    takedowns: Takedowns
    recipients: Recipients
    outlets: Outlets
    slots: Slots
    bookings: Bookings
    placements: Placements
    campaigns: Campaigns
    activities: Activities
    coverages: Coverages
    assignments: Assignments
    inbox: Inbox
    calendar_feeds: CalendarFeeds
    rosters: Rosters

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ids: Ids,
        expand_rule: RuleExpander,
        *,
        idempotency: tuple[str, str] | None = None,
        on_commit: Callable[[ChangedChannels], None] | None = None,
    ) -> None:
        self._engine = engine
        self.clock = clock
        self.ids = ids
        self.expand_rule = expand_rule
        self._idempotency = idempotency
        self._on_commit = on_commit
        self._pooled: PoolProxiedConnection | None = None
        self._entered = False
        self._events: list[Event] = []

    async def __aenter__(self) -> Self:
        assert not self._entered, "a unit of work is one transaction at a time"
        self._entered = True
        self._events = []
        self.sql = sql = Sql(self.connection)
        self.vocabularies = VocabularyStore(sql)
        self._enter_identity(sql)
        self.assets = AssetStore(sql)
        self.uploads = UploadStore(sql)
        self.materials = MaterialStore(sql)
        self.publications = publications = PublicationStore(sql)
        self.channels = ChannelStore(sql)
        self.grants = GrantStore(sql)
        self.feed_entries = self._feed_entries = FeedEntryStore(sql, publications)
        self.takedowns = TakedownStore(sql)
        self.recipients = RecipientStore(sql)
        self._enter_coordination(sql)
        return self

    def _enter_identity(self, sql: Sql) -> None:
        self.organizations = OrganizationStore(sql)
        self.members = MemberStore(sql)
        self.invitations = InvitationStore(sql)
        self.clients = ClientStore(sql)
        self.credentials = CredentialStore(sql)
        self.logins = LoginStore(sql)
        self.sessions = SessionStore(sql)
        self.authorization_codes = AuthorizationCodeStore(sql)
        self.refresh_tokens = RefreshTokenStore(sql)
        self.devices = DeviceStore(sql)
        self.assertions = AssertionStore(sql)
        self.throttles = ThrottleStore(sql)
        self.signing_keys = SigningKeyStore(sql)

    def _enter_coordination(self, sql: Sql) -> None:
        self.outlets = OutletStore(sql)
        self.slots = SlotStore(sql)
        self.bookings = BookingStore(sql)
        self.placements = PlacementStore(sql)
        self.campaigns = CampaignStore(sql)
        self.activities = ActivityStore(sql)
        self.coverages = CoverageStore(sql)
        self.assignments = AssignmentStore(sql)
        self.inbox = self._inbox = InboxStore(sql)
        self.calendar_feeds = CalendarFeedStore(sql)
        self.rosters = RosterStore(sql)

    async def connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        """The driver's connection, in the transaction."""
        assert self._entered, "enter the unit of work first"
        if self._pooled is None:
            await self._acquire()
            await self._begin()
        return self._driver

    @property
    def _driver(self) -> "asyncpg.Connection[asyncpg.Record]":
        driver: asyncpg.Connection[asyncpg.Record] = cast("Any", cast("Any", self._pooled).driver_connection)
        return driver

    async def _acquire(self) -> None:
        self._pooled = await self._engine.raw_connection()

    async def _begin(self) -> None:
        try:
            await self._driver.execute("BEGIN")
        except BaseException:
            # The driver may take a connection for open that the server has closed.
            cast("PoolProxiedConnection", self._pooled).invalidate()
            self._pooled = None
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        with translated():
            try:
                if self._pooled is not None and not self._driver.is_closed() and self._driver.is_in_transaction():
                    await self._driver.execute("ROLLBACK")
            finally:
                self._release()
                if error is not None:
                    raise error  # lets `translated` see driver errors that were raised inside the block

    def _release(self) -> None:
        """Give the connection back; one that is lost or in an unknown state is closed."""
        pooled = self._pooled
        if pooled is None:
            return
        if self._driver.is_closed() or self._driver.is_in_transaction():
            pooled.invalidate()
        pooled.close()
        self._pooled = None

    def record(self, event: Event) -> None:
        self._events.append(event)

    async def commit(self, *events: Event) -> None:
        self._events.extend(events)
        with translated():
            committed = await self._react()
            defer_audit_rows(self.sql, self.clock.now(), committed)
            await self._mark_done()
            await self._inbox.place()
            moved = await self._feed_entries.defer_placing()
            await self._write(self.sql.take_deferred())
            self._idempotency = None
        if self._on_commit is None:
            return
        if any(event.changes_access for event in committed):
            self._on_commit(None)
        elif moved or any(event.changes_calendar for event in committed):
            self._on_commit(moved | {CALENDAR})

    async def _mark_done(self) -> None:
        """Mark the request's key in its first commit. KeyInUse when another request with this key was faster."""
        if self._idempotency is None:
            return
        actor, key = self._idempotency
        if await self.sql.run(_MARK, actor=actor, key=key) != 1:
            raise KeyInUse

    async def _react(self) -> list[Event]:
        """Run the reactions to all events, and to those that reactions record; gives every event in its order."""
        done: list[Event] = []
        while self._events:
            recorded, self._events = self._events, []
            await react(self, recorded)
            done += recorded
        return done

    async def _write(self, deferred: tuple[str, list[object]] | None) -> None:
        """Send the deferred writes as the last statement, then COMMIT where a transaction was begun."""
        if self._pooled is None:
            if deferred is None:
                return
            await self._acquire()
            await self._driver.execute(deferred[0], *deferred[1])
            return
        if deferred is not None:
            await self._driver.execute(deferred[0], *deferred[1])
        await self._driver.execute("COMMIT")
