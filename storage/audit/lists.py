"""Reading the audit trail."""

import json
from datetime import datetime

from storage.postgres.lists import Lists, Row

_AUDIT = """
SELECT place AS id, at, actor, verb AS activity, thing AS target, detail, seal_no AS chain_no FROM audit
 WHERE place < $1 AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR thing = $3)
   AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
 ORDER BY place DESC LIMIT $6
"""
_LAST = 2**62


class AuditLists(Lists):
    async def page(
        self,
        *,
        after: int | None,
        actor: str | None,
        target: str | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> list[Row]:
        """The audit trail, newest first."""
        place = _LAST if after is None else after
        rows = await self._fetch(_AUDIT, place, actor, target, since, until, limit)
        return [row | {"detail": json.loads(row["detail"])} for row in rows]
