"""Staff lists of materials and their history."""

from uuid import UUID

from domain.actor import Actor
from storage.postgres.lists import LAST, Lists, Row

_MATERIALS = """
SELECT id, owner_id, revision, state, kind, title, version, live_version, scheduled_for, updated_at FROM materials
 WHERE id < $1 AND ($2 OR owner_id = $3) AND ($4::text IS NULL OR state = $4)
 ORDER BY id DESC LIMIT $5
"""
_HISTORY = """
SELECT at, by, verb AS action, state, version, revision, note FROM history
 WHERE material_id = $1 ORDER BY place LIMIT 1000
"""


class MaterialLists(Lists):
    async def page(self, actor: Actor, *, after: UUID | None, state: str | None, limit: int) -> list[Row]:
        """The materials that exist for `actor`, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_MATERIALS, after or LAST, *reach, state, limit)

    async def history(self, material_id: UUID) -> list[Row]:
        """Every step of a material's life, first to last."""
        return await self._fetch(_HISTORY, material_id)
