"""Outlets in PostgreSQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import Uuid, bindparam, cast, func, insert, select, text, update

from domain.errors import IdTaken
from domain.outlets.outlet import Outlet
from storage.outlets.tables import bookings, outlets, placements
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(outlets).where(outlets.c.id == bindparam("wanted")))
_GET_LOCKED = Statement(select(outlets).where(outlets.c.id == bindparam("wanted")).with_for_update())
_REVISIONS = RevisionedTable(outlets, "id", fixed=["created_at"])


def _row(outlet: Outlet) -> Mapping[str, object]:
    profile = outlet.profile
    return to_row(outlets, outlet, place_id=profile.place_id, kind=profile.kind, name=profile.name)


class OutletStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, outlet_id: UUID, *, lock: bool = False) -> Outlet:
        return to_struct(Outlet, await self._sql.row(_GET_LOCKED if lock else _GET, wanted=outlet_id))

    async def find(self, outlet_id: UUID) -> Outlet | None:
        return find_struct(Outlet, await self._sql.row(_GET, wanted=outlet_id))

    async def add(self, outlet: Outlet) -> None:
        try:
            await self._sql.run(insert(outlets).values(_row(outlet)))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, outlet: Outlet) -> Outlet:
        return await _REVISIONS.save(self._sql, outlet, _row(outlet))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        for table in (outlets, bookings, placements):
            newer: dict[str, Any] = {"revision": table.c.revision + 1}
            if "updated_at" in table.c:
                newer["updated_at"] = func.now()
            moved = update(table).where(table.c.owner_id == leaving_id)
            await self._sql.run(moved.values(owner_id=successor_id, **newer))
        profile = func.jsonb_set(outlets.c.profile, text("'{place_id}'"), func.to_jsonb(cast(successor_id, Uuid)))
        served = update(outlets).where(outlets.c.place_id == leaving_id)
        await self._sql.run(served.values(place_id=successor_id, profile=profile, revision=outlets.c.revision + 1))
