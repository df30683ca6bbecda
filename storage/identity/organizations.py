"""Organizations, members, OAuth clients and the programme's codes in PostgreSQL."""

import contextlib
from datetime import UTC, datetime
from uuid import UUID

from asyncpg import IntegrityConstraintViolationError
from sqlalchemy import bindparam, delete, insert, or_, select, update

from domain.errors import IdTaken, NotFound
from domain.identity.organization import Client, Invitation, Member, Organization
from storage.identity.accounts import ending
from storage.identity.succession import hand_over
from storage.identity.tables import credentials, invitations
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import clients, members, organizations, vocabulary

_GET = Statement(select(organizations).where(organizations.c.id == bindparam("wanted")))
_CODES = Statement(select(vocabulary.c.list, vocabulary.c.code))


class OrganizationStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, organization_id: UUID) -> Organization:
        return to_struct(Organization, await self._sql.row(_GET, wanted=organization_id))

    async def by_code(self, code: str) -> Organization:
        query = select(organizations).where(organizations.c.code == code)
        return to_struct(Organization, await self._sql.row(query))

    async def add(self, organization: Organization) -> None:
        await self._sql.run(insert(organizations).values(**to_row(organizations, organization)))

    async def all(self) -> list[Organization]:
        """Every organization, by code."""
        rows = await self._sql.rows(select(organizations).order_by(organizations.c.code))
        return [to_struct(Organization, row) for row in rows]

    async def save(self, organization: Organization) -> None:
        values = to_row(organizations, organization)
        await self._sql.run(update(organizations).where(organizations.c.id == organization.id).values(**values))

    async def hand_over(self, leaving_id: UUID, coming_id: UUID, at: datetime) -> None:
        await hand_over(self._sql, leaving_id, coming_id, at)

    async def member(self, login_or_id: str) -> Member:
        named = [members.c.login == login_or_id]
        with contextlib.suppress(ValueError):  # a login
            named.append(members.c.id == UUID(login_or_id))
        return to_struct(Member, await self._sql.row(select(members).where(or_(*named))))

    async def add_member(self, member: Member) -> None:
        try:
            await self._sql.run(insert(members).values(**to_row(members, member)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save_member(self, member: Member) -> None:
        values = to_row(members, member)
        await self._sql.run(update(members).where(members.c.id == member.id).values(**values))

    async def end_sessions(self, member_id: UUID) -> None:
        for each in ending(member_id, datetime.now(UTC)):
            await self._sql.run(each)

    async def forget_credentials(self, member_id: UUID) -> None:
        await self._sql.run(delete(credentials).where(credentials.c.member_id == member_id))

    async def add_invitation(self, invitation: Invitation) -> None:
        values = to_row(invitations, invitation, organization_id=invitation.organization.id)
        await self._sql.run(insert(invitations).values(**values))

    async def invitation(self, code_hash: bytes) -> Invitation:
        query = select(invitations).where(invitations.c.code_hash == code_hash).with_for_update()
        row = await self._sql.row(query)
        if row is None:
            raise NotFound
        return to_struct(Invitation, row, organization=await self.get(row["organization_id"]))

    async def withdraw_invitation(self, invitation_id: UUID, organization_id: UUID | None) -> None:
        """Delete one that waits, of that organization (None: of any)."""
        mine = [] if organization_id is None else [invitations.c.organization_id == organization_id]
        waiting = delete(invitations).where(invitations.c.id == invitation_id, invitations.c.member_id.is_(None), *mine)
        if await self._sql.run(waiting) != 1:
            raise NotFound

    async def use_invitation(self, invitation_id: UUID, member_id: UUID) -> None:
        unused = (invitations.c.id == invitation_id, invitations.c.member_id.is_(None))
        if await self._sql.run(update(invitations).where(*unused).values(member_id=member_id)) != 1:
            raise NotFound

    async def client(self, client_id: str) -> Client:
        query = select(clients).where(clients.c.id == client_id)
        return to_struct(Client, await self._sql.row(query))

    async def add_client(self, client: Client) -> None:
        try:
            await self._sql.run(insert(clients).values(**to_row(clients, client)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save_client(self, client: Client) -> None:
        values = to_row(clients, client)
        await self._sql.run(update(clients).where(clients.c.id == client.id).values(**values))

    async def codes(self) -> dict[str, frozenset[str]]:
        """The codes that content may use: `topics`, `audiences`, `languages`."""
        found: dict[str, set[str]] = {"topics": set(), "audiences": set(), "languages": set()}
        for name, code in await self._sql.rows(_CODES):
            found.setdefault(name, set()).add(code)
        return {name: frozenset(codes) for name, codes in found.items()}
