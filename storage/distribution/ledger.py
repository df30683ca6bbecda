"""The recipient ledger of one API process: counted in memory, written within five seconds and at shutdown."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from domain.actor import Actor
from domain.errors import Unavailable
from domain.ports import Clock
from storage.postgres.connections import reading

FLUSH_SECONDS = 2.0
log = logging.getLogger("lantoa.ledger")

_CURSORS = """
INSERT INTO ledger (organization_id, client_id, channel_id, seq, first_asked_at, asked_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
    ON CONFLICT (organization_id, client_id, channel_id) DO UPDATE
   SET seq = greatest(ledger.seq, EXCLUDED.seq), asked_at = greatest(ledger.asked_at, EXCLUDED.asked_at)
"""
_DOWNLOADS = """
INSERT INTO downloads (organization_id, asset_id, first_at, last_at, count)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bigint[])
    ON CONFLICT (organization_id, asset_id) DO UPDATE
   SET last_at = greatest(downloads.last_at, EXCLUDED.last_at), count = downloads.count + EXCLUDED.count
"""


class _Cursor(msgspec.Struct):
    """A row of `ledger`."""

    organization_id: UUID
    client_id: str
    channel_id: UUID
    seq: int
    first_at: datetime
    last_at: datetime


class _Downloads(msgspec.Struct):
    """A row of `downloads`."""

    organization_id: UUID
    asset_id: UUID
    first_at: datetime
    last_at: datetime
    count: int


class Ledger:
    """Counts a page as received when it is sent: asking one organization too many for a takedown is the safer error."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        # Keyed by the integers of the ids: hashing a UUID costs a Python call each time.
        self._cursors: dict[tuple[int, str, int], _Cursor] = {}
        self._downloads: dict[tuple[int, int], _Downloads] = {}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def record_cursor(self, actor: Actor | None, channel_id: UUID, seq: int) -> None:
        """The caller has the channel up to `seq`. Anonymous callers have no obligations."""
        if actor is None:
            return
        key, now = (actor.organization_id.int, actor.client_id, channel_id.int), self._clock.now()
        known = self._cursors.get(key)
        if known is None:
            self._cursors[key] = _Cursor(actor.organization_id, actor.client_id, channel_id, seq, now, now)
        else:
            known.seq, known.last_at = max(known.seq, seq), now

    def record_download(self, actor: Actor | None, asset_id: UUID) -> None:
        if actor is None:
            return
        key, now = (actor.organization_id.int, asset_id.int), self._clock.now()
        known = self._downloads.get(key)
        if known is None:
            self._downloads[key] = _Downloads(actor.organization_id, asset_id, now, now, 1)
        else:
            known.last_at, known.count = now, known.count + 1

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write the rest. A running write is not cancelled: it may have been committed and would be counted twice."""
        self._stopping.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        last = False
        while not last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), FLUSH_SECONDS)
            last = self._stopping.is_set()
            try:
                await self.flush()
            except Unavailable:
                log.warning("ledger waits for the database")
            except asyncpg.PostgresError:  # a deadlock, a full disk: the counts are kept for the next flush
                log.exception("ledger was not written")

    async def flush(self) -> None:
        """Write the counts since the last flush. After a failure they are added to those that came meanwhile."""
        cursors, self._cursors = self._cursors, {}
        downloads, self._downloads = self._downloads, {}
        try:
            async with reading(self._pool) as connection:
                if cursors:
                    await connection.execute(_CURSORS, *_columns(cursors.values()))
                    cursors = {}
                if downloads:
                    await connection.execute(_DOWNLOADS, *_columns(downloads.values()))
                    downloads = {}
        finally:
            self._keep(cursors, downloads)

    def _keep(self, cursors: dict[tuple[int, str, int], _Cursor], downloads: dict[tuple[int, int], _Downloads]) -> None:
        """Add unwritten counts to those that came meanwhile."""
        for at, cursor in cursors.items():
            if (later := self._cursors.setdefault(at, cursor)) is not cursor:
                later.seq, later.first_at = max(later.seq, cursor.seq), cursor.first_at
        for place, some in downloads.items():
            if (more := self._downloads.setdefault(place, some)) is not some:
                more.count, more.first_at = more.count + some.count, some.first_at


def _columns(rows: Iterable[_Cursor | _Downloads]) -> list[list[Any]]:
    """One list for each column; rows in the same order in every process, so that no deadlock arises."""
    ordered = sorted(map(msgspec.structs.astuple, rows), key=lambda row: (str(row[0]), str(row[1]), str(row[2])))
    return [list(column) for column in zip(*ordered, strict=True)]
