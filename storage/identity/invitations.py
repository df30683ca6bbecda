"""Invitations in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from domain.identity.invitation import Invitation
from storage.identity.tables import invitations
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row
from storage.postgres.statements import Sql

_REVISIONS = RevisionedTable(invitations, "id")
_OPEN = invitations.c.member_id.is_(None)


class InvitationStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, code_hash: bytes) -> Invitation | None:
        query = select(invitations).where(invitations.c.code_hash == code_hash)
        return find_struct(Invitation, await self._sql.row(query))

    async def find_by_id(self, invitation_id: UUID) -> Invitation | None:
        query = select(invitations).where(invitations.c.id == invitation_id)
        return find_struct(Invitation, await self._sql.row(query))

    async def add(self, invitation: Invitation) -> None:
        await self._sql.run(insert(invitations).values(**to_row(invitations, invitation)))

    async def save(self, invitation: Invitation) -> Invitation:
        return await _REVISIONS.save(self._sql, invitation, to_row(invitations, invitation))

    async def remove(self, invitation_id: UUID) -> None:
        await self._sql.run(delete(invitations).where(invitations.c.id == invitation_id))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(invitations).where(invitations.c.organization_id == leaving_id, _OPEN)
        await self._sql.run(moved.values(organization_id=successor_id, revision=invitations.c.revision + 1))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(invitations).where(invitations.c.expires_at < before, _OPEN))
