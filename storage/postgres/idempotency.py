"""Idempotency-Key: one row per (actor, key), kept 48 hours."""

from datetime import datetime, timedelta
from typing import Literal

import asyncpg
import msgspec

from storage.postgres.connections import reading

KEPT = timedelta(hours=48)
RUNNING = timedelta(seconds=60)
"""A request that has not committed after this time has died; its key may be taken over."""

_BEGIN = """
INSERT INTO idempotency (actor, key, fingerprint, started_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (actor, key) DO UPDATE SET started_at = EXCLUDED.started_at, fingerprint = EXCLUDED.fingerprint
 WHERE NOT idempotency.committed AND idempotency.started_at < $5
RETURNING 1
"""
_FIND = "SELECT fingerprint, committed, status, headers, body FROM idempotency WHERE actor = $1 AND key = $2"
_FINISH = "UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE actor = $1 AND key = $2 AND committed"
_FORGET = "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND NOT committed"


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Begun = Answer | Literal["go", "reused", "running", "lost"]


class IdempotencyStore:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, actor: str, key: str, fingerprint: bytes, now: datetime) -> Begun:
        """Say what to do with a request that carries this key."""
        async with reading(self._pool) as connection:
            if await connection.fetchval(_BEGIN, actor, key, fingerprint, now, now - RUNNING):
                return "go"
            row = await connection.fetchrow(_FIND, actor, key)
        if row is None:
            return "running"  # it was forgotten between the two statements: let the caller come again
        if row["fingerprint"] != fingerprint:
            return "reused"
        if not row["committed"]:
            return "running"
        if row["status"] is None:
            return "lost"
        return Answer(row["status"], msgspec.json.decode(row["headers"], type=list[tuple[str, str]]), row["body"])

    async def finish(self, actor: str, key: str, answer: Answer) -> None:
        headers = msgspec.json.encode(answer.headers).decode()
        async with reading(self._pool) as connection:
            await connection.execute(_FINISH, actor, key, answer.status, headers, answer.body)

    async def forget(self, actor: str, key: str) -> None:
        """Drop a key whose request changed nothing."""
        async with reading(self._pool) as connection:
            await connection.execute(_FORGET, actor, key)
