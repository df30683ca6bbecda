"""Bookings in PostgreSQL, which keeps live ones of an outlet from overlapping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import ExclusionViolationError, UniqueViolationError
from sqlalchemy import Select, bindparam, func, insert, select

from domain.errors import IdTaken, SlotTaken
from domain.outlets.booking import Booking
from storage.outlets.tables import bookings
from storage.postgres.metadata import Instant
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_C = bookings.c
_GET = Statement(select(bookings).where(_C.id == bindparam("wanted")))
_LIVE: Select[Any] = select(bookings).where(_C.cancelled_at.is_(None)).order_by(_C.starts_at, _C.id)
_START, _END = bindparam("start", type_=Instant), bindparam("end", type_=Instant)
# Written as the exclusion constraint is, so that its index serves.
_BETWEEN = Statement(
    _LIVE.where(
        _C.outlet_id == bindparam("wanted"),
        func.tstzrange(_C.starts_at, _C.ends_at).op("&&")(func.tstzrange(_START, _END)),
    )
)
_OF_MATERIAL = Statement(_LIVE.where(_C.outlet_id == bindparam("wanted"), _C.material_id == bindparam("material")))
_AFTER = _C.ends_at > bindparam("after", type_=Instant)
# By id, so that two that lock some of the same wait for each other instead of meeting in a deadlock.
_LOCKED: Select[Any] = select(bookings).where(_C.cancelled_at.is_(None)).order_by(_C.id).with_for_update()
_FUTURE = {
    name: Statement(_LOCKED.where(_C[name] == bindparam("wanted"), _AFTER))
    for name in ("material_id", "activity_id", "outlet_id")
}
_REVISIONS = RevisionedTable(bookings, "id", fixed=["created_at", "sequence_base"])


class BookingStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, booking_id: UUID) -> Booking:
        return to_struct(Booking, await self._sql.row(_GET, wanted=booking_id))

    async def find(self, booking_id: UUID) -> Booking | None:
        return find_struct(Booking, await self._sql.row(_GET, wanted=booking_id))

    async def add(self, booking: Booking) -> None:
        try:
            await self._sql.run(insert(bookings).values(**to_row(bookings, booking)))
        except ExclusionViolationError as error:
            raise SlotTaken from error
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, booking: Booking) -> Booking:
        try:
            return await _REVISIONS.save(self._sql, booking, to_row(bookings, booking))
        except ExclusionViolationError as error:
            raise SlotTaken from error

    async def _list(self, statement: Statement, **values: object) -> Sequence[Booking]:
        return [to_struct(Booking, row) for row in await self._sql.rows(statement, **values)]

    async def list_between(self, outlet_id: UUID, start: datetime, end: datetime) -> Sequence[Booking]:
        return await self._list(_BETWEEN, wanted=outlet_id, start=start, end=end)

    async def list_of_material_at(self, outlet_id: UUID, material_id: UUID) -> Sequence[Booking]:
        return await self._list(_OF_MATERIAL, wanted=outlet_id, material=material_id)

    async def list_future_of_material(self, material_id: UUID, after: datetime) -> Sequence[Booking]:
        return await self._list(_FUTURE["material_id"], wanted=material_id, after=after)

    async def list_future_of_activity(self, activity_id: UUID, after: datetime) -> Sequence[Booking]:
        return await self._list(_FUTURE["activity_id"], wanted=activity_id, after=after)

    async def list_future_of_outlet(self, outlet_id: UUID, after: datetime) -> Sequence[Booking]:
        return await self._list(_FUTURE["outlet_id"], wanted=outlet_id, after=after)
