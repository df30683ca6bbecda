"""Lists of campaigns, activities, assignments and calendar feeds, and the inbox."""

from datetime import datetime
from uuid import UUID

from domain.actor import Actor
from domain.distribution.change import cursor_at, read_cursor
from storage.coordination.visibility import activity_visible, placed_for, within
from storage.postgres.connections import reading
from storage.postgres.lists import FIRST, LAST, Lists, Row

_CAMPAIGNS = """
SELECT id, owner_id, revision, state, plan, note, created_at, updated_at FROM campaigns
 WHERE id < $1 AND ($2 OR owner_id = $3 OR $3 = ANY(participant_ids)) AND ($4::text IS NULL OR state = $4)
 ORDER BY id DESC LIMIT $5
"""
_PLACEMENTS = f"""
SELECT p.id, p.owner_id, p.revision, p.report, p.version, p.on_day, p.booking_id, p.late_seconds, p.after_takedown,
       p.created_at
  FROM placements p WHERE p.id < $1 AND ($2 OR p.owner_id = $3) AND {placed_for("$4")} ORDER BY p.id DESC LIMIT $5
"""  # noqa: S608 -- constants
_ACTIVITIES = f"""
SELECT a.id, a.owner_id, a.revision, a.state, a.plan, a.overrides, a.results, a.note, a.cancelled_at, a.split_from,
       a.created_at, a.updated_at
  FROM activities a
 WHERE a.id < $1 AND {activity_visible("$2", "$3")}
   AND ($4::uuid IS NULL OR a.owner_id = $4) AND ($5::uuid IS NULL OR a.campaign_id = $5)
   AND ($6::text IS NULL OR a.kind = $6) AND ($7::text IS NULL OR a.state = $7)
   AND ($8::uuid IS NULL OR {within("$8")})
   AND ($9::text IS NULL OR $9 = ANY(a.topics)) AND ($10::text IS NULL OR $10 = ANY(a.audiences))
   AND (($11::timestamptz IS NULL AND $12::timestamptz IS NULL) OR EXISTS (
        SELECT FROM occurrences o WHERE o.activity_id = a.id AND o.cancelled_at IS NULL
           AND ($11::timestamptz IS NULL OR o.ends_at > $11) AND ($12::timestamptz IS NULL OR o.starts_at < $12)))
 ORDER BY a.id DESC LIMIT $13
"""  # noqa: S608 -- constants
_COVERAGES = """
SELECT id, activity_id, revision, plan, due_at, state, flag FROM coverages WHERE activity_id = $1 ORDER BY due_at, id
"""
_OCCURRENCES = """
SELECT recurrence_id, start, "end", starts_at, ends_at, all_day, title, location, cancelled_at
  FROM occurrences WHERE activity_id = $1 ORDER BY starts_at, recurrence_id
"""
_ASSIGNMENTS = """
SELECT s.id, s.owner_id, s.revision, s.state, s.terms,
       jsonb_strip_nulls(jsonb_build_object('organization_id', s.organization_id, 'member_id', s.member_id,
                                            'role', s.role)) AS assignee,
       coalesce(c.due_at, s.due_at) AS due_at, s.parent_id, s.note, s.evidence, s.history, s.created_at, s.updated_at
  FROM assignments s LEFT JOIN coverages c ON c.id = s.coverage_id LEFT JOIN activities a ON a.id = s.activity_id
 WHERE s.id < $1 AND ($2 OR s.owner_id = $3 OR s.organization_id = $3)
   AND ($4::uuid IS NULL OR s.organization_id = $4) AND ($5::uuid IS NULL OR s.activity_id = $5)
   AND ($6::text IS NULL OR s.state = $6)
   AND ($7::boolean IS NULL OR $7 = (s.state IN ('assigned', 'accepted', 'in_progress')
        AND coalesce(c.due_at, s.due_at) < $8))
   AND ($9::uuid IS NULL OR s.id = $9) AND ($10::uuid IS NULL OR a.campaign_id = $10)
   AND ($11::timestamptz IS NULL OR (s.state = 'assigned' AND s.updated_at < $11))
 ORDER BY s.id DESC LIMIT $12
"""
_FEEDS = """
SELECT id, owner_id, member_id, request, created_at, revoked_at FROM calendar_feeds
 WHERE id > $1 AND ((owner_id = $3 AND (member_id IS NOT DISTINCT FROM $4 OR $5)) OR ($2 AND $5))
 ORDER BY id LIMIT $6
"""
_INBOX = """
SELECT i.seq, i.kind, i.target, i.at, i.note,
       coalesce(o.status IS NOT NULL, false) AS answered
  FROM inbox i
  LEFT JOIN obligations o ON i.kind = 'takedown' AND o.organization_id = i.organization_id
       AND o.takedown_id::text = split_part(i.target, ':', 2)
 WHERE i.organization_id = $1 AND i.seq > $2
   AND (i.member_id IS NULL OR i.member_id = $3) AND (i.role IS NULL OR i.role = ANY($4))
 ORDER BY i.seq LIMIT $5
"""


class CampaignLists(Lists):
    async def page(self, actor: Actor, *, after: UUID | None, state: str | None, limit: int) -> list[Row]:
        """Campaigns that exist for `actor`, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_CAMPAIGNS, after or LAST, *reach, state, limit, json=["plan"])

    async def placements(self, actor: Actor, campaign_id: UUID, *, after: UUID | None, limit: int) -> list[Row]:
        """Placements that count for a campaign, of outlets that exist for `actor`, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_PLACEMENTS, after or LAST, *reach, campaign_id, limit, json=["report"])


class ActivityLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: UUID | None,
        limit: int,
        organization: UUID | None = None,
        campaign: UUID | None = None,
        kind: str | None = None,
        state: str | None = None,
        district: UUID | None = None,
        topic: str | None = None,
        audience: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Row]:
        """Activities that exist for `actor`, newest first; `start` and `end`: only with an occurrence within."""
        reach = (actor.reaches_all, actor.organization_id)
        filters = (organization, campaign, kind, state, district, topic, audience, start, end)
        json = ["plan", "overrides", "results"]
        return await self._fetch(_ACTIVITIES, after or LAST, *reach, *filters, limit, json=json)

    async def coverages(self, activity_id: UUID) -> list[Row]:
        """The coverages of an activity, by due time."""
        return await self._fetch(_COVERAGES, activity_id, json=["plan"])

    async def occurrences(self, activity_id: UUID) -> list[Row]:
        """The expanded occurrences of an activity, by start."""
        return await self._fetch(_OCCURRENCES, activity_id)


class AssignmentLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        now: datetime,
        after: UUID | None = None,
        organization: UUID | None = None,
        activity: UUID | None = None,
        state: str | None = None,
        overdue: bool | None = None,
        one: UUID | None = None,
        campaign: UUID | None = None,
        unanswered_since: datetime | None = None,
        limit: int,
    ) -> list[Row]:
        """Assignments that the actor's organization gave or got, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        filters = (organization, activity, state, overdue, now, one, campaign, unanswered_since)
        json = ["terms", "assignee", "evidence", "history"]
        return await self._fetch(_ASSIGNMENTS, after or LAST, *reach, *filters, limit, json=json)


class CalendarFeedLists(Lists):
    async def page(self, actor: Actor, *, after: UUID | None, limit: int) -> list[Row]:
        """The actor's own feeds; a coordinator's list is that of everybody in reach."""
        coordinates = "coordinator" in actor.roles
        reach = (actor.reaches_all, actor.organization_id, actor.member_id, coordinates)
        return await self._fetch(_FEEDS, after or FIRST, *reach, limit, json=["request"])


class InboxReader(Lists):
    async def page(self, actor: Actor, since: str | None, limit: int) -> tuple[list[Row], str]:
        """Entries after a cursor in commit order, and the cursor to go on from.

        CursorInvalid and CursorExpired as for the change feed.
        """
        async with reading(self._pool) as connection:
            epoch = await connection.fetchval("SELECT epoch FROM feed_epoch")
        seq = read_cursor(since, epoch=epoch, channel_id=actor.organization_id) if since else 0
        rows = await self._fetch(_INBOX, actor.organization_id, seq, actor.member_id, sorted(actor.roles), limit)
        last = rows[-1]["seq"] if rows else seq
        return rows, str(cursor_at(epoch, actor.organization_id, last))
