"""Sessions and spent client assertions in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.identity.session import Session
from storage.identity.tables import assertions, sessions
from storage.postgres.rows import find_struct, to_row
from storage.postgres.statements import Sql, Statement

_ADD = Statement(insert(sessions), *(column.key for column in sessions.columns))
_LIVE = sessions.c.revoked_at.is_(None)


class SessionStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, session_id: UUID) -> Session | None:
        return find_struct(Session, await self._sql.row(select(sessions).where(sessions.c.id == session_id)))

    async def add(self, session: Session) -> None:
        self._sql.defer(_ADD, **to_row(sessions, session))

    async def revoke(self, session_id: UUID, at: datetime) -> None:
        await self._sql.run(update(sessions).where(sessions.c.id == session_id, _LIVE).values(revoked_at=at))

    async def revoke_of_member(self, member_id: UUID, at: datetime) -> None:
        await self._sql.run(update(sessions).where(sessions.c.member_id == member_id, _LIVE).values(revoked_at=at))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(sessions).where(sessions.c.expires_at < before))


class AssertionStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def add(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        values = {"client_id": client_id, "jti": jti, "expires_at": expires_at}
        return await self._sql.run(upsert(assertions).values(**values).on_conflict_do_nothing()) == 1

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(assertions).where(assertions.c.expires_at < before))
