"""Staff lists: fixed SQL, fixed projections, keyset paging, never a total."""

import json
from typing import Any
from uuid import UUID

import asyncpg

from domain.actor import Actor
from storage.postgres.connections import as_uuid, reading

_MATERIALS = """
SELECT id, owner_id, revision, state, kind, title, version, live_version, updated_at FROM materials
 WHERE id < $1 AND ($2 OR owner_id = $3) AND ($4::text IS NULL OR state = $4)
 ORDER BY id DESC LIMIT $5
"""
_HISTORY = """
SELECT at, by, verb, state, version, revision, note FROM history WHERE material_id = $1 ORDER BY place LIMIT 1000
"""
_TAKEDOWNS = """
SELECT t.id, t.reason, t.note, t.material_id, c.slug AS channel, t.opened_at, t.closed_at, o.obligations
  FROM takedowns t LEFT JOIN channels c ON c.id = t.channel_id
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'organization_id', organization_id, 'status', status, 'note', note,
                'acknowledged_at', acknowledged_at)) ORDER BY organization_id) AS obligations
         FROM obligations WHERE takedown_id = t.id AND ($2 OR organization_id = $3)) o ON true
 WHERE t.id < $1 AND ($2 OR o.obligations IS NOT NULL)
   AND ($4::uuid IS NULL OR t.id = $4)
   AND ($5::boolean IS NULL OR $5 = (t.closed_at IS NULL AND ($2 OR EXISTS (
        SELECT 1 FROM obligations m WHERE m.takedown_id = t.id AND m.organization_id = $3 AND m.status IS NULL))))
 ORDER BY t.id DESC LIMIT $6
"""
_ORGANIZATIONS = """
SELECT id, code, kind, name FROM organizations WHERE id > $1 ORDER BY id LIMIT $2
"""
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
Row = dict[str, Any]


class DeskReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def _fetch(self, sql: str, *values: object) -> list[Row]:
        async with reading(self._pool) as connection:
            return [_plain(row) for row in await connection.fetch(sql, *values)]

    async def materials(self, actor: Actor, *, after: UUID | None, state: str | None, limit: int) -> list[Row]:
        """One page of the materials that exist for `actor`, newest first."""
        everything = actor.reaches_all
        return await self._fetch(_MATERIALS, after or _LAST, everything, actor.organization_id, state, limit)

    async def history(self, material_id: UUID) -> list[Row]:
        """Every step of a material's life, first to last."""
        return await self._fetch(_HISTORY, material_id)

    async def takedowns(
        self, actor: Actor, *, after: UUID | None, one: UUID | None, waiting: bool | None, limit: int
    ) -> list[Row]:
        """Takedowns that address the actor's organization, newest first; who reaches all sees everyone's answers."""
        rows = await self._fetch(
            _TAKEDOWNS, after or _LAST, actor.reaches_all, actor.organization_id, one, waiting, limit
        )
        return [row | {"obligations": json.loads(row.get("obligations", "[]"))} for row in rows]

    async def organizations(self, *, after: UUID | None, limit: int) -> list[Row]:
        return await self._fetch(_ORGANIZATIONS, after or _FIRST, limit)


def _plain(row: asyncpg.Record) -> Row:
    return {
        key: as_uuid(value) if isinstance(value, UUID) else value for key, value in row.items() if value is not None
    }
