"""Takedowns, and the ledger question "who ever received this?"."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.distribution.takedown import Obligation, Takedown
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import obligations, takedowns

_RECIPIENTS = Statement(
    text("""
SELECT l.organization_id
  FROM entries e JOIN ledger l ON l.channel_id = e.channel_id AND l.seq >= e.first_seq
       LEFT JOIN takedowns t ON t.material_id = e.material_id
 WHERE e.material_id = :material AND (t.id IS NULL OR l.first_asked_at <= t.opened_at)
UNION
SELECT d.organization_id
  FROM downloads d JOIN edition_assets a USING (asset_id)
 WHERE a.material_id = :material
 ORDER BY 1
""").bindparams(bindparam("material", type_=Uuid))
)
"""Everyone who was sent the material in any channel, or downloaded one of its files, whatever their grants are today.

Once a takedown is open only those count who had asked before it: a newcomer never receives a tombstoned material.
"""

LOSSES_LOCK = 3250_0003
_LOCK = Statement(text("SELECT pg_advisory_xact_lock(:lock)"))
_LOSSES = Statement(
    text("""
SELECT g.channel_id, g.organization_id
  FROM grants g
 WHERE g.revoked_at IS NOT NULL
   AND EXISTS (SELECT 1 FROM ledger l WHERE l.channel_id = g.channel_id AND l.organization_id = g.organization_id)
   AND NOT EXISTS (
       SELECT 1 FROM takedowns t JOIN obligations o ON o.takedown_id = t.id
        WHERE t.channel_id = g.channel_id AND o.organization_id = g.organization_id AND t.opened_at >= g.revoked_at)
""")
)


class TakedownStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, takedown_id: UUID) -> Takedown:
        query = select(takedowns).where(takedowns.c.id == takedown_id).with_for_update()
        row = await self._sql.row(query)
        owed = select(obligations).where(obligations.c.takedown_id == takedown_id)
        rows = await self._sql.rows(owed.order_by(obligations.c.organization_id))
        return to_struct(Takedown, row, obligations=tuple(to_struct(Obligation, each) for each in rows))

    async def add(self, takedown: Takedown) -> None:
        await self._sql.run(insert(takedowns).values(**to_row(takedowns, takedown)))
        await self._save_obligations(takedown)

    async def save(self, takedown: Takedown) -> None:
        values = to_row(takedowns, takedown)
        await self._sql.run(update(takedowns).where(takedowns.c.id == takedown.id).values(**values))
        await self._save_obligations(takedown)

    async def _save_obligations(self, takedown: Takedown) -> None:
        for each in takedown.obligations:
            values = dict(to_row(obligations, each, takedown_id=takedown.id))
            statement = upsert(obligations).values(**values)
            await self._sql.run(
                statement.on_conflict_do_update(index_elements=["takedown_id", "organization_id"], set_=values)
            )

    async def recipients(self, material_id: UUID) -> list[UUID]:
        return await self._sql.column(_RECIPIENTS, material=material_id)

    async def unasked_losses(self) -> list[tuple[UUID, UUID]]:
        await self._sql.row(_LOCK, lock=LOSSES_LOCK)
        return [(row["channel_id"], row["organization_id"]) for row in await self._sql.rows(_LOSSES)]

    async def open_since(self, at: datetime) -> list[Takedown]:
        ids = await self._sql.column(select(takedowns.c.id).where(takedowns.c.opened_at >= at))
        return [await self.get(each) for each in ids]
