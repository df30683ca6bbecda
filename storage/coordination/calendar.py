"""Calendars: occurrences, bookings and due times within a range, and what an iCalendar feed is rendered from."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg
import msgspec

from domain.actor import Actor
from domain.coordination.calendar_feed import CalendarFeed, CalendarScope
from domain.errors import NotFound
from domain.identity.member import Role
from domain.permissions import can
from domain.scopes import scopes_of
from domain.timing import DEFAULT_ZONE
from storage.coordination.visibility import activity_visible, given_in_series, takes_part, within
from storage.outlets.titles import booked_title
from storage.postgres.connections import as_uuid, reading
from storage.postgres.lists import Lists, Row
from storage.postgres.rows import to_struct

CANCELLED_DAYS = 60
"""How long what was cancelled stays in calendars, as cancelled."""
_RECENT = f"now() - interval '{CANCELLED_DAYS} days'"
_MINE = """(s.member_id = {member} OR (s.member_id IS NULL AND s.organization_id = {organization}
            AND (s.role IS NULL OR s.role = ANY({roles}))))"""
_ALL, _ORG, _CAMPAIGN, _ORGANIZATION, _OUTLET, _PLACE, _KIND, _MEMBER, _ROLES = (f"${n}" for n in range(1, 10))
_FROM, _TO, _LIMIT, _AFTER_AT, _AFTER_ID, _AFTER_PLACE = (f"${n}" for n in range(10, 16))
_DO_MINE = given_in_series(
    f"s.state <> 'cancelled' AND {_MINE.format(member=_MEMBER, organization=_ORG, roles=_ROLES)}"
)
_ACTIVITY_FILTER = f"""
   {activity_visible(_ALL, _ORG)}
   AND ({_CAMPAIGN}::uuid IS NULL OR a.campaign_id = {_CAMPAIGN})
   AND ({_ORGANIZATION}::uuid IS NULL OR {takes_part(_ORGANIZATION)})
   AND {_OUTLET}::uuid IS NULL
   AND ({_PLACE}::uuid IS NULL OR {within(_PLACE)})
   AND ({_KIND}::text IS NULL OR a.kind = {_KIND})
   AND ({_MEMBER}::uuid IS NULL OR {_DO_MINE})
"""
_NO_ACTIVITY_FILTER = f"""{_PLACE}::uuid IS NULL AND {_KIND}::text IS NULL AND {_CAMPAIGN}::uuid IS NULL"""
_BOOKING_FILTER = f"""
   ({_ALL} OR b.owner_id = {_ORG}) AND ({_ORGANIZATION}::uuid IS NULL OR b.owner_id = {_ORGANIZATION})
   AND ({_OUTLET}::uuid IS NULL OR b.outlet_id = {_OUTLET}) AND {_MEMBER}::uuid IS NULL AND {_NO_ACTIVITY_FILTER}
   AND (b.cancelled_at IS NULL OR b.cancelled_at > {_RECENT})
"""
_ASSIGNMENT_FILTER = f"""
   ({_ALL} OR s.organization_id = {_ORG}) AND ({_ORGANIZATION}::uuid IS NULL OR s.organization_id = {_ORGANIZATION})
   AND {_OUTLET}::uuid IS NULL AND {_NO_ACTIVITY_FILTER} AND s.state <> 'declined'
   AND ({_MEMBER}::uuid IS NULL OR {_MINE.format(member=_MEMBER, organization=_ORG, roles=_ROLES)})
   AND (s.state <> 'cancelled' OR s.updated_at > {_RECENT})
"""
_ENTRIES = f"""
SELECT * FROM (
SELECT 'activity' AS type, a.id, o.recurrence_id, coalesce(o.title, a.title) AS title, o.starts_at, o.ends_at,
       o.all_day, o.start, o."end", coalesce(a.plan #>> '{{timing,zone}}', '{DEFAULT_ZONE}') AS zone, a.state,
       o.cancelled_at IS NOT NULL AS cancelled, a.kind, a.owner_id, a.campaign_id, NULL::uuid AS outlet_id,
       coalesce(o.location, a.plan ->> 'location') AS location,
       coalesce(a.plan #> '{{timing,recurrence,added}}' ? o.recurrence_id, false) AS added
  FROM occurrences o JOIN activities a ON a.id = o.activity_id
 WHERE tstzrange(o.starts_at, o.ends_at) && tstzrange({_FROM}, {_TO})
   AND (o.cancelled_at IS NULL OR o.cancelled_at > {_RECENT})
   AND {_ACTIVITY_FILTER}
UNION ALL
SELECT 'booking', b.id, '', {booked_title("m", "b", "x")}, b.starts_at, b.ends_at, false, b.start, NULL,
       coalesce(t.profile ->> 'zone', '{DEFAULT_ZONE}'), b.state,
       b.cancelled_at IS NOT NULL, NULL, b.owner_id, NULL, b.outlet_id, t.name, false
  FROM bookings b JOIN outlets t ON t.id = b.outlet_id
  LEFT JOIN materials m ON m.id = b.material_id LEFT JOIN activities x ON x.id = b.activity_id
 WHERE b.starts_at < {_TO} AND b.ends_at > {_FROM} AND {_BOOKING_FILTER}
UNION ALL
SELECT 'assignment', s.id, '', a.title, coalesce(c.due_at, s.due_at), coalesce(c.due_at, s.due_at), false,
       coalesce(c.plan ->> 'due', s.terms ->> 'due'), NULL,
       coalesce(c.plan ->> 'zone', s.terms ->> 'zone', '{DEFAULT_ZONE}'), s.state, s.state = 'cancelled',
       a.kind, s.organization_id, NULL, NULL, NULL, false
  FROM assignments s JOIN activities a ON a.id = s.activity_id LEFT JOIN coverages c ON c.id = s.coverage_id
 WHERE coalesce(c.due_at, s.due_at) >= {_FROM} AND coalesce(c.due_at, s.due_at) < {_TO} AND {_ASSIGNMENT_FILTER}
) e
 WHERE ({_AFTER_AT}::timestamptz IS NULL
        OR (starts_at, id, recurrence_id) > ({_AFTER_AT}, {_AFTER_ID}::uuid, {_AFTER_PLACE}))
 ORDER BY starts_at, id, recurrence_id LIMIT {_LIMIT}
"""  # noqa: S608 -- constants
_SERIES = f"""
SELECT a.id, a.revision, a.plan, a.overrides, a.state, a.note, a.cancelled_at, a.created_at, a.updated_at
  FROM activities a
 WHERE (a.cancelled_at IS NULL OR a.cancelled_at > {_RECENT}) AND {_ACTIVITY_FILTER} ORDER BY a.id
"""  # noqa: S608 -- constants
_BOOKED = f"""
SELECT b.id,
       b.sequence_base + b.revision + t.revision + coalesce(m.revision, 0) + coalesce(x.revision, 0) - 1 AS revision,
       b.start, b.starts_at, b.ends_at, b.state, b.note, b.created_at,
       greatest(b.updated_at, t.updated_at, m.updated_at, x.updated_at) AS updated_at,
       {booked_title("m", "b", "x")} AS title, t.name AS location,
       coalesce(t.profile ->> 'zone', '{DEFAULT_ZONE}') AS zone
  FROM bookings b JOIN outlets t ON t.id = b.outlet_id
  LEFT JOIN materials m ON m.id = b.material_id LEFT JOIN activities x ON x.id = b.activity_id
 WHERE {_BOOKING_FILTER} ORDER BY b.id
"""  # noqa: S608 -- constants
_DUE = f"""
SELECT s.id, s.sequence_base + s.revision + a.revision + coalesce(c.revision, 0) AS revision, s.state,
       s.terms ->> 'note' AS note,
       a.title, s.created_at, greatest(s.updated_at, a.updated_at, c.updated_at) AS updated_at,
       coalesce(c.due_at, s.due_at) AS due_at,
       coalesce(c.plan ->> 'zone', s.terms ->> 'zone', '{DEFAULT_ZONE}') AS zone
  FROM assignments s JOIN activities a ON a.id = s.activity_id LEFT JOIN coverages c ON c.id = s.coverage_id
 WHERE {_ASSIGNMENT_FILTER} ORDER BY s.id
"""  # noqa: S608 -- constants
# With the rights that its maker has now: a member's, or those of a client that acts for itself.
_FEED = """
SELECT f.*, o.id AS organization, o.kind = 'coordinator' AS central,
       coalesce(m.roles, c.roles) AS roles, c.scopes AS client_scopes
  FROM calendar_feeds f
  LEFT JOIN members m ON m.id = f.member_id
  LEFT JOIN clients c ON c.id = f.client_id AND f.member_id IS NULL
  JOIN organizations o ON o.id = coalesce(m.organization_id, c.organization_id)
 WHERE f.token_hash = $1 AND f.revoked_at IS NULL AND coalesce(m.active, c.active)
"""
# $1: the target, $2: whether the reader sees everything, $3: its organization. Nothing where it may not be read.
_NAMES: dict[CalendarScope, str] = {
    "organization": "SELECT name FROM organizations WHERE id = $1 AND ($2 OR id = $3)",
    "outlet": "SELECT name FROM outlets WHERE id = $1 AND ($2 OR owner_id = $3)",
    "campaign": "SELECT title FROM campaigns WHERE id = $1 AND ($2 OR owner_id = $3 OR $3 = ANY(participant_ids))",
    "member": "SELECT name FROM members WHERE id = $1 AND ($2 OR organization_id = $3)",
}


class CalendarQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which calendar: what the caller sees, narrowed. `member_id`: only what that member has to do."""

    everything: bool
    organization_of_caller: UUID
    campaign_id: UUID | None = None
    organization_id: UUID | None = None
    outlet_id: UUID | None = None
    district_id: UUID | None = None
    kind: str | None = None
    member_id: UUID | None = None
    roles: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[object, ...]:
        return (
            self.everything, self.organization_of_caller, self.campaign_id, self.organization_id, self.outlet_id,
            self.district_id, self.kind, self.member_id, list(self.roles),
        )  # fmt: skip


def query_of(actor: Actor, **filters: UUID | str | None) -> CalendarQuery:
    """The calendar that `actor` sees, narrowed by these filters."""
    return CalendarQuery(
        everything=actor.reaches_all,
        organization_of_caller=actor.organization_id,
        roles=tuple(sorted(actor.roles)),
        **filters,  # type: ignore[arg-type]
    )


class FeedContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar is rendered from."""

    name: str
    activities: list[Row]
    bookings: list[Row]
    assignments: list[Row]


class SubscribedFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A live feed and the calendar it shows."""

    feed: CalendarFeed
    query: CalendarQuery


class CalendarReader(Lists):
    async def list_entries(
        self,
        query: CalendarQuery,
        start: datetime,
        end: datetime,
        *,
        limit: int,
        after: tuple[datetime, UUID, str] | None = None,
    ) -> list[asyncpg.Record]:
        """Everything that touches a range, by start."""
        async with reading(self._pool) as connection, connection.transaction():
            # With one plan for all parameters PostgreSQL begins with every activity: three times as slow for a month.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            return await connection.fetch(_ENTRIES, *query.parameters, start, end, limit, *(after or (None, None, "")))

    async def get_feed(self, token_hash: bytes) -> SubscribedFeed:
        """A feed by its token; NotFound when there is none, it was revoked, or its maker may not read calendars now."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_FEED, token_hash)
        if row is None:
            raise NotFound
        feed = to_struct(CalendarFeed, row, request=msgspec.json.decode(row["request"]))
        roles: frozenset[Role] = frozenset(row["roles"])
        actor = Actor(
            client_id=feed.client_id,
            organization_id=as_uuid(row["organization"]),
            scopes=scopes_of(roles) if row["client_scopes"] is None else frozenset(row["client_scopes"]),
            roles=roles,
            member_id=feed.member_id,
            central=row["central"],
        )
        if not can(actor, "calendar.subscribe"):
            raise NotFound
        return SubscribedFeed(feed=feed, query=query_of(actor, **{f"{feed.request.scope}_id": feed.request.target_id}))

    async def get_content(self, subscribed: SubscribedFeed) -> FeedContent:
        """All activities, bookings and due times of a feed."""
        values, request = subscribed.query.parameters, subscribed.feed.request
        return FeedContent(
            name=request.title or await self._name(subscribed),
            activities=await self._fetch(_typed(_SERIES), *values, json=["plan", "overrides"]),
            bookings=await self._fetch(_typed(_BOOKED), *values),
            assignments=await self._fetch(_typed(_DUE), *values),
        )

    async def _name(self, subscribed: SubscribedFeed) -> str:
        """The name of what is shown; NotFound where the feed's maker has no part in it any more."""
        request, query = subscribed.feed.request, subscribed.query
        async with reading(self._pool) as connection:
            name = await connection.fetchval(
                _NAMES[request.scope], request.target_id, query.everything, query.organization_of_caller
            )
        if name is None:
            raise NotFound
        return str(name)

    async def get_stamp(self, subscribed: SubscribedFeed) -> str:
        """A text that is another one whenever the rendered calendar would be."""
        name = await self._name(subscribed)
        async with reading(self._pool) as connection:
            stamp = await connection.fetchval(_STAMP, *subscribed.query.parameters)
        return sha256(f"{name} {stamp}".encode()).hexdigest()[:32]


def _typed(sql: str) -> str:
    """Name every parameter's type once: PostgreSQL refuses one that a query does not use."""
    return f"""
WITH p AS (SELECT $1::boolean, $2::uuid, $3::uuid, $4::uuid, $5::uuid, $6::uuid, $7::text, $8::uuid, $9::text[])
{sql}"""


_STAMP = _typed(f"""
SELECT md5(concat_ws('|', current_date,
  (SELECT string_agg(id || ':' || revision, ',' ORDER BY id) FROM ({_SERIES}) x),
  (SELECT string_agg(id || ':' || revision, ',' ORDER BY id) FROM ({_BOOKED}) y),
  (SELECT string_agg(id || ':' || revision, ',' ORDER BY id) FROM ({_DUE}) z)))
""")  # noqa: S608 -- constants
