"""Assets in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Pool, Record
from sqlalchemy import insert, select, update

from domain.errors import NotFound
from domain.media.asset import Asset
from storage.media.tables import assets
from storage.postgres.connections import as_uuid, reading
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql


class AssetStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, asset_id: UUID) -> Asset:
        return to_struct(Asset, await self._sql.row(select(assets).where(assets.c.id == asset_id)))

    async def list(self, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
        if not asset_ids:
            return {}
        rows = await self._sql.rows(select(assets).where(assets.c.id.in_(asset_ids)))
        return {asset.id: asset for asset in (to_struct(Asset, row) for row in rows)}

    async def add(self, asset: Asset) -> None:
        await self._sql.run(insert(assets).values(**to_row(assets, asset)))

    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None:
        await self._sql.run(update(assets).where(assets.c.owner_id == leaving_id).values(owner_id=successor_id))


_ASSET = "SELECT * FROM assets WHERE id = $1"


def asset_of(row: Record | None) -> Asset:
    """Build an asset from a row that has its columns; NotFound for no row."""
    if row is None:
        raise NotFound
    values = {name: row[name] for name in Asset.__struct_fields__}
    return Asset(**values | {"id": as_uuid(row["id"]), "owner_id": as_uuid(row["owner_id"])})


class AssetReader:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, asset_id: UUID) -> Asset:
        """Any stored asset; the caller checks who may see it."""
        async with reading(self._pool) as connection:
            return asset_of(await connection.fetchrow(_ASSET, asset_id))
