"""Figures of campaigns and of the whole programme; each is the length of a list that the API gives too."""

from datetime import date, datetime, timedelta
from uuid import UUID

from domain.actor import Actor
from domain.timing import DEFAULT_ZONE
from storage.coordination.visibility import activity_visible, placed_for
from storage.postgres.lists import Lists, Row

UNANSWERED_AFTER = timedelta(days=3)
MAX_ROWS = 500
# For each place the district that it belongs to: itself where nothing above it is one.
_DISTRICTS = """
d AS (WITH RECURSIVE up AS (
        SELECT id AS place, id, parent_id, kind FROM organizations
        UNION ALL SELECT up.place, o.id, o.parent_id, o.kind FROM up JOIN organizations o ON o.id = up.parent_id
         WHERE up.kind <> 'district')
      SELECT place, coalesce((array_agg(id) FILTER (WHERE kind = 'district'))[1], place) AS district
        FROM up GROUP BY place)
"""
_WEEKS = f"""
LATERAL generate_series(date_trunc('week', o.starts_at AT TIME ZONE '{DEFAULT_ZONE}'),
                        date_trunc('week', (o.ends_at - interval '1 microsecond') AT TIME ZONE '{DEFAULT_ZONE}'),
                        interval '7 days') AS w(week)
"""
_OF_CAMPAIGN = f"SELECT a.* FROM activities a WHERE a.campaign_id = $3 AND {activity_visible('$1', '$2')}"  # noqa: S608
_ACTIVITY_STATES = f"SELECT state, count(*) AS count FROM ({_OF_CAMPAIGN}) a GROUP BY state ORDER BY state"  # noqa: S608
_ASSIGNMENT_STATES = """
SELECT s.state, count(*) AS count FROM assignments s JOIN activities a ON a.id = s.activity_id
 WHERE a.campaign_id = $3 AND ($1 OR s.owner_id = $2 OR s.organization_id = $2) GROUP BY s.state ORDER BY s.state
"""
_OVERDUE = """
SELECT count(*) AS count FROM assignments s LEFT JOIN coverages c ON c.id = s.coverage_id
  JOIN activities a ON a.id = s.activity_id
 WHERE s.state IN ('assigned', 'accepted', 'in_progress') AND coalesce(c.due_at, s.due_at) < $3
   AND ($1 OR s.owner_id = $2 OR s.organization_id = $2) AND ($4::uuid IS NULL OR a.campaign_id = $4)
"""
_CELLS = f"""
WITH {_DISTRICTS}
SELECT d.district AS district_id, n.name AS district, t.topic, w.week::date AS week, count(DISTINCT a.id) AS count
  FROM ({_OF_CAMPAIGN}) a
  JOIN occurrences o ON o.activity_id = a.id AND o.cancelled_at IS NULL
  CROSS JOIN unnest(a.topics) AS t(topic) CROSS JOIN unnest(a.place_ids) AS p(place)
  JOIN d ON d.place = p.place JOIN organizations n ON n.id = d.district
  CROSS JOIN {_WEEKS}
 GROUP BY 1, 2, 3, 4 ORDER BY week, district, topic LIMIT 5000
"""  # noqa: S608 -- constants
_PLACED = f"""
SELECT count(*) AS count, coalesce(sum(p.reach), 0)::bigint AS reach
  FROM placements p WHERE ($1 OR p.owner_id = $2) AND {placed_for("$3")}
"""  # noqa: S608 -- constants
_UNANSWERED = """
SELECT count(*) AS count FROM assignments s
 WHERE s.state = 'assigned' AND s.updated_at < $3 AND ($1 OR s.owner_id = $2 OR s.organization_id = $2)
"""
# What running campaigns promise for a district, a topic, an audience and a week, and no activity keeps.
_UNCOVERED = f"""
WITH {_DISTRICTS}, wanted AS (
  SELECT DISTINCT c.id AS campaign_id, c.title AS campaign, o.id AS district, o.name, t.topic, x.audience,
         w.week::date AS week
    FROM campaigns c
    CROSS JOIN LATERAL jsonb_array_elements_text(c.plan -> 'topics') AS t(topic)
    CROSS JOIN LATERAL jsonb_array_elements_text(c.plan -> 'audiences') AS x(audience)
    CROSS JOIN (SELECT id, name FROM organizations WHERE kind = 'district' AND successor_id IS NULL
                   AND (active_to IS NULL OR active_to > $1)) o
    CROSS JOIN generate_series(date_trunc('week', $2::timestamp), $3::timestamp, interval '7 days') AS w(week)
   WHERE c.state = 'running' AND w.week::date + 6 >= c.starts_on AND w.week::date <= c.ends_on),
covered AS (
  SELECT DISTINCT d.district, t.topic, x.audience, w.week::date AS week
    FROM occurrences o JOIN activities a ON a.id = o.activity_id
    CROSS JOIN unnest(a.topics) AS t(topic) CROSS JOIN unnest(a.audiences) AS x(audience)
    CROSS JOIN unnest(a.place_ids) AS p(place) JOIN d ON d.place = p.place
    CROSS JOIN {_WEEKS}
   WHERE o.cancelled_at IS NULL
     AND tstzrange(o.starts_at, o.ends_at) && tstzrange(
           $2::timestamp AT TIME ZONE '{DEFAULT_ZONE}' - interval '7 days',
           $3::timestamp AT TIME ZONE '{DEFAULT_ZONE}' + interval '7 days'))
SELECT w.*, count(*) OVER () AS total FROM wanted w
 WHERE NOT EXISTS (SELECT FROM covered c WHERE (c.district, c.topic, c.audience, c.week)
                                              = (w.district, w.topic, w.audience, w.week))
 ORDER BY week, name, topic, audience LIMIT $4
"""  # noqa: S608 -- constants
_IDLE = """
SELECT o.id, o.name, g.name AS organization, count(*) OVER () AS total
  FROM outlets o JOIN organizations g ON g.id = o.owner_id
 WHERE o.active
   AND NOT EXISTS (SELECT FROM bookings b WHERE b.outlet_id = o.id AND b.cancelled_at IS NULL
                      AND b.ends_at > $1 AND b.starts_at < $2)
   AND NOT EXISTS (SELECT FROM placements p WHERE p.outlet_id = o.id AND p.on_day >= $3)
 ORDER BY g.name, o.name LIMIT $4
"""
# Two activities at the same spot of the same place at the same time.
_CONFLICTS = """
WITH o AS (
  SELECT o.activity_id, coalesce(o.title, a.title) AS title, o.starts_at, o.ends_at, a.place_ids,
         coalesce(o.location, a.plan ->> 'location', '') AS location
    FROM occurrences o JOIN activities a ON a.id = o.activity_id AND a.state IN ('planned', 'confirmed')
   WHERE o.cancelled_at IS NULL AND tstzrange(o.starts_at, o.ends_at) && tstzrange($1, $2))
SELECT x.activity_id, x.title, y.activity_id AS other_id, y.title AS other_title,
       greatest(x.starts_at, y.starts_at) AS starts_at, x.location, count(*) OVER () AS total
  FROM o x JOIN o y ON y.location = x.location AND y.activity_id > x.activity_id
       AND y.starts_at < x.ends_at AND y.ends_at > x.starts_at AND y.place_ids && x.place_ids
 WHERE x.location <> '' ORDER BY 5, 1, 3 LIMIT $3
"""
_BEHIND = """
SELECT c.id, c.title, c.starts_on, c.ends_on, count(a.id) AS planned,
       count(a.id) FILTER (WHERE a.state = 'done') AS done,
       least(100, greatest(0, 100 * ($1::date - c.starts_on) / greatest(1, c.ends_on - c.starts_on + 1))) AS expected
  FROM campaigns c LEFT JOIN activities a ON a.campaign_id = c.id AND a.state <> 'cancelled'
 WHERE c.state = 'running' GROUP BY c.id ORDER BY c.ends_on, c.id
"""


class OverviewReader(Lists):
    async def campaign(self, actor: Actor, campaign_id: UUID, now: datetime) -> dict[str, list[Row]]:
        """The figures of one campaign, as far as `actor` sees what is behind them."""
        reach = (actor.reaches_all, actor.organization_id)
        return {
            "activities": await self._fetch(_ACTIVITY_STATES, *reach, campaign_id),
            "assignments": await self._fetch(_ASSIGNMENT_STATES, *reach, campaign_id),
            "overdue": await self._fetch(_OVERDUE, *reach, now, campaign_id),
            "coverage": await self._fetch(_CELLS, *reach, campaign_id),
            "placements": await self._fetch(_PLACED, *reach, campaign_id),
        }

    async def programme(self, actor: Actor, now: datetime, first: date, last: date) -> dict[str, list[Row]]:
        """What needs the coordinator, between the weeks of two days."""
        reach, ahead = (actor.reaches_all, actor.organization_id), now + timedelta(days=(last - first).days + 7)
        start, end = datetime.combine(first, datetime.min.time()), datetime.combine(last, datetime.min.time())
        return {
            "overdue": await self._fetch(_OVERDUE, *reach, now, None),
            "unanswered": await self._fetch(_UNANSWERED, *reach, now - UNANSWERED_AFTER),
            "uncovered": await self._fetch(_UNCOVERED, now, start, end, MAX_ROWS),
            "idle_outlets": await self._fetch(_IDLE, now, ahead, first - timedelta(days=28), MAX_ROWS),
            "conflicts": await self._fetch(_CONFLICTS, now, ahead, MAX_ROWS),
            "behind": await self._fetch(_BEHIND, first),
        }
