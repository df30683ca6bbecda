"""Slots of outlets in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, insert, select

from domain.errors import IdTaken
from domain.outlets.outlet import Slot
from storage.outlets.tables import slots
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(slots).where(slots.c.id == bindparam("wanted")))
_OF_OUTLET = Statement(
    select(slots).where(slots.c.outlet_id == bindparam("wanted"), slots.c.removed_at.is_(None)).order_by(slots.c.id)
)
_REVISIONS = RevisionedTable(slots, "id", fixed=["outlet_id"])


class SlotStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, slot_id: UUID) -> Slot:
        return to_struct(Slot, await self._sql.row(_GET, wanted=slot_id))

    async def find(self, slot_id: UUID) -> Slot | None:
        return find_struct(Slot, await self._sql.row(_GET, wanted=slot_id))

    async def list_of_outlet(self, outlet_id: UUID) -> Sequence[Slot]:
        return [to_struct(Slot, row) for row in await self._sql.rows(_OF_OUTLET, wanted=outlet_id)]

    async def add(self, slot: Slot) -> None:
        try:
            await self._sql.run(insert(slots).values(**to_row(slots, slot)))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, slot: Slot) -> Slot:
        return await _REVISIONS.save(self._sql, slot, to_row(slots, slot))
