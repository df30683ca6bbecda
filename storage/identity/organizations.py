"""Organizations in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, insert, select

from domain.errors import IdTaken
from domain.identity.organization import Organization
from storage.identity.tables import organizations
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(organizations).where(organizations.c.id == bindparam("wanted")))
_REVISIONS = RevisionedTable(organizations, "id")


class OrganizationStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, organization_id: UUID) -> Organization:
        return to_struct(Organization, await self._sql.row(_GET, wanted=organization_id))

    async def get_by_code(self, code: str) -> Organization:
        return to_struct(Organization, await self._sql.row(select(organizations).where(organizations.c.code == code)))

    async def list(self) -> Sequence[Organization]:
        """Every organization, by code."""
        rows = await self._sql.rows(select(organizations).order_by(organizations.c.code))
        return [to_struct(Organization, row) for row in rows]

    async def add(self, organization: Organization) -> None:
        try:
            await self._sql.run(insert(organizations).values(**to_row(organizations, organization)))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, organization: Organization) -> Organization:
        return await _REVISIONS.save(self._sql, organization, to_row(organizations, organization))
