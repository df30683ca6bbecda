"""Activities: planned once or as a series, changed for one, some or all occurrences, done or stopped."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import inbox
from domain.coordination.actions.assignments import list_assigned
from domain.coordination.activity import (
    OPEN,
    TRANSITIONS,
    Activity,
    ActivityAction,
    ActivityPlan,
    EditScope,
    OccurrenceChange,
    Results,
    check_results,
    kept_overrides,
    overridden,
)
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import CLOCK, ActivityStopped, BookingMade, CalendarChanged, CampaignCancelled, OrganizationSucceeded
from domain.lifecycle import next_state
from domain.merge_patch import merged
from domain.permissions import check_owned, require, sees, takes_part
from domain.references import check_codes, check_organizations
from domain.timing import (
    HORIZON,
    Occurrence,
    Override,
    Timing,
    check_timing,
    expand,
    follow_clock,
    read_wall_time,
    same_day,
    split,
)
from domain.unit_of_work import UnitOfWork

_STOPS: dict[ActivityAction, Any] = {"cancel": "activity_cancelled", "postpone": "activity_postponed"}


class Part(NamedTuple):
    """Which occurrences of a series an edit is for; `recurrence_id` is None for all."""

    scope: EditScope = "all"
    recurrence_id: str | None = None


ALL = Part()


async def is_visible(work: UnitOfWork, actor: Actor, activity: Activity) -> bool:
    """Whether the activity exists for `actor`: owner, participants, those it was assigned to, the coordinator."""
    if takes_part(actor, activity.owner_id, activity.plan.participant_ids):
        return True
    return await work.assignments.is_assigned(activity.id, actor.organization_id)


async def read(work: UnitOfWork, actor: Actor, activity_id: UUID) -> Activity:
    """Get an activity; NotFound where the actor's organization has no part in it."""
    async with work:
        activity = await work.activities.get(activity_id)
        if not await is_visible(work, actor, activity):
            raise NotFound
    return activity


async def put(
    work: UnitOfWork,
    actor: Actor,
    activity_id: UUID,
    plan: ActivityPlan,
    *,
    owner_id: UUID | None = None,
    external_uid: str | None = None,
) -> tuple[Activity, bool]:
    """Plan an activity with a client-made id; the same again answers the same (and False), other content IdTaken."""
    owner = owner_id or actor.organization_id
    require(actor, "activity.manage", owner)
    async with work:
        known = await work.activities.find(activity_id)
        checked = await checked_plan(work, actor, plan, owner)
        if known is not None:
            if not sees(actor, known.owner_id) or known.plan != checked or known.owner_id != owner:
                raise IdTaken
            return known, False
        activity = await add(work, activity_id, checked, owner, external_uid)
        await _notify(work, actor, activity)
        await work.commit(_changed(actor.key, "create", activity))
    return activity, True


async def add(
    work: UnitOfWork, activity_id: UUID, plan: ActivityPlan, owner: UUID, external_uid: str | None = None
) -> Activity:
    """Add a checked plan; the caller commits."""
    now = work.clock.now()
    activity = Activity(
        id=activity_id, owner_id=owner, plan=plan, external_uid=external_uid, created_at=now, updated_at=now
    )
    await work.activities.add(activity, expanded(work, activity), now + HORIZON)
    return activity


async def checked_plan(work: UnitOfWork, actor: Actor, plan: ActivityPlan, owner: UUID) -> ActivityPlan:
    """Give the plan with its timing in canonical spelling, or raise InvalidContent."""
    timing = check_timing(plan.timing, work.clock.now(), work.expand_rule)
    check_codes(await work.vocabularies.codes(), topics=plan.topics, audiences=plan.audiences)
    lists = {"/place_ids": plan.place_ids, "/participant_ids": plan.participant_ids, "/owner_id": (owner,)}
    await check_organizations(work, lists)
    if plan.campaign_id is not None:
        campaign = await work.campaigns.find(plan.campaign_id, shared=True)
        if campaign is None or not takes_part(actor, campaign.owner_id, campaign.plan.participant_ids):
            raise InvalidContent(errors=[FieldError(pointer="/campaign_id", code="unknown_reference")])
        if not campaign.open:
            raise WrongState(action="plan", state=campaign.state, allowed=[])
    return replace(plan, timing=timing)


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


async def _notify(work: UnitOfWork, actor: Actor, activity: Activity, note: str = "") -> None:
    """Put the change into the inboxes of everybody who takes part, but the organization that made it."""
    involved = {activity.owner_id, *activity.plan.participant_ids, *await list_assigned(work, activity)}
    inbox.add_change(work, f"activity:{activity.id}", involved - {actor.organization_id}, "change", note)


def _changed(by: str, activity: str, of: Activity) -> CalendarChanged:
    detail: dict[str, object] = {"state": of.state}
    return CalendarChanged(actor=by, activity=f"activity.{activity}", target=f"activity:{of.id}", detail=detail)


async def _owned(work: UnitOfWork, actor: Actor, activity_id: UUID, revision: int) -> Activity:
    activity = await work.activities.get(activity_id)
    check_owned(actor, "activity.manage", activity.owner_id, visible=await is_visible(work, actor, activity))
    if activity.revision != revision:
        raise StaleVersion(current=activity.revision)
    return activity


async def patch(
    work: UnitOfWork, actor: Actor, activity_id: UUID, changes: dict[str, object], revision: int, part: Part = ALL
) -> Activity:
    """Merge changes into the plan (RFC 7396), for one occurrence, it and all that follow, or all.

    With `this_and_following` the series is cut in two; the second, which has the changes, is given.
    """
    async with work:
        activity = await _owned(work, actor, activity_id, revision)
        if activity.state not in OPEN:
            raise WrongState(action="patch", state=activity.state, allowed=[])
        saved = await _patch_part(work, actor, activity, changes, part)
        await _notify(work, actor, saved)
        await work.commit(_changed(actor.key, "patch", saved))
    return saved


async def _patch_part(
    work: UnitOfWork, actor: Actor, activity: Activity, changes: dict[str, object], part: Part
) -> Activity:
    scope, at = _scope(work, activity, part)
    if scope == "this":
        assert at is not None
        return await save(work, overridden(activity, _override(work, activity, at, changes)))
    if scope == "this_and_following":
        assert at is not None
        activity = await _cut(work, actor, activity, at)
    asked = merged(activity.plan, changes)
    asked = replace(asked, timing=follow_clock(activity.plan.timing, asked.timing))
    plan = await checked_plan(work, actor, asked, activity.owner_id)
    overrides = tuple(
        replace(each, recurrence_id=same_day(each.recurrence_id, activity.plan.timing, plan.timing))
        for each in activity.overrides
    )
    planned = replace(activity, plan=plan, overrides=overrides)
    places = frozenset(each.recurrence_id for each in expand_all(work, plan.timing))
    return await save(work, kept_overrides(planned, places))


def expand_all(work: UnitOfWork, timing: Timing) -> list[Occurrence]:
    """The occurrences of a timing up to the horizon, without overrides."""
    return expand(timing, (), work.clock.now() + HORIZON, work.expand_rule)


def _scope(work: UnitOfWork, activity: Activity, part: Part) -> tuple[EditScope, str | None]:
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


def _override(work: UnitOfWork, activity: Activity, at: str, changes: dict[str, object]) -> Override:
    """The override that changes of one occurrence make: its times, title or location."""
    timing = changes.get("timing", {})
    asked = {**{k: v for k, v in changes.items() if k != "timing"}, **(timing if isinstance(timing, dict) else {})}
    fields = OccurrenceChange.__struct_fields__
    if wrong := sorted(set(asked) - set(fields)):
        raise InvalidContent(errors=[FieldError(pointer=f"/{wrong[0]}", code="of_the_series", allowed=fields)])
    change = merged(OccurrenceChange(), {name: value for name, value in asked.items() if value is not UNSET})
    found = next(
        each
        for each in expand(activity.plan.timing, activity.overrides, work.clock.now() + HORIZON, work.expand_rule)
        if each.recurrence_id == at
    )
    start, end = change.start or found.start, change.end or found.end
    alone = replace(activity.plan.timing, start=start, end=end, recurrence=None)
    checked = check_timing(alone, work.clock.now(), work.expand_rule)
    if checked.all_day != activity.plan.timing.all_day:
        raise InvalidContent(errors=[FieldError(pointer="/timing/start", code="day_and_time")])
    moves = change.start is not None or change.end is not None
    return Override(
        recurrence_id=at,
        start=checked.start if moves else None,
        end=checked.end if moves else None,
        title=change.title,
        location=change.location,
    )


async def _cut(work: UnitOfWork, actor: Actor, activity: Activity, at: str) -> Activity:
    """Cut the series before an occurrence: saves the first half, adds the second and gives it."""
    halves, cut = split(activity.plan.timing, at, work.expand_rule), read_wall_time(at)
    early = tuple(each for each in activity.overrides if read_wall_time(each.recurrence_id) < cut)
    late = tuple(each for each in activity.overrides if read_wall_time(each.recurrence_id) >= cut)
    first = replace(activity, plan=replace(activity.plan, timing=halves.before), overrides=early)
    await save(work, first)
    work.record(_changed(actor.key, "cut", first))
    now = work.clock.now()
    second = replace(
        activity,
        id=work.ids.new(),
        plan=replace(activity.plan, timing=halves.after),
        overrides=late,
        split_from=activity.id,
        external_uid=None,
        created_at=now,
        updated_at=now,
        revision=1,
    )
    await work.activities.add(second, expanded(work, second), now + HORIZON)
    return second


async def move(
    work: UnitOfWork,
    actor: Actor,
    activity_id: UUID,
    action: ActivityAction,
    *,
    revision: int,
    note: str = "",
    results: Results | None = None,
    part: Part = ALL,
) -> Activity:
    """Confirm, complete with results, cancel, postpone or resume; of a series also one occurrence can be cancelled."""
    async with work:
        activity = await _owned(work, actor, activity_id, revision)
        if action in _STOPS and not note.strip():
            raise InvalidContent(errors=[FieldError(pointer="/note", code="required")])
        if results is not None:
            check_results(results)
        scope, at = _scope(work, activity, part)
        if scope != "all" and action != "cancel":
            raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="of_the_series")])
        next_state(TRANSITIONS, action, activity.state)
        if scope == "this":
            saved = await _cancel_one(work, actor, activity, str(at))
        else:
            whole = activity if at is None else await _cut(work, actor, activity, at)
            saved = await advance(work, actor.key, whole, action, note, results)
            if at is not None:
                _stop_rest(work, actor, activity, at)
        await _notify(work, actor, saved, note)
        await work.commit(_changed(actor.key, action, saved))
    return saved


async def advance(
    work: UnitOfWork, by: str, activity: Activity, action: ActivityAction, note: str, results: Results | None = None
) -> Activity:
    """Do an action to the whole activity; the caller commits."""
    state = next_state(TRANSITIONS, action, activity.state)
    stops = action in _STOPS
    changed = replace(
        activity,
        state=state,
        note=note,
        results=results or activity.results,
        cancelled_at=(activity.cancelled_at or work.clock.now()) if stops else None,
    )
    saved = await save(work, changed)
    if stops:
        work.record(_stopped(by, saved, _STOPS[action]))
    return saved


def _stopped(
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


async def _cancel_one(work: UnitOfWork, actor: Actor, activity: Activity, at: str) -> Activity:
    saved = await save(work, overridden(activity, Override(recurrence_id=at, cancelled_at=work.clock.now())))
    here = next(each for each in expanded(work, saved) if each.recurrence_id == at)
    work.record(_stopped(actor.key, saved, "activity_cancelled", here.starts_at, here.ends_at))
    return saved


def _stop_rest(work: UnitOfWork, actor: Actor, activity: Activity, at: str) -> None:
    """Bookings were made for the series as it was before the cut: those from the cut on are cancelled."""
    cut = next(each for each in expand_all(work, activity.plan.timing) if each.recurrence_id == at)
    work.record(_stopped(actor.key, activity, "activity_cancelled", cut.starts_at))


async def cancel_of_campaign(work: UnitOfWork, event: CampaignCancelled) -> None:
    """Cancel every open activity of a cancelled campaign."""
    for each in await work.activities.list_open_of_campaign(event.campaign_id):
        saved = await advance(work, event.actor, each, "cancel", each.note)
        inbox.add_change(work, f"activity:{saved.id}", {saved.owner_id, *saved.plan.participant_ids})


async def check_booked(work: UnitOfWork, event: BookingMade) -> None:
    """Refuse a booking of an activity that does not exist for whoever books, or does not take place."""
    activity = await work.activities.find(event.activity_id, shared=True)
    seen_by = event.organization_id
    visible = activity is not None and (
        seen_by is None
        or seen_by in (activity.owner_id, *activity.plan.participant_ids)
        or await work.assignments.is_assigned(activity.id, seen_by)
    )
    if activity is None or not visible:
        raise InvalidContent(errors=[FieldError(pointer="/activity_id", code="unknown_reference")])
    if activity.state not in ("planned", "confirmed"):
        raise InvalidContent(errors=[FieldError(pointer="/activity_id", code="not_active")])


async def roll_on(work: UnitOfWork, expanded_before: datetime, limit: int = 50) -> int:
    """Expand series further as time goes on, so that three years ahead are always there. Gives how many."""
    async with work:
        found = await work.activities.list_to_roll_on(expanded_before, limit)
        for each in found:
            await work.activities.extend(each.id, expanded(work, each), work.clock.now() + HORIZON)
        if found:
            about: dict[str, object] = {"series": len(found)}
            await work.commit(
                CalendarChanged(actor=CLOCK, activity="activity.roll_on", target="activities", detail=about)
            )
    return len(found)


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the open activities of the leaving organization to its successor, and its part in those of others."""
    await work.activities.change_organization(event.leaving_id, event.successor_id)
