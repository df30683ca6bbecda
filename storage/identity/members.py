"""Members in PostgreSQL."""

from uuid import UUID

from asyncpg import IntegrityConstraintViolationError
from sqlalchemy import insert, select, update

from domain.errors import IdTaken
from domain.identity.member import Member
from storage.identity.tables import credentials, members
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql

_REVISIONS = RevisionedTable(members, "id")


class MemberStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, member_id: UUID) -> Member:
        return to_struct(Member, await self._sql.row(select(members).where(members.c.id == member_id)))

    async def find_by_login(self, login: str) -> Member | None:
        return find_struct(Member, await self._sql.row(select(members).where(members.c.login == login)))

    async def find_by_provider_subject(self, subject: str) -> Member | None:
        query = select(members).join(credentials, credentials.c.member_id == members.c.id)
        return find_struct(Member, await self._sql.row(query.where(credentials.c.provider_subject == subject)))

    async def add(self, member: Member) -> None:
        try:
            await self._sql.run(insert(members).values(**to_row(members, member)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save(self, member: Member) -> Member:
        return await _REVISIONS.save(self._sql, member, to_row(members, member))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(members).where(members.c.organization_id == leaving_id)
        await self._sql.run(moved.values(organization_id=successor_id, revision=members.c.revision + 1))
