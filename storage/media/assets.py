"""Assets and uploads in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from domain.errors import UploadLocked
from domain.media.asset import Asset
from domain.media.upload import Upload
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql
from storage.postgres.tables import assets, uploads


class AssetStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, asset_id: UUID) -> Asset:
        query = select(assets).where(assets.c.id == asset_id)
        return to_struct(Asset, await self._sql.row(query))

    async def many(self, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
        if not asset_ids:
            return {}
        rows = await self._sql.rows(select(assets).where(assets.c.id.in_(asset_ids)))
        return {asset.id: asset for asset in (to_struct(Asset, row) for row in rows)}

    async def add(self, asset: Asset) -> None:
        await self._sql.run(insert(assets).values(**to_row(assets, asset)))


class UploadStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, upload_id: UUID, *, lock: bool = False) -> Upload:
        query = select(uploads).where(uploads.c.id == upload_id)
        row = await self._sql.row(query.with_for_update() if lock else query)
        return to_struct(Upload, row)

    async def add(self, upload: Upload) -> None:
        await self._sql.run(insert(uploads).values(to_row(uploads, upload)))

    async def save(self, upload: Upload) -> None:
        values = to_row(uploads, upload)
        if await self._sql.run(update(uploads).where(uploads.c.id == upload.id).values(values)) != 1:
            raise UploadLocked

    async def remove(self, upload_id: UUID) -> None:
        await self._sql.run(delete(uploads).where(uploads.c.id == upload_id))

    async def expired(self, at: datetime, limit: int) -> list[UUID]:
        """Uploads past their time, and finished ones: their segments and rows may go."""
        query = select(uploads.c.id).where(uploads.c.expires_at <= at).limit(limit)
        return await self._sql.column(query)
