"""The recipient ledger: who has what, kept in memory and written within five seconds and at shutdown."""

import asyncio
import contextlib
import logging
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.actor import Actor
from domain.errors import Unavailable
from domain.ports import Clock
from storage.database import reading

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


class Ledger:
    """Counts a page as received when it is sent: it is safer to ask one organization too many to take down."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._cursors: dict[tuple[UUID, str, UUID], tuple[int, datetime, datetime]] = {}
        self._downloads: dict[tuple[UUID, UUID], tuple[datetime, datetime, int]] = {}
        self._task: asyncio.Task[None] | None = None

    def saw(self, actor: Actor | None, channel_id: UUID, seq: int) -> None:
        """The caller now has the channel up to `seq`. Anonymous callers are nobody's obligation."""
        if actor is None:
            return
        key, now = (actor.organization_id, actor.client_id, channel_id), self._clock.now()
        known = self._cursors.get(key)
        self._cursors[key] = (max(seq, known[0]), known[1], now) if known else (seq, now, now)

    def downloaded(self, actor: Actor | None, asset_id: UUID) -> None:
        if actor is None:
            return
        key, now = (actor.organization_id, asset_id), self._clock.now()
        known = self._downloads.get(key)
        self._downloads[key] = (known[0], now, known[2] + 1) if known else (now, now, 1)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(Unavailable):
            await self.flush()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Unavailable:
                log.warning("ledger waits for the database")

    async def flush(self) -> None:
        """Write what is new. On failure it is kept for the next time."""
        cursors, self._cursors = self._cursors, {}
        downloads, self._downloads = self._downloads, {}
        try:
            async with reading(self._pool) as connection:
                if cursors:
                    rows = [(*key, *value) for key, value in sorted(cursors.items(), key=lambda item: str(item[0]))]
                    await connection.execute(_CURSORS, *map(list, zip(*rows, strict=True)))
                    cursors = {}
                if downloads:
                    counts = [(*key, *value) for key, value in sorted(downloads.items(), key=lambda item: str(item[0]))]
                    await connection.execute(_DOWNLOADS, *map(list, zip(*counts, strict=True)))
        except Unavailable:
            self._cursors = cursors | self._cursors
            self._downloads = downloads | self._downloads
            raise
