"""OAuth clients in PostgreSQL."""

from uuid import UUID

from asyncpg import IntegrityConstraintViolationError, Pool
from sqlalchemy import bindparam, insert, select, update

from domain.errors import IdTaken, NotFound
from domain.identity.client import Client
from storage.identity.tables import clients
from storage.postgres.connections import reading
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement, json_value

_GET = Statement(select(clients).where(clients.c.id == bindparam("wanted")))
_REVISIONS = RevisionedTable(clients, "id")


class ClientStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, client_id: str) -> Client:
        found = await self.find(client_id)
        if found is None:
            raise NotFound
        return found

    async def find(self, client_id: str) -> Client | None:
        return find_struct(Client, await self._sql.row(_GET, wanted=client_id))

    async def add(self, client: Client) -> None:
        try:
            await self._sql.run(insert(clients).values(**to_row(clients, client)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save(self, client: Client) -> Client:
        return await _REVISIONS.save(self._sql, client, to_row(clients, client))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(clients).where(clients.c.organization_id == leaving_id)
        await self._sql.run(moved.values(organization_id=successor_id, revision=clients.c.revision + 1))


async def find_client(pool: Pool, client_id: str) -> Client | None:
    """A client as it is stored now, read without a transaction."""
    async with reading(pool) as connection:
        row = await connection.fetchrow(_GET.sql, client_id)
    return None if row is None else to_struct(Client, row, jwks=json_value(row["jwks"]))
