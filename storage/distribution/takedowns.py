"""Takedowns and their obligations in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.distribution.takedown import Obligation, Takedown
from storage.distribution.tables import obligations, takedowns
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_REVISIONS = RevisionedTable(takedowns, "id")
_OWN = (bindparam("leaving", type_=Uuid), bindparam("successor", type_=Uuid))
_MOVE = Statement(
    text("""
UPDATE obligations o SET organization_id = :successor WHERE organization_id = :leaving AND status IS NULL
   AND NOT EXISTS (SELECT 1 FROM obligations m
                    WHERE m.takedown_id = o.takedown_id AND m.organization_id = :successor)
""").bindparams(*_OWN)
)
_DROP = Statement(
    text("DELETE FROM obligations WHERE organization_id = :leaving AND status IS NULL").bindparams(_OWN[0])
)

_TOUCH = Statement(
    text("""
UPDATE takedowns SET revision = revision + 1
 WHERE id IN (SELECT takedown_id FROM obligations WHERE organization_id = :leaving AND status IS NULL)
""").bindparams(_OWN[0])
)
_CLOSE = Statement(
    text("""
UPDATE takedowns t SET closed_at = now()
 WHERE closed_at IS NULL AND NOT EXISTS (SELECT FROM obligations WHERE takedown_id = t.id AND status IS NULL)
""")
)


class TakedownStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, takedown_id: UUID) -> Takedown:
        row = await self._sql.row(select(takedowns).where(takedowns.c.id == takedown_id).with_for_update())
        owed = select(obligations).where(obligations.c.takedown_id == takedown_id)
        rows = await self._sql.rows(owed.order_by(obligations.c.organization_id))
        return to_struct(Takedown, row, obligations=tuple(to_struct(Obligation, each) for each in rows))

    async def find_of_material(self, material_id: UUID) -> Takedown | None:
        found = select(takedowns.c.id).where(takedowns.c.material_id == material_id).order_by(takedowns.c.opened_at)
        ids = await self._sql.column(found)
        return await self.get(ids[-1]) if ids else None

    async def list_opened_since(self, at: datetime) -> Sequence[Takedown]:
        ids = await self._sql.column(select(takedowns.c.id).where(takedowns.c.opened_at >= at))
        return [await self.get(each) for each in ids]

    async def add(self, takedown: Takedown) -> None:
        await self._sql.run(insert(takedowns).values(**to_row(takedowns, takedown)))
        await self._save_obligations(takedown)

    async def save(self, takedown: Takedown) -> Takedown:
        saved = await _REVISIONS.save(self._sql, takedown, to_row(takedowns, takedown))
        await self._save_obligations(takedown)
        return saved

    async def _save_obligations(self, takedown: Takedown) -> None:
        for each in takedown.obligations:
            values = dict(to_row(obligations, each, takedown_id=takedown.id))
            statement = upsert(obligations).values(**values)
            await self._sql.run(
                statement.on_conflict_do_update(index_elements=["takedown_id", "organization_id"], set_=values)
            )

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        # Locked with a new revision: an acknowledgement that was read before is refused instead of restoring a row.
        await self._sql.run(_TOUCH, leaving=leaving_id)
        await self._sql.run(_MOVE, leaving=leaving_id, successor=successor_id)
        await self._sql.run(_DROP, leaving=leaving_id)
        await self._sql.run(_CLOSE)
