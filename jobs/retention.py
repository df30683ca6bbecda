"""What may be forgotten: old tombstones, spent assertions, sessions, idempotency keys."""

from datetime import datetime, timedelta

import asyncpg

from domain.distribution.change import KEPT_FOR_GOOD, TOMBSTONE_DAYS
from storage.postgres.connections import reading
from storage.postgres.idempotency import KEPT

# A channel remembers how far it was purged: cursors before that place get 410 and start again.
_TOMBSTONES = """
WITH gone AS (
  DELETE FROM entries WHERE reason IS NOT NULL AND NOT reason = ANY($2) AND changed_at < $1
  RETURNING channel_id, seq
), last AS (SELECT channel_id, max(seq) AS seq FROM gone GROUP BY channel_id)
UPDATE channels c SET purged_seq = greatest(c.purged_seq, last.seq) FROM last WHERE c.id = last.channel_id
"""


async def purge(pool: asyncpg.Pool, now: datetime) -> None:
    """Delete what has had its time. Safe to run anywhere, any number of times."""
    async with reading(pool) as connection:
        await connection.execute(_TOMBSTONES, now - timedelta(days=TOMBSTONE_DAYS), sorted(KEPT_FOR_GOOD))
        await connection.execute("DELETE FROM assertions WHERE expires_at < $1", now - timedelta(minutes=10))
        await connection.execute("DELETE FROM sessions WHERE expires_at < $1", now - timedelta(days=1))
        for table in ("codes", "refresh_tokens", "devices", "logins", "invitations"):
            unused = " AND member_id IS NULL" if table == "invitations" else ""
            statement = f"DELETE FROM {table} WHERE expires_at < $1{unused}"  # noqa: S608 -- our own names
            await connection.execute(statement, now - timedelta(days=1))
        await connection.execute("DELETE FROM throttles WHERE last_at < $1", now - timedelta(hours=1))
        await connection.execute("DELETE FROM idempotency WHERE started_at < $1", now - KEPT)
