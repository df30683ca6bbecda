"""Credentials, browser logins and throttles in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from asyncpg import UniqueViolationError
from msgspec.structs import replace
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.errors import StaleVersion
from domain.identity.credential import Credential
from domain.identity.login import Login
from domain.identity.throttle import Throttle
from storage.identity.tables import credentials, logins, throttles
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, select_from, to_row
from storage.postgres.statements import Sql, Statement

_REVISIONS = RevisionedTable(credentials, "member_id")
_NEVER = datetime.fromtimestamp(0, UTC)
_FIND_LOGIN = Statement(select(logins).where(logins.c.hash == bindparam("wanted")))


class CredentialStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, member_id: UUID, *, lock: bool = False) -> Credential:
        query = select_from(credentials).where(credentials.c.member_id == member_id)
        row = await self._sql.row(query.with_for_update() if lock else query)
        return find_struct(Credential, row) or Credential(member_id=member_id)

    async def save(self, credential: Credential) -> Credential:
        row = to_row(credentials, credential)
        if credential.revision:
            return await _REVISIONS.save(self._sql, credential, row)
        try:
            await self._sql.run(insert(credentials).values(**{**row, "revision": 1}))
        except UniqueViolationError as error:
            raise StaleVersion(current=1) from error
        return replace(credential, revision=1)

    async def remove(self, member_id: UUID) -> None:
        await self._sql.run(delete(credentials).where(credentials.c.member_id == member_id))


class LoginStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, cookie_hash: bytes) -> Login | None:
        return find_struct(Login, await self._sql.row(_FIND_LOGIN, wanted=cookie_hash))

    async def add(self, cookie_hash: bytes, login: Login) -> None:
        await self._sql.run(insert(logins).values(hash=cookie_hash, **to_row(logins, login)))

    async def remove(self, cookie_hash: bytes) -> None:
        await self._sql.run(delete(logins).where(logins.c.hash == cookie_hash))

    async def remove_of_member(self, member_id: UUID) -> None:
        await self._sql.run(delete(logins).where(logins.c.member_id == member_id))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(logins).where(logins.c.expires_at < before))


class ThrottleStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def list(self, keys: Sequence[str]) -> dict[str, Throttle]:
        found = {}
        for key in sorted(keys):  # one order for all transactions: none waits for another in a circle
            fresh = upsert(throttles).values(key=key, failures=0, last_at=_NEVER)
            await self._sql.run(fresh.on_conflict_do_nothing())
            row = await self._sql.row(select(throttles).where(throttles.c.key == key).with_for_update())
            assert row is not None
            found[key] = Throttle(row["failures"], row["last_at"])
        return found

    async def save(self, key: str, throttle: Throttle) -> None:
        values = {"failures": throttle.failures, "last_at": throttle.last_at}
        statement = upsert(throttles).values(key=key, **values)
        await self._sql.run(statement.on_conflict_do_update(index_elements=["key"], set_=values))

    async def remove(self, key: str) -> None:
        await self._sql.run(delete(throttles).where(throttles.c.key == key))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(throttles).where(throttles.c.last_at < before))
