"""What the authorization server keeps: sessions, spent assertions; and what a token's session allows today."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.actor import Actor
from domain.identity.login import FREE_FAILURES, RECENT
from domain.identity.oauth_grant import origin_of
from domain.identity.organization import Client
from domain.permissions import scopes_of
from storage.identity.grants import Grants
from storage.identity.throttles import count_failure, seconds_left
from storage.postgres.connections import as_uuid, reading, translated
from storage.postgres.rows import to_struct
from storage.postgres.tables import assertions, audit, clients, sessions

T = TypeVar("T")

_SESSIONS = """
SELECT s.id, s.client_id, s.member_id, s.auth_time, o.id AS organization_id, o.kind, c.scopes,
       coalesce(m.roles, c.roles) AS roles
  FROM sessions s JOIN clients c ON c.id = s.client_id AND c.active
       LEFT JOIN members m ON m.id = s.member_id
       JOIN organizations o ON o.id = coalesce(m.organization_id, c.organization_id)
 WHERE s.id = ANY($1) AND s.revoked_at IS NULL AND s.expires_at > $2 AND (m.id IS NULL OR m.active)
   AND (o.active_to IS NULL OR o.active_to > $2)
"""


# Statements of the token endpoint's hot path, built once.
_CLIENT = select(clients).where(clients.c.id == bindparam("client_id"))
_OPEN_SESSION = insert(sessions)
_RECORD = insert(audit)


# One statement is one transaction: the session, its audit row, and the proof that the client is still the same.
_AT_ONCE = """
WITH opened AS (
  INSERT INTO sessions (id, client_id, created_at, expires_at)
  SELECT $1::uuid, id, $4::timestamptz, $5 FROM clients
   WHERE id = $2 AND revision = $3 AND active
     AND NOT EXISTS (SELECT 1 FROM throttles WHERE key = $6 AND failures >= $7)
  RETURNING client_id
), told AS (
  INSERT INTO audit (at, actor, verb, thing, detail)
  SELECT $4, 'client:' || client_id, 'token.issue', 'oauth', $8::jsonb FROM opened
)
SELECT count(*) FROM opened
"""


class Bearer(Protocol):
    """What a token says of itself (`api.callers.tokens`)."""

    @property
    def session_id(self) -> UUID: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def client_id(self) -> str: ...


class OAuthTransaction:
    """The synchronous face that Authlib's core works on, inside one transaction."""

    def __init__(self, connection: Connection, now: datetime, new_id: Callable[[], UUID]) -> None:
        self._db = connection
        self.now = now
        self._new_id = new_id
        self.grants = Grants(connection, now)

    def client(self, client_id: str) -> Client | None:
        row = self._db.execute(_CLIENT, {"client_id": client_id}).mappings().first()
        return to_struct(Client, row) if row else None

    def open_session(
        self,
        client_id: str,
        lifetime: timedelta,
        *,
        member_id: UUID | None = None,
        auth_time: datetime | None = None,
    ) -> UUID:
        session_id = self._new_id()
        self._db.execute(
            _OPEN_SESSION,
            {
                "id": session_id,
                "client_id": client_id,
                "member_id": member_id,
                "created_at": self.now,
                "expires_at": self.now + lifetime,
                "auth_time": auth_time,
            },
        )
        return session_id

    def spend_assertion(self, client_id: str, jti: str, expires: int) -> bool:
        """Remember a client assertion's jti; False when it was used before (RFC 7523 section 3)."""
        statement = upsert(assertions).values(
            client_id=client_id, jti=jti, expires_at=datetime.fromtimestamp(expires, UTC)
        )
        return self._db.execute(statement.on_conflict_do_nothing()).rowcount == 1

    def revoke_session(self, session_id: UUID) -> None:
        still = sessions.c.revoked_at.is_(None)
        self._db.execute(update(sessions).where(sessions.c.id == session_id, still).values(revoked_at=self.now))

    def session_lives(self, session_id: UUID) -> bool:
        query = select(sessions.c.id).where(
            sessions.c.id == session_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > self.now
        )
        return self._db.execute(query).first() is not None

    def wait(self, key: str) -> int:
        """Seconds that must pass before `key` may try again."""
        return seconds_left(self._db, key, self.now)

    def failed(self, key: str) -> None:
        count_failure(self._db, key, self.now)

    def record(self, actor: str, verb: str, detail: dict[str, object]) -> None:
        row = {"at": self.now, "actor": actor, "verb": verb, "thing": "oauth", "detail": detail}
        self._db.execute(_RECORD, row)


@lru_cache(maxsize=256)
def _one_of_a_kind(scopes: frozenset[str]) -> frozenset[str]:
    """Give the same object for equal sets: thousands of callers are remembered, and few sets differ."""
    return scopes


class OAuthStore:
    def __init__(
        self, engine: AsyncEngine, pool: asyncpg.Pool, now: Callable[[], datetime], new_id: Callable[[], UUID]
    ) -> None:
        self._engine = engine
        self._pool = pool
        self._now = now
        self._new_id = new_id

    async def run(self, core: Callable[[OAuthTransaction], T]) -> T:
        """Run Authlib's synchronous core in a transaction that commits also when its answer is an error."""
        with translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(lambda c: core(OAuthTransaction(c, self._now(), self._new_id)))

    async def find_client(self, client_id: str) -> Client | None:
        """A client as it is kept now."""
        with translated():
            async with self._engine.connect() as connection:
                row = (await connection.execute(_CLIENT, {"client_id": client_id})).mappings().first()
        return to_struct(Client, row) if row else None

    async def open_at_once(self, client: Client, guesses: str, lifetime: timedelta, scope: str) -> UUID | None:
        """Open a client's session with its audit row; None when the client changed or has failed too often."""
        session_id, now = self._new_id(), self._now()
        detail = msgspec.json.encode({"session": str(session_id), "scope": scope}).decode()
        values = (session_id, client.id, client.revision, now, now + lifetime, guesses, FREE_FAILURES, detail)
        async with reading(self._pool) as connection:
            return session_id if await connection.fetchval(_AT_ONCE, *values) else None

    async def origins(self) -> frozenset[str]:
        """The web origins of all active clients."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch("SELECT unnest(redirect_uris) AS uri FROM clients WHERE active AND public")
        return frozenset(origin for row in rows if (origin := origin_of(row["uri"])))

    def _recent(self, auth_time: datetime | None) -> bool:
        return auth_time is not None and self._now() - auth_time <= RECENT

    async def actors(self, bearers: Sequence[Bearer]) -> list[Actor | None]:
        """Who these sessions are today; None where the session, its client or its member is no longer valid."""
        if not bearers:
            return []
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_SESSIONS, [b.session_id for b in bearers], self._now())
        found = {as_uuid(row["id"]): row for row in rows}
        return [self._actor(found.get(bearer.session_id), bearer) for bearer in bearers]

    def _actor(self, row: asyncpg.Record | None, bearer: Bearer) -> Actor | None:
        if row is None or row["client_id"] != bearer.client_id:
            return None
        roles = frozenset(row["roles"])
        return Actor(
            client_id=row["client_id"],
            organization_id=as_uuid(row["organization_id"]),
            scopes=_one_of_a_kind(bearer.scopes & scopes_of(roles) & frozenset(row["scopes"])),
            roles=roles,
            member_id=as_uuid(row["member_id"]) if row["member_id"] else None,
            session_id=bearer.session_id,
            recent=row["member_id"] is None or self._recent(row["auth_time"]),
            central=row["kind"] == "coordinator",
        )
