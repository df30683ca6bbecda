"""Coverages in PostgreSQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, insert, select

from domain.coordination.coverage import Coverage
from domain.errors import IdTaken
from storage.coordination.tables import coverages
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_C = coverages.c
_GET = Statement(select(coverages).where(_C.id == bindparam("wanted")))
_GET_SHARED = Statement(select(coverages).where(_C.id == bindparam("wanted")).with_for_update(read=True))
_OF_ACTIVITY = Statement(
    select(coverages).where(_C.activity_id == bindparam("wanted")).order_by(_C.id).with_for_update()
)
_OF_MATERIAL = Statement(
    select(coverages)
    .where(_C.material_id == bindparam("wanted"), _C.state != "cancelled")
    .order_by(_C.id)
    .with_for_update()
)
_REVISIONS = RevisionedTable(coverages, "id")


def _row(coverage: Coverage) -> Mapping[str, object]:
    plan = coverage.plan
    return to_row(coverages, coverage, kind=plan.kind, language=plan.language, material_id=plan.material_id)


class CoverageStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, coverage_id: UUID) -> Coverage:
        return to_struct(Coverage, await self._sql.row(_GET, wanted=coverage_id))

    async def find(self, coverage_id: UUID, *, shared: bool = False) -> Coverage | None:
        return find_struct(Coverage, await self._sql.row(_GET_SHARED if shared else _GET, wanted=coverage_id))

    async def list_of_activity(self, activity_id: UUID) -> Sequence[Coverage]:
        return [to_struct(Coverage, row) for row in await self._sql.rows(_OF_ACTIVITY, wanted=activity_id)]

    async def list_live_of_material(self, material_id: UUID) -> Sequence[Coverage]:
        return [to_struct(Coverage, row) for row in await self._sql.rows(_OF_MATERIAL, wanted=material_id)]

    async def add(self, coverage: Coverage) -> None:
        try:
            await self._sql.run(insert(coverages).values(_row(coverage)))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, coverage: Coverage) -> Coverage:
        return await _REVISIONS.save(self._sql, coverage, _row(coverage))
