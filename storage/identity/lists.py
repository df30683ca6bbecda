"""Reads about people, apps and the audit trail: fixed SQL, fixed projections, keyset paging, never a total."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from domain.actor import Actor
from storage.postgres.connections import as_uuid, reading

_MEMBER = "id, login, name, organization_id, roles, active, revision, left_at"
_MEMBERS = f"""
SELECT {_MEMBER} FROM members
 WHERE id > $1 AND ($2 OR organization_id = $3) AND ($4::uuid IS NULL OR organization_id = $4)
   AND ($5::uuid IS NULL OR id = $5)
 ORDER BY id LIMIT $6
"""  # noqa: S608 -- our own constant
_CLIENTS = """
SELECT c.id, c.name, c.organization_id, c.scopes, c.roles, c.public, c.redirect_uris, c.grant_types, c.active,
       c.revision,
       nullif(c.jwks, 'null') AS jwks, cardinality(c.secret_hashes) AS secrets,
       l.asked_at AS last_asked_at, l.slug AS last_channel
  FROM clients c
  LEFT JOIN LATERAL (
       SELECT l.asked_at, n.slug FROM ledger l JOIN channels n ON n.id = l.channel_id
        WHERE l.organization_id = c.organization_id AND l.client_id = c.id ORDER BY l.asked_at DESC LIMIT 1) l ON true
 WHERE c.id > $1 AND ($2 OR c.organization_id = $3) AND ($4::uuid IS NULL OR c.organization_id = $4)
   AND ($5::text IS NULL OR c.id = $5)
 ORDER BY c.id LIMIT $6
"""
_AUDIT = """
SELECT place AS id, at, actor, verb, thing, detail, seal_no FROM audit
 WHERE place < $1 AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR thing = $3)
   AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
 ORDER BY place DESC LIMIT $6
"""
_SESSIONS = """
SELECT s.id, c.name AS client, s.created_at, s.expires_at, s.revoked_at
  FROM sessions s JOIN clients c ON c.id = s.client_id WHERE s.member_id = $1 ORDER BY s.created_at
"""
_DEEDS = "SELECT at, verb, thing, detail FROM audit WHERE actor = $1 ORDER BY place"
_PERSON = """
SELECT m.id, m.login, m.name, m.email, m.roles, m.active, o.name AS organization,
       c.password_hash IS NOT NULL AS has_password, c.totp_box IS NOT NULL AS has_second_factor,
       c.provider_subject IS NOT NULL AS linked_to_provider
  FROM members m JOIN organizations o ON o.id = m.organization_id LEFT JOIN credentials c ON c.member_id = m.id
 WHERE m.id = $1
"""
_FIRST = UUID(int=0)
_MOST = 2**62
Row = dict[str, Any]


class DirectoryReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def _fetch(self, sql: str, *values: object) -> list[Row]:
        async with reading(self._pool) as connection:
            return [_plain(row) for row in await connection.fetch(sql, *values)]

    async def members(
        self, actor: Actor, *, after: UUID | None, limit: int, organization: UUID | None = None, one: UUID | None = None
    ) -> list[Row]:
        """Members whom `actor` may manage, oldest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_MEMBERS, after or _FIRST, *reach, organization, one, limit)

    async def clients(
        self, actor: Actor, *, after: str | None, limit: int, organization: UUID | None = None, one: str | None = None
    ) -> list[Row]:
        """Clients that `actor` may manage, by id, with when and from which channel each last asked."""
        reach = (actor.reaches_all, actor.organization_id)
        rows = await self._fetch(_CLIENTS, after or "", *reach, organization, one, limit)
        return [row | ({"jwks": json.loads(row["jwks"])} if "jwks" in row else {}) for row in rows]

    async def audit(
        self,
        *,
        after: int | None,
        actor: str | None,
        thing: str | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> list[Row]:
        """The audit trail, newest first."""
        rows = await self._fetch(_AUDIT, _MOST if after is None else after, actor, thing, since, until, limit)
        return [row | {"detail": json.loads(row["detail"])} for row in rows]

    async def about(self, member_id: UUID) -> Row:
        """Everything that is kept about one person (Law 91/2025/QH15: the right to a copy)."""
        person = await self._fetch(_PERSON, member_id)
        deeds = await self._fetch(_DEEDS, f"member:{member_id}")
        return {
            "person": person[0],
            "sessions": await self._fetch(_SESSIONS, member_id),
            "deeds": [row | {"detail": json.loads(row["detail"])} for row in deeds],
        }


def _plain(row: asyncpg.Record) -> Row:
    return {
        key: as_uuid(value) if isinstance(value, UUID) else value for key, value in row.items() if value is not None
    }
