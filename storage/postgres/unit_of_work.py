"""The unit of work: one transaction, rolled back unless somebody says `commit`."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, cast
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import PoolProxiedConnection, Text, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.distribution.change import Entry
from domain.ports import Assets, Channels, Clock, Event, Ids, Materials, Organizations, Takedowns, Uploads
from storage.content.materials import MaterialStore
from storage.distribution.channels import ChannelStore
from storage.distribution.feed_entries import Line, tail_of
from storage.distribution.takedowns import TakedownStore
from storage.identity.organizations import OrganizationStore
from storage.media.assets import AssetStore, UploadStore
from storage.postgres.connections import translated
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import audit

FEED_LOCK = 3250
"""The advisory lock that puts feed entries in commit order, taken in `place_entries` (migration 0003)."""
FEED_NOTIFY = "feed"

_SEALS = Statement(
    text("""
SELECT d.material_id, d.version, d.sha256, d.signature, d.kid
  FROM unnest(CAST(:materials AS uuid[]), CAST(:versions AS int[])) AS u (material_id, version)
  JOIN editions d USING (material_id, version)
""")
)
_PLACE = Statement(text("SELECT place_entries(:channels, :materials, :versions, :times, :reasons, :notes, :tails)"))
_AUDIT = Statement(insert(audit), "at", "actor", "verb", "thing", "detail")
_MARK = Statement(
    text("UPDATE idempotency SET committed = true WHERE actor = :actor AND key = :key").bindparams(
        bindparam("actor", type_=Text), bindparam("key", type_=Text)
    )
)


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
        self._pooled: PoolProxiedConnection | None = None
        self._entries: list[Entry] = []

    @property
    def connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        """The driver's connection, in the transaction."""
        assert self._pooled is not None, "enter the unit of work first"
        driver: asyncpg.Connection[asyncpg.Record] = cast("Any", self._pooled.driver_connection)
        return driver

    async def __aenter__(self) -> Self:
        assert self._pooled is None, "a unit of work is one transaction at a time"
        with translated():
            self._pooled = await self._engine.raw_connection()
            try:
                await self.connection.execute("BEGIN")
            except BaseException:
                self._pooled.invalidate()  # the driver may think it open though the server has hung up
                self._pooled = None
                raise
        self._entries = []
        self.sql = sql = Sql(self.connection)
        self.materials = self._kept = MaterialStore(sql)
        self.channels = ChannelStore(sql)
        self.takedowns = TakedownStore(sql)
        self.organizations = OrganizationStore(sql)
        self.assets = AssetStore(sql)
        self.uploads = UploadStore(sql)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with translated():
            try:
                if not self.connection.is_closed() and self.connection.is_in_transaction():
                    await self.connection.execute("ROLLBACK")
            finally:
                self._give_back()
                if error is not None:
                    raise error  # lets `translated` see driver errors that were raised inside the block

    def _give_back(self) -> None:
        """To the pool; a connection that is lost, or whose state nobody knows, is thrown away."""
        pooled, connection = self._pooled, self.connection
        self._pooled = None
        assert pooled is not None
        if connection.is_closed() or connection.is_in_transaction():
            pooled.invalidate()
        pooled.close()

    def publish(self, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)

    async def commit(self, event: Event) -> None:
        with translated():
            self.sql.later(_AUDIT, at=self.clock.now(), **msgspec.structs.asdict(event))
            if self._idempotency:
                actor, key = self._idempotency
                self.sql.later(_MARK, actor=actor, key=key)
            moved = frozenset(entry.channel_id for entry in self._entries)
            if self._entries:
                await self._place_entries()
            else:
                await self.sql.write_later()
            await self.connection.execute("COMMIT")
        if self._told is None:
            return
        if event.thing.startswith(_ACCESS):
            self._told(None)
        elif moved:
            self._told(moved)

    async def _place_entries(self) -> None:
        """The last statement of the transaction: lock, insert, notify (sync.md, "Order without losing rows").

        With it goes what was kept for later: a round trip costs more than the lock's waiting for it.
        """
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
        await self.sql.write_later(
            _PLACE,
            channels=[e.channel_id for e in entries],
            materials=[e.material_id for e in entries],
            versions=[e.version for e in entries],
            times=[e.changed_at for e in entries],
            reasons=[e.reason for e in entries],
            notes=[e.note for e in entries],
            tails=[tail_of(line) for line in lines],
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
        rows = await self.sql.rows(_SEALS, materials=[m for m, _ in live], versions=[v for _, v in live])
        return made | {
            (row["material_id"], row["version"]): {name: row[name] for name in ("sha256", "signature", "kid")}
            for row in rows
        }
