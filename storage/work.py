"""The unit of work: one transaction, rolled back unless somebody says `commit`."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.change import Entry
from domain.ports import Assets, Channels, Clock, Event, Ids, Materials, Organizations, Takedowns, Uploads
from storage.assets import AssetStore, UploadStore
from storage.channels import ChannelStore
from storage.database import translated
from storage.materials import MaterialStore
from storage.organizations import OrganizationStore
from storage.tables import audit
from storage.takedowns import TakedownStore

FEED_LOCK = 3250
"""The advisory lock that puts feed entries in commit order. Held for one WAL flush."""
FEED_NOTIFY = "feed"

_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_PLACE = text("""
INSERT INTO entries (channel_id, material_id, seq, first_seq, version, changed_at, reason, note)
SELECT t.channel_id, t.material_id, t.seq, t.seq, t.version, t.changed_at, t.reason, t.note
  FROM (SELECT u.*, nextval('feed_seq') AS seq
          FROM unnest(CAST(:channels AS uuid[]), CAST(:materials AS uuid[]), CAST(:versions AS int[]),
                      CAST(:times AS timestamptz[]), CAST(:reasons AS text[]), CAST(:notes AS text[]))
               AS u (channel_id, material_id, version, changed_at, reason, note)) AS t
    ON CONFLICT (channel_id, material_id) DO UPDATE
   SET seq = EXCLUDED.seq, version = EXCLUDED.version, changed_at = EXCLUDED.changed_at,
       reason = EXCLUDED.reason, note = EXCLUDED.note
""")
_NOTIFY = text("SELECT pg_notify(:name, :payload)")
_MARK = text("UPDATE idempotency SET committed = true WHERE actor = :actor AND key = :key")


class Work:
    """Implements `domain.ports.UnitOfWork`. One object may be entered again and again, never twice at a time.

    `idempotency` is the (actor, key) of a request that must not be done twice; it is marked in the same commit.
    """

    materials: Materials
    channels: Channels
    takedowns: Takedowns
    organizations: Organizations
    assets: Assets
    uploads: Uploads

    def __init__(
        self, engine: AsyncEngine, clock: Clock, ids: Ids, *, idempotency: tuple[str, str] | None = None
    ) -> None:
        self._engine = engine
        self.clock = clock
        self.ids = ids
        self._idempotency = idempotency
        self._connection: AsyncConnection | None = None
        self._entries: list[Entry] = []

    @property
    def connection(self) -> AsyncConnection:
        assert self._connection is not None, "enter the unit of work first"
        return self._connection

    async def __aenter__(self) -> Self:
        assert self._connection is None, "a unit of work is one transaction at a time"
        with translated():
            self._connection = connection = await self._engine.connect()
        self._entries = []
        self.materials = MaterialStore(connection)
        self.channels = ChannelStore(connection)
        self.takedowns = TakedownStore(connection)
        self.organizations = OrganizationStore(connection)
        self.assets = AssetStore(connection)
        self.uploads = UploadStore(connection)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self.connection, None
        with translated():
            try:
                if error is not None:
                    raise error  # lets `translated` see driver errors that were raised inside the block
            finally:
                await connection.close()

    def publish(self, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)

    async def commit(self, event: Event) -> None:
        with translated():
            await self.connection.execute(
                insert(audit).values(
                    at=self.clock.now(),
                    actor=event.actor,
                    verb=event.verb,
                    thing=event.thing,
                    detail=event.detail,
                )
            )
            if self._idempotency:
                actor, key = self._idempotency
                await self.connection.execute(_MARK, {"actor": actor, "key": key})
            if self._entries:
                await self._place_entries()
            await self.connection.commit()

    async def _place_entries(self) -> None:
        """The last statements of the transaction: lock, insert, notify (sync.md, "Order without losing rows")."""
        entries, self._entries = self._entries, []
        await self.connection.execute(_LOCK, {"lock": FEED_LOCK})
        await self.connection.execute(
            _PLACE,
            {
                "channels": [e.channel_id for e in entries],
                "materials": [e.material_id for e in entries],
                "versions": [e.version for e in entries],
                "times": [e.changed_at for e in entries],
                "reasons": [e.reason for e in entries],
                "notes": [e.note for e in entries],
            },
        )
        told = ",".join(sorted({str(e.channel_id) for e in entries}))
        await self.connection.execute(_NOTIFY, {"name": FEED_NOTIFY, "payload": told})
