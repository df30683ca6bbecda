"""Series: which occurrences an edit is for, how one of them differs, how a series is cut, and how time passes by it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from domain.coordination.activity import Activity, EditScope, OccurrenceChange, override_at, without_cancelled
from domain.errors import FieldError, InvalidContent
from domain.events import CLOCK, ActivityStopped, CalendarChanged, SeriesCut
from domain.merge_patch import merged
from domain.occurrences import Occurrence, expand, is_nearer
from domain.series import split
from domain.timing import HORIZON, Override, Timing, read_wall_time
from domain.timing_checks import check_timing
from domain.unit_of_work import UnitOfWork

CANCELLED_FOR = timedelta(days=60)
"""How long a cancelled occurrence is shown as cancelled, so that every subscriber has seen it; then it is left out."""


class Part(NamedTuple):
    """Which occurrences of a series an edit is for; `recurrence_id` is None for all."""

    scope: EditScope = "all"
    recurrence_id: str | None = None


ALL = Part()


def expanded(work: UnitOfWork, activity: Activity) -> list[Occurrence]:
    """The activity's occurrences up to the horizon; all cancelled where it does not take place."""
    found = expand(activity.plan.timing, activity.overrides, work.clock.now() + HORIZON, work.expand_rule)
    if activity.cancelled_at is None:
        return found
    return [replace(each, cancelled_at=each.cancelled_at or activity.cancelled_at) for each in found]


async def save(work: UnitOfWork, activity: Activity) -> Activity:
    """Save an activity and its occurrences anew; the caller commits."""
    now = work.clock.now()
    changed = replace(activity, updated_at=now)
    return await work.activities.save_expanded(changed, expanded(work, changed), now + HORIZON)


def expand_all(work: UnitOfWork, timing: Timing) -> list[Occurrence]:
    """The occurrences of a timing up to the horizon, without overrides."""
    return expand(timing, (), work.clock.now() + HORIZON, work.expand_rule)


def resolve(work: UnitOfWork, activity: Activity, part: Part) -> tuple[EditScope, str | None]:
    """What the edit really is for: `this_and_following` of the first occurrence is all."""
    if part.scope == "all":
        return "all", None
    if part.recurrence_id is None:
        raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="required")])
    if activity.plan.timing.recurrence is None:
        raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="no_series")])
    places = [each.recurrence_id for each in expand_all(work, activity.plan.timing)]
    if part.recurrence_id not in places:
        raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="no_such_occurrence")])
    if part.scope == "this_and_following" and part.recurrence_id == places[0]:
        return "all", None
    return part.scope, part.recurrence_id


def override_of(work: UnitOfWork, activity: Activity, at: str, changes: dict[str, object]) -> Override:
    """How an occurrence differs after changes of its times, title or location; null: as the series has it."""
    timing = changes.get("timing", {})
    asked = {**{k: v for k, v in changes.items() if k != "timing"}, **(timing if isinstance(timing, dict) else {})}
    fields = OccurrenceChange.__struct_fields__
    if wrong := sorted(set(asked) - set(fields)):
        raise InvalidContent(errors=[FieldError(pointer=f"/{wrong[0]}", code="of_the_series", allowed=fields)])
    known = override_at(activity, at)
    before = OccurrenceChange(start=known.start, end=known.end, title=known.title, location=known.location)
    change = merged(before, {name: value for name, value in asked.items() if value is not UNSET})
    usual = _usual(work, activity, replace(known, start=None, end=None))
    start, end = _span(work, activity, change.start or usual.start, change.end or usual.end)
    moves = (start, end) != (usual.start, usual.end)
    return Override(
        recurrence_id=at,
        start=start if moves else None,
        end=end if moves else None,
        title=change.title,
        location=change.location,
        cancelled_at=known.cancelled_at,
    )


def _usual(work: UnitOfWork, activity: Activity, override: Override) -> Occurrence:
    """An occurrence at its place in the series."""
    found = expand_all(work, activity.plan.timing)
    return next(each for each in found if each.recurrence_id == override.recurrence_id)


def _span(work: UnitOfWork, activity: Activity, start: str, end: str) -> tuple[str, str]:
    """The times of a moved occurrence in canonical spelling; InvalidContent where they cannot be."""
    alone = replace(activity.plan.timing, start=start, end=end, recurrence=None)
    checked = check_timing(alone, work.clock.now(), work.expand_rule)
    if checked.all_day != activity.plan.timing.all_day:
        raise InvalidContent(errors=[FieldError(pointer="/timing/start", code="day_and_time")])
    return checked.start, checked.end


async def cut(work: UnitOfWork, by: str, activity: Activity, at: str) -> Activity:
    """Cut the series before an occurrence: saves the first half, adds the second and gives it.

    Coverages, with their assignments, and bookings belong to the half of the nearest occurrence. What was assigned for
    the activity as a whole stays with the first half, and makes every part of the series visible.
    """
    halves, place = split(activity.plan.timing, at, work.expand_rule), read_wall_time(at)
    early = tuple(each for each in activity.overrides if read_wall_time(each.recurrence_id) < place)
    late = tuple(each for each in activity.overrides if read_wall_time(each.recurrence_id) >= place)
    now = work.clock.now()
    first = await save(work, replace(activity, plan=replace(activity.plan, timing=halves.before), overrides=early))
    second = replace(
        activity,
        id=work.ids.new(),
        plan=replace(activity.plan, timing=halves.after),
        overrides=late,
        split_from=activity.split_from or activity.id,
        external_uid=None,
        created_at=now,
        updated_at=now,
        revision=1,
    )
    await work.activities.add(second, expanded(work, second), now + HORIZON)
    cut_in_two = SeriesCut(
        actor=by,
        activity="activity.cut",
        target=f"activity:{activity.id}",
        detail={"state": activity.state, "second": str(second.id)},
        activity_id=activity.id,
        second_id=second.id,
        first=expanded(work, first),
        second=expanded(work, second),
    )
    for each in await work.coverages.list_of_activity(activity.id):
        if is_nearer(each.due_at, cut_in_two.second, cut_in_two.first):
            await work.coverages.save(replace(each, activity_id=second.id, updated_at=now))
            await work.assignments.follow_coverage(each.id, second.id)
    work.record(cut_in_two)
    return second


def changed(by: str, activity: str, of: Activity) -> CalendarChanged:
    detail: dict[str, object] = {"state": of.state}
    return CalendarChanged(actor=by, activity=f"activity.{activity}", target=f"activity:{of.id}", detail=detail)


def stopped(
    by: str, activity: Activity, reason: Any, since: datetime | None = None, until: datetime | None = None
) -> ActivityStopped:
    return ActivityStopped(
        actor=by,
        activity="activity.stop",
        target=f"activity:{activity.id}",
        detail={"reason": reason},
        activity_id=activity.id,
        since=since,
        until=until,
        reason=reason,
    )


def stop_one(work: UnitOfWork, by: str, activity: Activity, at: str) -> None:
    """Record that one occurrence does not take place."""
    here = next(each for each in expanded(work, activity) if each.recurrence_id == at)
    work.record(stopped(by, activity, "activity_cancelled", here.starts_at, here.ends_at))


async def roll_on(work: UnitOfWork, expanded_before: datetime, limit: int = 50) -> int:
    """Expand series further as time goes on, so that three years ahead are always there. Gives how many."""
    async with work:
        found = await work.activities.list_to_roll_on(expanded_before, limit)
        for each in found:
            await work.activities.extend(each.id, expanded(work, each), work.clock.now() + HORIZON)
        if found:
            await work.commit(_by_clock("activity.roll_on", len(found)))
    return len(found)


async def leave_out_cancelled(work: UnitOfWork, limit: int = 50) -> int:
    """Take occurrences that have been cancelled for `CANCELLED_FOR` out of their series. Gives of how many series."""
    async with work:
        before = work.clock.now() - CANCELLED_FOR
        found = await work.activities.list_with_cancelled(before, limit)
        for each in found:
            await save(work, without_cancelled(each, before))
        if found:
            await work.commit(_by_clock("activity.leave_out_cancelled", len(found)))
    return len(found)


def _by_clock(activity: str, number: int) -> CalendarChanged:
    return CalendarChanged(actor=CLOCK, activity=activity, target="activities", detail={"series": number})
