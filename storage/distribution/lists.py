"""Staff and partner lists of takedowns."""

import json
from uuid import UUID

from domain.actor import Actor
from storage.postgres.lists import LAST, Lists, Row

_TAKEDOWNS = """
SELECT t.id, t.reason, t.note, t.material_id, c.slug AS channel, t.opened_at, t.closed_at, o.obligations
  FROM takedowns t LEFT JOIN channels c ON c.id = t.channel_id
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'organization_id', organization_id, 'status', status, 'note', note,
                'acknowledged_at', acknowledged_at)) ORDER BY organization_id) AS obligations
         FROM obligations WHERE takedown_id = t.id AND ($2 OR organization_id = $3)) o ON true
 WHERE t.id < $1 AND ($2 OR o.obligations IS NOT NULL)
   AND ($4::uuid IS NULL OR t.id = $4)
   AND ($5::boolean IS NULL OR $5 = (t.closed_at IS NULL AND ($2 OR EXISTS (
        SELECT 1 FROM obligations m WHERE m.takedown_id = t.id AND m.organization_id = $3 AND m.status IS NULL))))
 ORDER BY t.id DESC LIMIT $6
"""


class TakedownLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: UUID | None = None,
        one: UUID | None = None,
        waiting: bool | None = None,
        limit: int,
    ) -> list[Row]:
        """Takedowns that address the actor's organization, newest first; who reaches all sees everyone's answers."""
        reach = (actor.reaches_all, actor.organization_id)
        rows = await self._fetch(_TAKEDOWNS, after or LAST, *reach, one, waiting, limit)
        return [row | {"obligations": json.loads(row.get("obligations", "[]"))} for row in rows]
