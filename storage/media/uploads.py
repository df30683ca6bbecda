"""Uploads in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from domain.media.upload import Upload
from storage.media.tables import uploads
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql

_REVISIONS = RevisionedTable(uploads, "id")


class UploadStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, upload_id: UUID, *, lock: bool = False) -> Upload:
        query = select(uploads).where(uploads.c.id == upload_id)
        return to_struct(Upload, await self._sql.row(query.with_for_update() if lock else query))

    async def list_expired(self, at: datetime, limit: int) -> Sequence[UUID]:
        return await self._sql.column(select(uploads.c.id).where(uploads.c.expires_at <= at).limit(limit))

    async def add(self, upload: Upload) -> None:
        await self._sql.run(insert(uploads).values(to_row(uploads, upload)))

    async def save(self, upload: Upload) -> Upload:
        return await _REVISIONS.save(self._sql, upload, to_row(uploads, upload))

    async def remove(self, upload_id: UUID) -> None:
        await self._sql.run(delete(uploads).where(uploads.c.id == upload_id))

    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(uploads).where(uploads.c.owner_id == leaving_id)
        await self._sql.run(moved.values(owner_id=successor_id, revision=uploads.c.revision + 1))
