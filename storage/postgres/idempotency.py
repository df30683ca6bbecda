"""Idempotency-Key: one row per (actor, key), kept 48 hours."""

from datetime import datetime, timedelta
from typing import Literal

import asyncpg
import msgspec

from storage.postgres.connections import reading

KEPT = timedelta(hours=48)
RUNNING = timedelta(seconds=60)
"""A request that has not committed after this time has died; another may use its key."""

_BEGIN = """
INSERT INTO idempotency (actor, key, fingerprint, started_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (actor, key) DO UPDATE SET started_at = EXCLUDED.started_at, fingerprint = EXCLUDED.fingerprint
 WHERE NOT idempotency.committed AND idempotency.started_at < $5
RETURNING 1
"""
_FIND = "SELECT fingerprint, committed, status, headers, body FROM idempotency WHERE actor = $1 AND key = $2"
_FINISH = "UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE actor = $1 AND key = $2 AND committed"
_FORGET = "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND NOT committed"
_PURGE = "DELETE FROM idempotency WHERE started_at < $1"


class StoredResponse(msgspec.Struct, frozen=True):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Begun = StoredResponse | Literal["go", "reused", "running", "lost"]


class IdempotencyStore:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, actor: str, key: str, fingerprint: bytes, now: datetime) -> Begun:
        """Begin a request with this key: `go`, or the stored response, or why it must not run."""
        async with reading(self._pool) as connection:
            if await connection.fetchval(_BEGIN, actor, key, fingerprint, now, now - RUNNING):
                return "go"
            row = await connection.fetchrow(_FIND, actor, key)
        if row is None:
            return "running"  # it was removed between the two statements: the caller retries
        if row["fingerprint"] != fingerprint:
            return "reused"
        if not row["committed"]:
            return "running"
        if row["status"] is None:
            return "lost"
        return StoredResponse(
            row["status"], msgspec.json.decode(row["headers"], type=list[tuple[str, str]]), row["body"]
        )

    async def finish(self, actor: str, key: str, response: StoredResponse) -> None:
        headers = msgspec.json.encode(response.headers).decode()
        async with reading(self._pool) as connection:
            await connection.execute(_FINISH, actor, key, response.status, headers, response.body)

    async def forget(self, actor: str, key: str) -> None:
        """Remove a key whose request changed nothing."""
        async with reading(self._pool) as connection:
            await connection.execute(_FORGET, actor, key)

    async def purge(self, before: datetime) -> int:
        """Remove keys older than `before`; gives how many."""
        async with reading(self._pool) as connection:
            done = await connection.execute(_PURGE, before)
        return int(done.rpartition(" ")[2])
