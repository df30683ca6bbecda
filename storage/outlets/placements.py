"""Placements in PostgreSQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, insert, select

from domain.errors import IdTaken
from domain.outlets.placement import Placement
from storage.outlets.tables import placements
from storage.postgres.connections import as_uuid
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(placements).where(placements.c.id == bindparam("wanted")))
_ADD = Statement(insert(placements), *(column.key for column in placements.columns))
_REVISIONS = RevisionedTable(placements, "id", fixed=["created_at"])


def _row(placement: Placement) -> Mapping[str, object]:
    report = placement.report
    return to_row(
        placements,
        placement,
        outlet_id=report.outlet_id,
        material_id=report.material_id,
        starts_at=report.starts_at,
        reach=report.reach,
    )


class PlacementStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, placement_id: UUID) -> Placement:
        return to_struct(Placement, await self._sql.row(_GET, wanted=placement_id))

    async def find(self, placement_id: UUID) -> Placement | None:
        return find_struct(Placement, await self._sql.row(_GET, wanted=placement_id))

    async def list_booked(self, booking_ids: Sequence[UUID]) -> set[UUID | None]:
        query = select(placements.c.booking_id).where(placements.c.booking_id.in_(booking_ids)).distinct()
        return {as_uuid(each) for each in await self._sql.column(query)}

    async def add(self, placement: Placement) -> None:
        try:
            await self._sql.run(_ADD, **_row(placement))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, placement: Placement) -> Placement:
        return await _REVISIONS.save(self._sql, placement, _row(placement))
