"""Organizations, members, OAuth clients and the programme's codes in PostgreSQL."""

import contextlib
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import IdTaken
from domain.organization import Client, Member, Organization
from storage.rows import to_row, to_struct
from storage.tables import clients, members, organizations, vocabulary


class OrganizationStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def get(self, organization_id: UUID) -> Organization:
        query = select(organizations).where(organizations.c.id == organization_id)
        return to_struct(Organization, (await self._db.execute(query)).mappings().first())

    async def by_code(self, code: str) -> Organization:
        query = select(organizations).where(organizations.c.code == code)
        return to_struct(Organization, (await self._db.execute(query)).mappings().first())

    async def add(self, organization: Organization) -> None:
        await self._db.execute(insert(organizations).values(**to_row(organizations, organization)))

    async def member(self, login_or_id: str) -> Member:
        named = [members.c.login == login_or_id]
        with contextlib.suppress(ValueError):  # a login
            named.append(members.c.id == UUID(login_or_id))
        return to_struct(Member, (await self._db.execute(select(members).where(or_(*named)))).mappings().first())

    async def add_member(self, member: Member) -> None:
        await self._db.execute(insert(members).values(**to_row(members, member)))

    async def client(self, client_id: str) -> Client:
        query = select(clients).where(clients.c.id == client_id)
        return to_struct(Client, (await self._db.execute(query)).mappings().first())

    async def add_client(self, client: Client) -> None:
        try:
            await self._db.execute(insert(clients).values(**to_row(clients, client)))
        except IntegrityError as error:
            raise IdTaken from error

    async def save_client(self, client: Client) -> None:
        values = to_row(clients, client)
        await self._db.execute(update(clients).where(clients.c.id == client.id).values(**values))

    async def codes(self) -> dict[str, frozenset[str]]:
        """The codes that content may use: `topics`, `audiences`, `languages`."""
        found: dict[str, set[str]] = {"topics": set(), "audiences": set(), "languages": set()}
        for row in await self._db.execute(select(vocabulary.c.list, vocabulary.c.code)):
            found.setdefault(row.list, set()).add(row.code)
        return {name: frozenset(codes) for name, codes in found.items()}
