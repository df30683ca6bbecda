"""Assets and uploads in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.asset import Asset
from domain.errors import UploadLocked
from domain.upload import Upload
from storage.rows import to_row, to_struct
from storage.tables import assets, uploads


class AssetStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def get(self, asset_id: UUID) -> Asset:
        query = select(assets).where(assets.c.id == asset_id)
        return to_struct(Asset, (await self._db.execute(query)).mappings().first())

    async def many(self, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
        if not asset_ids:
            return {}
        rows = (await self._db.execute(select(assets).where(assets.c.id.in_(asset_ids)))).mappings()
        return {asset.id: asset for asset in (to_struct(Asset, row) for row in rows)}

    async def add(self, asset: Asset) -> None:
        await self._db.execute(insert(assets).values(**to_row(assets, asset)))


class UploadStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def get(self, upload_id: UUID, *, lock: bool = False) -> Upload:
        query = select(uploads).where(uploads.c.id == upload_id)
        row = (await self._db.execute(query.with_for_update() if lock else query)).mappings().first()
        return to_struct(Upload, row)

    async def add(self, upload: Upload) -> None:
        await self._db.execute(insert(uploads).values(to_row(uploads, upload)))

    async def save(self, upload: Upload) -> None:
        done = await self._db.execute(update(uploads).where(uploads.c.id == upload.id).values(to_row(uploads, upload)))
        if done.rowcount != 1:
            raise UploadLocked

    async def remove(self, upload_id: UUID) -> None:
        await self._db.execute(delete(uploads).where(uploads.c.id == upload_id))

    async def expired(self, at: datetime, limit: int) -> list[UUID]:
        """Uploads past their time, and finished ones: their segments and rows may go."""
        query = select(uploads.c.id).where(uploads.c.expires_at <= at).limit(limit)
        return list((await self._db.execute(query)).scalars())
