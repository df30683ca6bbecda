"""Activities: planned once or as a series, changed for one, some or all occurrences, done or stopped."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import inbox, series
from domain.coordination.actions.assignments import list_assigned
from domain.coordination.actions.series import ALL, Part
from domain.coordination.activity import (
    OPEN,
    TRANSITIONS,
    Activity,
    ActivityAction,
    ActivityPlan,
    Results,
    check_results,
    kept_overrides,
    overridden,
    override_at,
)
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import BookingMade, CampaignCancelled, OrganizationSucceeded
from domain.lifecycle import next_state
from domain.merge_patch import merged
from domain.permissions import check_owned, require, sees, takes_part
from domain.references import check_assets, check_codes, check_organizations
from domain.series import follow_clock, same_day
from domain.timing import HORIZON
from domain.timing_checks import check_timing
from domain.unit_of_work import UnitOfWork

_PARTIAL = (("this", "cancel"), ("this", "resume"), ("this_and_following", "cancel"))
_STOPS: dict[ActivityAction, Any] = {"cancel": "activity_cancelled", "postpone": "activity_postponed"}


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
) -> tuple[Activity, bool]:
    """Plan an activity with a client-made id; the same again answers the same (and False), other content IdTaken."""
    owner = owner_id or actor.organization_id
    require(actor, "activity.manage", owner)
    async with work:
        known = await work.activities.find(activity_id)
        if known is not None:
            return await _again(work, actor, known, plan, owner), False
        checked = await checked_plan(work, actor, plan, owner)
        activity = made(work, activity_id, checked, owner)
        await add(work, activity)
        await notify(work, actor, activity)
        await work.commit(series.changed(actor.key, "create", activity))
    return activity, True


async def _again(work: UnitOfWork, actor: Actor, known: Activity, plan: ActivityPlan, owner: UUID) -> Activity:
    """What was put before, whatever its campaign has become since; IdTaken when it was another plan."""
    timing = check_timing(plan.timing, known.created_at, work.expand_rule)
    if not sees(actor, known.owner_id) or known.plan != replace(plan, timing=timing) or known.owner_id != owner:
        raise IdTaken
    return known


def made(
    work: UnitOfWork, activity_id: UUID, plan: ActivityPlan, owner: UUID, external_uid: str | None = None
) -> Activity:
    """The activity that a checked plan makes."""
    now = work.clock.now()
    return Activity(
        id=activity_id, owner_id=owner, plan=plan, external_uid=external_uid, created_at=now, updated_at=now
    )


async def add(work: UnitOfWork, activity: Activity) -> None:
    """Add an activity with its occurrences; the caller commits."""
    await work.activities.add(activity, series.expanded(work, activity), work.clock.now() + HORIZON)


async def checked_plan(work: UnitOfWork, actor: Actor, plan: ActivityPlan, owner: UUID) -> ActivityPlan:
    """Give the plan with its timing in canonical spelling, or raise InvalidContent."""
    timing = check_timing(plan.timing, work.clock.now(), work.expand_rule)
    check_codes(await work.vocabularies.codes(), topics=plan.topics, audiences=plan.audiences)
    other = set() if owner == actor.organization_id else {owner}
    lists = {"/place_ids": plan.place_ids, "/participant_ids": plan.participant_ids, "/owner_id": other}
    await check_organizations(work, lists)
    if plan.campaign_id is not None:
        campaign = await work.campaigns.find(plan.campaign_id, shared=True)
        if campaign is None or not takes_part(actor, campaign.owner_id, campaign.plan.participant_ids):
            raise InvalidContent(errors=[FieldError(pointer="/campaign_id", code="unknown_reference")])
        if not campaign.open:
            raise WrongState(action="plan", state=campaign.state, allowed=[])
    return replace(plan, timing=timing)


async def notify(work: UnitOfWork, actor: Actor, activity: Activity, note: str = "") -> None:
    """Put the change into the inboxes of everybody who takes part, but the organization that made it."""
    involved = {activity.owner_id, *activity.plan.participant_ids, *await list_assigned(work, activity)}
    inbox.add_change(work, f"activity:{activity.id}", involved - {actor.organization_id}, "change", note)


async def _owned(work: UnitOfWork, actor: Actor, activity_id: UUID, revision: int) -> Activity:
    activity = await work.activities.get(activity_id)
    check_owned(actor, "activity.manage", activity.owner_id, visible=await is_visible(work, actor, activity))
    if activity.revision != revision:
        raise StaleVersion(current=activity.revision)
    return activity


async def patch(
    work: UnitOfWork,
    actor: Actor,
    activity_id: UUID,
    changes: dict[str, object],
    revision: int,
    part: Part = ALL,
) -> Activity:
    """Merge changes into the plan (RFC 7396), for one occurrence, it and all that follow, or all.

    With `this_and_following` the series is cut in two; the second, which has the changes, is given.
    """
    async with work:
        activity = await _owned(work, actor, activity_id, revision)
        if activity.state not in OPEN:
            raise WrongState(action="patch", state=activity.state, allowed=[])
        saved = await _patch_part(work, actor, activity, changes, part)
        await notify(work, actor, saved)
        if saved.id != activity.id:
            await notify(work, actor, activity)
        await work.commit(series.changed(actor.key, "patch", saved))
    return saved


async def _patch_part(
    work: UnitOfWork, actor: Actor, activity: Activity, changes: dict[str, object], part: Part
) -> Activity:
    scope, at = series.resolve(work, activity, part)
    if at is not None and scope == "this":
        return await series.save(work, overridden(activity, series.override_of(work, activity, at, changes)))
    if at is not None:
        activity = await series.cut(work, actor.key, activity, at)
    asked = merged(activity.plan, changes)
    asked = replace(asked, timing=follow_clock(activity.plan.timing, asked.timing))
    plan = await checked_plan(work, actor, asked, activity.owner_id)
    overrides = tuple(
        replace(each, recurrence_id=same_day(each.recurrence_id, activity.plan.timing, plan.timing))
        for each in activity.overrides
    )
    planned = replace(activity, plan=plan, overrides=overrides)
    places = frozenset(each.recurrence_id for each in series.expand_all(work, plan.timing))
    return await series.save(work, kept_overrides(planned, places))


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
    """Confirm, complete with results, cancel, postpone or resume.

    Of a series one occurrence can be cancelled and resumed, or it and all that follow cancelled.
    """
    async with work:
        activity = await _owned(work, actor, activity_id, revision)
        if action in _STOPS and not note.strip():
            raise InvalidContent(errors=[FieldError(pointer="/note", code="required")])
        if results is not None:
            check_results(results)
            proofs = {f"/results/evidence/{n}/asset_id": each.asset_id for n, each in enumerate(results.evidence)}
            await check_assets(work, actor, proofs)
        scope, at = series.resolve(work, activity, part)
        if (scope, action) not in (*_PARTIAL, ("all", action)):
            raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="of_the_series")])
        if at is not None and scope == "this":
            saved = await _move_one(work, actor, activity, action, at)
        else:
            next_state(TRANSITIONS, action, activity.state)
            whole = activity if at is None else await series.cut(work, actor.key, activity, at)
            saved = await advance(work, actor.key, whole, action, note, results)
        await notify(work, actor, saved, note)
        if saved.id != activity.id:
            await notify(work, actor, activity)
        await work.commit(series.changed(actor.key, action, saved))
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
    saved = await series.save(work, changed)
    if stops:
        work.record(series.stopped(by, saved, _STOPS[action]))
    return saved


async def _move_one(work: UnitOfWork, actor: Actor, activity: Activity, action: ActivityAction, at: str) -> Activity:
    """Cancel one occurrence of a series, or let a cancelled one take place after all."""
    next_state(TRANSITIONS, "cancel", activity.state)
    known = override_at(activity, at)
    if (known.cancelled_at is None) != (action == "cancel"):
        raise WrongState(action=action, state="planned" if known.cancelled_at is None else "cancelled", allowed=[])
    cancelled_at = work.clock.now() if action == "cancel" else None
    saved = await series.save(work, overridden(activity, replace(known, cancelled_at=cancelled_at)))
    if action == "cancel":
        series.stop_one(work, actor.key, saved, at)
    return saved


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


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the open activities of the leaving organization to its successor, and its part in those of others."""
    await work.activities.change_organization(event.leaving_id, event.successor_id)
