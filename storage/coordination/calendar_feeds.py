"""Calendar feeds and rosters in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid as UUIDColumn
from sqlalchemy import bindparam, cast, delete, func, insert, select, text, update

from domain.coordination.calendar_feed import CalendarFeed
from domain.coordination.roster import Attendee
from storage.coordination.tables import attendees, calendar_feeds
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_C = calendar_feeds.c
_GET = Statement(select(calendar_feeds).where(_C.id == bindparam("wanted")))
_REVISIONS = RevisionedTable(calendar_feeds, "id", fixed=["created_at", "token_hash"])


def _row(feed: CalendarFeed) -> Mapping[str, object]:
    return to_row(calendar_feeds, feed, scope=feed.request.scope, target_id=feed.request.target_id)


class CalendarFeedStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, feed_id: UUID) -> CalendarFeed:
        return to_struct(CalendarFeed, await self._sql.row(_GET, wanted=feed_id))

    async def add(self, feed: CalendarFeed) -> None:
        await self._sql.run(insert(calendar_feeds).values(_row(feed)))

    async def save(self, feed: CalendarFeed) -> CalendarFeed:
        return await _REVISIONS.save(self._sql, feed, _row(feed))

    async def revoke_of_member(self, member_id: UUID, at: datetime) -> None:
        live = update(calendar_feeds).where(_C.member_id == member_id, _C.revoked_at.is_(None))
        await self._sql.run(live.values(revoked_at=at, revision=_C.revision + 1))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        moved = update(calendar_feeds).where(_C.owner_id == leaving_id)
        await self._sql.run(moved.values(owner_id=successor_id, revision=_C.revision + 1))
        shown = update(calendar_feeds).where(_C.scope == "organization", _C.target_id == leaving_id)
        request = func.jsonb_set(_C.request, text("'{target_id}'"), func.to_jsonb(cast(successor_id, UUIDColumn)))
        await self._sql.run(shown.values(target_id=successor_id, request=request, revision=_C.revision + 1))


class RosterStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def list(self, activity_id: UUID) -> Sequence[Attendee]:
        query = select(attendees).where(attendees.c.activity_id == activity_id).order_by(attendees.c.number)
        return [to_struct(Attendee, row) for row in await self._sql.rows(query)]

    async def replace(self, activity_id: UUID, rows: Sequence[Attendee]) -> None:
        await self._sql.run(delete(attendees).where(attendees.c.activity_id == activity_id))
        if rows:
            values = [to_row(attendees, each, activity_id=activity_id) for each in rows]
            await self._sql.run(insert(attendees).values(values))

    async def forget_member(self, member_id: UUID) -> None:
        erased = update(attendees).where(attendees.c.member_id == member_id)
        await self._sql.run(erased.values(name="", unit="", member_id=None, certificate_number=""))
