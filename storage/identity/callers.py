"""Callers: what the session of an access token allows today, and which web origins belong to registered apps."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import asyncpg

from domain.actor import Actor
from domain.identity.client import Client
from domain.identity.login import RECENT
from domain.identity.oauth_grant import origin_of
from domain.ports import Clock
from domain.scopes import scopes_of
from storage.identity.clients import find_client
from storage.postgres.connections import as_uuid, reading

_SESSIONS = """
SELECT s.id, s.client_id, s.member_id, s.auth_time, o.id AS organization_id, o.kind, c.scopes,
       coalesce(m.roles, c.roles) AS roles
  FROM sessions s JOIN clients c ON c.id = s.client_id AND c.active
       LEFT JOIN members m ON m.id = s.member_id
       JOIN organizations o ON o.id = coalesce(m.organization_id, c.organization_id)
 WHERE s.id = ANY($1) AND s.revoked_at IS NULL AND s.expires_at > $2 AND (m.id IS NULL OR m.active)
   AND (o.active_to IS NULL OR o.active_to > $2)
"""
_ORIGINS = "SELECT unnest(redirect_uris) AS uri FROM clients WHERE active AND public"


class Bearer(Protocol):
    """The claims of a verified token (`api.callers.tokens`)."""

    @property
    def session_id(self) -> UUID: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def client_id(self) -> str: ...


@lru_cache(maxsize=256)
def _shared(scopes: frozenset[str]) -> frozenset[str]:
    """Give the same object for equal sets: thousands of callers are cached, and few sets differ."""
    return scopes


class CallerReader:
    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def find_client(self, client_id: str) -> Client | None:
        """A client as it is stored now."""
        return await find_client(self._pool, client_id)

    async def origins(self) -> frozenset[str]:
        """The web origins of all active public clients."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_ORIGINS)
        return frozenset(origin for row in rows if (origin := origin_of(row["uri"])))

    async def actors(self, bearers: Sequence[Bearer]) -> list[Actor | None]:
        """The actor of each session today; None where the session, its client or its member is no longer valid."""
        if not bearers:
            return []
        now = self._clock.now()
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_SESSIONS, [b.session_id for b in bearers], now)
        found = {as_uuid(row["id"]): row for row in rows}
        return [_actor(found.get(bearer.session_id), bearer, now) for bearer in bearers]


def _actor(row: asyncpg.Record | None, bearer: Bearer, now: datetime) -> Actor | None:
    if row is None or row["client_id"] != bearer.client_id:
        return None
    roles, signed_in = frozenset(row["roles"]), row["auth_time"]
    return Actor(
        client_id=row["client_id"],
        organization_id=as_uuid(row["organization_id"]),
        scopes=_shared(bearer.scopes & scopes_of(roles) & frozenset(row["scopes"])),
        roles=roles,
        member_id=as_uuid(row["member_id"]) if row["member_id"] else None,
        session_id=bearer.session_id,
        recent=row["member_id"] is None or (signed_in is not None and now - signed_in <= RECENT),
        central=row["kind"] == "coordinator",
    )
