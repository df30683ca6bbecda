"""Materials and their history in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import IntegrityConstraintViolationError, Record
from sqlalchemy import bindparam, insert, select, update

from domain.content.content import Content
from domain.content.material import HistoryEntry, Material
from domain.errors import IdTaken
from domain.media.asset import Attachment
from storage.content.tables import history, materials
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(materials).where(materials.c.id == bindparam("wanted")))
_GET_LOCKED = Statement(select(materials).where(materials.c.id == bindparam("wanted")).with_for_update())
_REVISIONS = RevisionedTable(materials, "id")
_ADD_HISTORY = Statement(insert(history), *(column.key for column in history.columns if column.key != "place"))


def _row(material: Material) -> Mapping[str, object]:
    return {
        **to_row(materials, material),
        "content": material.content,
        "attachments": material.attachments,
        "kind": material.content.kind,
        "title": material.content.title,
        "expires_at": material.content.expires_at,
        "due_at": material.due_at,
    }


def material_of(row: Record | None) -> Material:
    """Build a material from a row of `materials`; NotFound for no row."""
    return to_struct(
        Material,
        row,
        content=msgspec.convert(row["content"], Content) if row else None,
        attachments=msgspec.convert(row["attachments"], tuple[Attachment, ...]) if row else None,
    )


class MaterialStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, material_id: UUID, *, lock: bool = False) -> Material:
        return material_of(await self._sql.row(_GET_LOCKED if lock else _GET, wanted=material_id))

    async def list_due(self, at: datetime, limit: int) -> Sequence[UUID]:
        query = select(materials.c.id).where(materials.c.due_at <= at).order_by(materials.c.due_at).limit(limit)
        return await self._sql.column(query)

    async def add(self, material: Material) -> None:
        try:
            await self._sql.run(insert(materials).values(_row(material)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save(self, material: Material) -> Material:
        return await _REVISIONS.save(self._sql, material, _row(material))

    async def add_history(self, material_id: UUID, entry: HistoryEntry) -> None:
        self._sql.defer(_ADD_HISTORY, **to_row(history, entry), material_id=material_id)

    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(materials).where(materials.c.owner_id == leaving_id)
        await self._sql.run(moved.values(owner_id=successor_id, revision=materials.c.revision + 1))
