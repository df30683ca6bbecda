"""Activities and their expanded occurrences in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, delete, exists, insert, select, text, update

from domain.coordination.activity import OPEN, Activity
from domain.errors import IdTaken
from domain.occurrences import Occurrence
from domain.timing import MAX_EXCLUDED
from storage.coordination.succession import succeed
from storage.coordination.tables import activities, occurrences
from storage.postgres.metadata import Instant
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_C = activities.c
_GET = Statement(select(activities).where(_C.id == bindparam("wanted")))
_GET_LOCKED = Statement(select(activities).where(_C.id == bindparam("wanted")).with_for_update())
_GET_SHARED = Statement(select(activities).where(_C.id == bindparam("wanted")).with_for_update(read=True))
_REVISIONS = RevisionedTable(activities, "id", fixed=["created_at"])
_CLEAR = Statement(delete(occurrences).where(occurrences.c.activity_id == bindparam("wanted")))
_FIELDS = ("recurrence_id", "start", "end", "starts_at", "ends_at", "all_day", "title", "location", "cancelled_at")
_WITH_CANCELLED = Statement(
    text("""
SELECT * FROM activities
 WHERE recurring AND overrides <> '[]' AND cancelled_at IS NULL
   AND coalesce(jsonb_array_length(plan #> '{timing,recurrence,excluded}'), 0) < :bound
   AND EXISTS (SELECT FROM jsonb_array_elements(overrides) o
                WHERE CAST(o ->> 'cancelled_at' AS timestamptz) < CAST(:before AS timestamptz))
 ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
""").bindparams(bindparam("before", type_=Instant))
)
_EXPAND = Statement(
    text("""
INSERT INTO occurrences (activity_id, recurrence_id, start, "end", starts_at, ends_at, all_day, title, location,
                         cancelled_at)
SELECT CAST(:activity AS uuid), * FROM unnest(
       CAST(:recurrence_id AS text[]), CAST(:start AS text[]), CAST(:end AS text[]),
       CAST(:starts_at AS timestamptz[]), CAST(:ends_at AS timestamptz[]), CAST(:all_day AS boolean[]),
       CAST(:title AS text[]), CAST(:location AS text[]), CAST(:cancelled_at AS timestamptz[]))
""")
)
# Both may have imported the same entry of a calendar; the successor knows its own by the UID.
_ONE_OF_EACH_UID = """
       external_uid = CASE WHEN owner_id = :leaving AND EXISTS (
         SELECT FROM activities o WHERE o.owner_id = :successor AND o.external_uid = activities.external_uid)
         THEN NULL ELSE external_uid END,"""
_SUCCEED = Statement(
    succeed("activities", ("place_ids", "participant_ids"), ("planned", "confirmed", "postponed"), _ONE_OF_EACH_UID)
)


def _row(activity: Activity, horizon: datetime) -> Mapping[str, object]:
    plan = activity.plan
    return to_row(
        activities,
        activity,
        campaign_id=plan.campaign_id,
        kind=plan.kind,
        title=plan.title,
        place_ids=list(plan.place_ids),
        participant_ids=list(plan.participant_ids),
        topics=list(plan.topics),
        audiences=list(plan.audiences),
        recurring=plan.timing.recurrence is not None,
        expanded_until=horizon,
    )


class ActivityStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, activity_id: UUID, *, lock: bool = False, shared: bool = False) -> Activity:
        statement = _GET_LOCKED if lock else _GET_SHARED if shared else _GET
        return to_struct(Activity, await self._sql.row(statement, wanted=activity_id))

    async def find(self, activity_id: UUID, *, shared: bool = False) -> Activity | None:
        return find_struct(Activity, await self._sql.row(_GET_SHARED if shared else _GET, wanted=activity_id))

    async def find_by_uid(self, owner_id: UUID, uid: str) -> Activity | None:
        query = select(activities).where(_C.owner_id == owner_id, _C.external_uid == uid)
        return find_struct(Activity, await self._sql.row(query))

    async def list_open_of_campaign(self, campaign_id: UUID) -> Sequence[Activity]:
        query = select(activities).where(_C.campaign_id == campaign_id, _C.state.in_(sorted(OPEN))).order_by(_C.id)
        return [to_struct(Activity, row) for row in await self._sql.rows(query.with_for_update())]

    async def list_to_roll_on(self, expanded_before: datetime, limit: int) -> Sequence[Activity]:
        due = select(activities).where(
            _C.recurring, _C.expanded_until < bindparam("before", type_=Instant), _C.cancelled_at.is_(None)
        )
        # Locked: an edit at the same time must not be written over by occurrences of the series before it.
        query = due.order_by(_C.expanded_until).limit(limit).with_for_update(skip_locked=True)
        return [to_struct(Activity, row) for row in await self._sql.rows(query, before=expanded_before)]

    async def list_with_cancelled(self, before: datetime, limit: int) -> Sequence[Activity]:
        rows = await self._sql.rows(_WITH_CANCELLED, before=before, most=limit, bound=MAX_EXCLUDED)
        return [to_struct(Activity, row) for row in rows]

    async def is_cut(self, activity_id: UUID) -> bool:
        return bool((await self._sql.column(select(exists().where(_C.split_from == activity_id))))[0])

    async def add(self, activity: Activity, found: Sequence[Occurrence], horizon: datetime) -> None:
        try:
            await self._sql.run(insert(activities).values(_row(activity, horizon)))
        except UniqueViolationError as error:
            raise IdTaken from error
        await self._expand(activity.id, found)

    async def save(self, activity: Activity) -> Activity:
        row = {name: value for name, value in _row(activity, activity.updated_at).items() if name != "expanded_until"}
        kept = await self._sql.column(select(_C.expanded_until).where(_C.id == activity.id))
        return await _REVISIONS.save(self._sql, activity, row | {"expanded_until": kept[0] if kept else None})

    async def save_expanded(self, activity: Activity, found: Sequence[Occurrence], horizon: datetime) -> Activity:
        saved = await _REVISIONS.save(self._sql, activity, _row(activity, horizon))
        await self._sql.run(_CLEAR, wanted=activity.id)
        await self._expand(activity.id, found)
        return saved

    async def extend(self, activity_id: UUID, found: Sequence[Occurrence], horizon: datetime) -> None:
        await self._sql.run(update(activities).where(_C.id == activity_id).values(expanded_until=horizon))
        await self._sql.run(_CLEAR, wanted=activity_id)
        await self._expand(activity_id, found)

    async def _expand(self, activity_id: UUID, found: Sequence[Occurrence]) -> None:
        columns = {name: [getattr(each, name) for each in found] for name in _FIELDS}
        await self._sql.run(_EXPAND, activity=activity_id, **columns)

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        await self._sql.run(_SUCCEED, leaving=leaving_id, successor=successor_id)
