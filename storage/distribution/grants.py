"""Grants in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import insert, select

from domain.distribution.channel import Grant
from domain.errors import StaleVersion
from storage.distribution.tables import grants
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql

_REVISIONS = RevisionedTable(grants, "channel_id", "organization_id")


class GrantStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, channel_id: UUID, organization_id: UUID) -> Grant | None:
        query = select(grants).where(grants.c.channel_id == channel_id, grants.c.organization_id == organization_id)
        return find_struct(Grant, await self._sql.row(query))

    async def list_live_of(self, organization_id: UUID) -> Sequence[Grant]:
        live = (grants.c.organization_id == organization_id, grants.c.revoked_at.is_(None))
        return [to_struct(Grant, row) for row in await self._sql.rows(select(grants).where(*live))]

    async def add(self, grant: Grant) -> None:
        try:
            await self._sql.run(insert(grants).values(**to_row(grants, grant)))
        except UniqueViolationError as error:
            raise StaleVersion(current=1) from error

    async def save(self, grant: Grant) -> Grant:
        return await _REVISIONS.save(self._sql, grant, to_row(grants, grant))
