"""Importing calendar files: entries become activities, known again by their UID."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import activities, series
from domain.coordination.activity import OPEN, Activity, ActivityKind, ActivityPlan, overridden, override_at
from domain.coordination.calendar_file import CalendarImport, ImportedEvent, ImportedOverride
from domain.errors import FieldError, ImportRefused, InvalidContent, WrongState
from domain.events import CalendarChanged
from domain.occurrences import Occurrence
from domain.permissions import require
from domain.tables import MAX_ERRORS
from domain.timing import Override
from domain.timing_checks import check_timing
from domain.unit_of_work import UnitOfWork

_FIELDS = ("title", "summary", "location", "timing")


class Defaults(NamedTuple):
    """What a calendar file does not say of its activities."""

    kind: ActivityKind
    campaign_id: UUID | None


async def import_events(
    work: UnitOfWork, actor: Actor, events: Sequence[ImportedEvent], defaults: Defaults, *, dry_run: bool
) -> CalendarImport:
    """Add what is new and change what is known, all or nothing; gives what was (or would be) changed.

    ImportRefused names every entry that is wrong, by its place in the file.
    """
    require(actor, "activity.manage", actor.organization_id)
    errors: list[FieldError] = []
    result = CalendarImport()
    async with work:
        for event in events:
            if len(errors) >= MAX_ERRORS:
                break
            try:
                result = await _import(work, actor, event, defaults, result)
            except InvalidContent as error:
                errors += [replace(each, pointer=f"/{event.row}{each.pointer}") for each in error.errors]
            except WrongState:
                errors.append(FieldError(pointer=f"/{event.row}/campaign_id", code="not_active"))
        if errors:
            raise ImportRefused(errors=errors[:MAX_ERRORS])
        if not dry_run and (result.added or result.changed or result.cancelled):
            about: dict[str, object] = {"added": len(result.added), "changed": len(result.changed)}
            about["cancelled"] = len(result.cancelled)
            event_of = CalendarChanged(actor=actor.key, activity="activity.import", target="activities", detail=about)
            await work.commit(event_of)
    return result


async def _import(
    work: UnitOfWork, actor: Actor, event: ImportedEvent, defaults: Defaults, result: CalendarImport
) -> CalendarImport:
    owner = actor.organization_id
    known = await work.activities.find_by_uid(owner, event.uid)
    if known is not None and await work.activities.is_cut(known.id):
        raise InvalidContent(errors=[FieldError(pointer="/uid", code="series_was_cut")])
    if known is None:
        if event.cancelled:
            return replace(result, unchanged=result.unchanged + 1)
        plan = ActivityPlan(
            kind=defaults.kind,
            title=event.title,
            summary=event.summary,
            location=event.location,
            campaign_id=defaults.campaign_id,
            timing=event.timing,
        )
        checked = await activities.checked_plan(work, actor, plan, owner)
        made = activities.made(work, work.ids.new(), checked, owner, event.uid)
        await activities.add(work, _with_overrides(work, made, event.overrides))
        return replace(result, added=(*result.added, event.title))
    if known.state not in OPEN:
        return replace(result, unchanged=result.unchanged + 1)
    if event.cancelled:
        saved = await activities.advance(work, actor.key, known, "cancel", known.note)
        await activities.notify(work, actor, saved)
        return replace(result, cancelled=(*result.cancelled, event.title))
    return await _change(work, actor, known, event, result)


async def _change(
    work: UnitOfWork, actor: Actor, known: Activity, event: ImportedEvent, result: CalendarImport
) -> CalendarImport:
    event = _with_left_out(known, event)
    timing = check_timing(event.timing, work.clock.now(), work.expand_rule)
    wanted = {"title": event.title, "summary": event.summary, "location": event.location, "timing": timing}
    fields = [name for name in _FIELDS if getattr(known.plan, name) != wanted[name]]
    changed = _with_overrides(work, replace(known, plan=replace(known.plan, **wanted)), event.overrides)
    if _without_times(changed) != _without_times(known):
        fields.append("overrides")
    if not fields:
        return replace(result, unchanged=result.unchanged + 1)
    plan = await activities.checked_plan(work, actor, changed.plan, known.owner_id)
    saved = await series.save(work, replace(changed, plan=plan))
    for each in saved.overrides:
        if each.cancelled_at is not None and override_at(known, each.recurrence_id).cancelled_at is None:
            series.stop_one(work, actor.key, saved, each.recurrence_id)
    await activities.notify(work, actor, saved)
    return replace(result, changed={**result.changed, event.uid: fields})


def _with_left_out(known: Activity, event: ImportedEvent) -> ImportedEvent:
    """The entry of the file, without those cancelled occurrences that the series here leaves out by now."""
    mine, theirs = known.plan.timing.recurrence, event.timing.recurrence
    if mine is None or theirs is None:
        return event
    gone = {each.recurrence_id for each in event.overrides if each.cancelled} & set(mine.excluded)
    recurrence = replace(theirs, excluded=tuple(sorted({*theirs.excluded, *gone})))
    return replace(
        event,
        timing=replace(event.timing, recurrence=recurrence),
        overrides=tuple(each for each in event.overrides if each.recurrence_id not in gone),
    )


def _without_times(activity: Activity) -> list[Override]:
    """The overrides, whatever the time at which one was cancelled."""
    return [
        replace(each, cancelled_at=activity.created_at if each.cancelled_at else None) for each in activity.overrides
    ]


def _with_overrides(work: UnitOfWork, activity: Activity, overrides: Sequence[ImportedOverride]) -> Activity:
    """The activity with the overrides of the file in the place of its own: the file says how its entry is."""
    usual = {each.recurrence_id: each for each in series.expand_all(work, activity.plan.timing)}
    before, changed = activity, replace(activity, overrides=())
    for each in overrides:
        if each.recurrence_id not in usual:
            raise InvalidContent(errors=[FieldError(pointer="/recurrence-id", code="no_such_occurrence")])
        changed = overridden(changed, _override(work, before, each, usual[each.recurrence_id]))
    return changed


def _override(work: UnitOfWork, activity: Activity, each: ImportedOverride, usual: Occurrence) -> Override:
    plan = activity.plan
    alone = replace(plan.timing, start=each.start, end=each.end, recurrence=None)
    timing = check_timing(alone, work.clock.now(), work.expand_rule)
    if timing.all_day != plan.timing.all_day:
        raise InvalidContent(errors=[FieldError(pointer="/dtstart", code="day_and_time")])
    moved = (timing.start, timing.end) != (usual.start, usual.end)
    cancelled_at = override_at(activity, each.recurrence_id).cancelled_at or work.clock.now()
    return Override(
        recurrence_id=each.recurrence_id,
        start=timing.start if moved else None,
        end=timing.end if moved else None,
        title=each.title if each.title and each.title != plan.title else None,
        location=each.location if each.location and each.location != plan.location else None,
        cancelled_at=cancelled_at if each.cancelled else None,
    )
