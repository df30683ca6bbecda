"""The unit of work: one transaction, rolled back unless somebody says `commit`."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, Uuid, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.change import Entry
from domain.ports import Assets, Channels, Clock, Event, Ids, Materials, Organizations, Takedowns, Uploads
from storage.assets import AssetStore, UploadStore
from storage.channels import ChannelStore
from storage.database import translated
from storage.lines import Line, tail_of
from storage.materials import MaterialStore
from storage.organizations import OrganizationStore
from storage.tables import Instant, audit
from storage.takedowns import TakedownStore

FEED_LOCK = 3250
"""The advisory lock that puts feed entries in commit order, taken in `place_entries` (migration 0003)."""
FEED_NOTIFY = "feed"

_SEALS = text("""
SELECT d.material_id, d.version, d.sha256, d.signature, d.kid
  FROM unnest(CAST(:materials AS uuid[]), CAST(:versions AS int[])) AS u (material_id, version)
  JOIN editions d USING (material_id, version)
""")
_PLACE = text("SELECT place_entries(:channels, :materials, :versions, :times, :reasons, :notes, :tails)").bindparams(
    bindparam("channels", type_=ARRAY(Uuid)),
    bindparam("materials", type_=ARRAY(Uuid)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("times", type_=ARRAY(Instant)),
    bindparam("reasons", type_=ARRAY(Text)),
    bindparam("notes", type_=ARRAY(Text)),
    bindparam("tails", type_=ARRAY(Text)),
)
_AUDIT = insert(audit)
_MARK = text("UPDATE idempotency SET committed = true WHERE actor = :actor AND key = :key")


_ACCESS = ("channel:", "organization:")
"""Deeds on these may change who reads what."""


class Work:
    """Implements `domain.ports.UnitOfWork`. One object may be entered again and again, never twice at a time.

    `idempotency` is the (actor, key) of a request that must not be done twice; it is marked in the same commit. `told`
    hears of the feed's changes when they are committed, so that this process at once reads what it wrote.
    """

    materials: Materials
    channels: Channels
    takedowns: Takedowns
    organizations: Organizations
    assets: Assets
    uploads: Uploads

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ids: Ids,
        *,
        idempotency: tuple[str, str] | None = None,
        told: Callable[[frozenset[UUID] | None], None] | None = None,
    ) -> None:
        self._engine = engine
        self.clock = clock
        self.ids = ids
        self._idempotency = idempotency
        self._told = told
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
        self.materials = self._kept = MaterialStore(connection)
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
            told = {"at": self.clock.now(), **msgspec.structs.asdict(event)}
            await self.connection.execute(_AUDIT, told)
            if self._idempotency:
                actor, key = self._idempotency
                await self.connection.execute(_MARK, {"actor": actor, "key": key})
            moved = frozenset(entry.channel_id for entry in self._entries)
            if self._entries:
                await self._place_entries()
            await self.connection.commit()
        if self._told is None:
            return
        if event.thing.startswith(_ACCESS):
            self._told(None)
        elif moved:
            self._told(moved)

    async def _place_entries(self) -> None:
        """The last statement of the transaction: lock, insert, notify (sync.md, "Order without losing rows")."""
        entries, self._entries = self._entries, []
        seals = await self._seals(entries)
        lines = [
            Line(
                material_id=e.material_id,
                version=e.version,
                changed_at=e.changed_at,
                reason=e.reason,
                note=e.note,
                **({} if e.reason else seals[e.material_id, e.version]),
            )
            for e in entries
        ]
        await self.connection.execute(
            _PLACE,
            {
                "channels": [e.channel_id for e in entries],
                "materials": [e.material_id for e in entries],
                "versions": [e.version for e in entries],
                "times": [e.changed_at for e in entries],
                "reasons": [e.reason for e in entries],
                "notes": [e.note for e in entries],
                "tails": [tail_of(line) for line in lines],
            },
        )

    async def _seals(self, entries: Sequence[Entry]) -> dict[tuple[UUID, int], dict[str, str]]:
        """The seals of the editions that are placed, read before the lock is taken."""
        made = {
            key: {"sha256": seal.sha256, "signature": seal.value, "kid": seal.kid}
            for key, seal in self._kept.sealed.items()
        }
        live = sorted({(e.material_id, e.version) for e in entries if e.reason is None} - made.keys())
        if not live:
            return made
        rows = await self.connection.execute(
            _SEALS, {"materials": [m for m, _ in live], "versions": [v for _, v in live]}
        )
        return made | {
            (row.material_id, row.version): {"sha256": row.sha256, "signature": row.signature, "kid": row.kid}
            for row in rows
        }
