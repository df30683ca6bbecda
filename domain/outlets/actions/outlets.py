"""Outlets and their slots: made, changed, closed, handed over."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import CalendarChanged, OrganizationSucceeded
from domain.merge_patch import merged
from domain.occurrences import expand
from domain.outlets.actions.bookings import cancel_all
from domain.outlets.outlet import MAX_SLOT_SECONDS, MAX_SLOTS, Outlet, OutletProfile, Slot, SlotPlan
from domain.permissions import check_owned, require, sees
from domain.references import check_organizations
from domain.timing import Timing, read_zone
from domain.timing_checks import check_timing
from domain.unit_of_work import UnitOfWork


async def read(work: UnitOfWork, actor: Actor, outlet_id: UUID) -> Outlet:
    """Get an outlet; NotFound where it is another organization's."""
    async with work:
        outlet = await work.outlets.get(outlet_id)
    check_owned(actor, "outlet.read", outlet.owner_id)
    return outlet


def _changed(actor: Actor, activity: str, outlet_id: UUID) -> CalendarChanged:
    return CalendarChanged(actor=actor.key, activity=f"outlet.{activity}", target=f"outlet:{outlet_id}")


async def put(
    work: UnitOfWork, actor: Actor, outlet_id: UUID, profile: OutletProfile, owner_id: UUID | None = None
) -> tuple[Outlet, bool]:
    """Make an outlet with a client-made id; the same again answers the same (and False), other content IdTaken.

    `owner_id`: the organization that it belongs to; the actor's own when None.
    """
    owner = owner_id or actor.organization_id
    require(actor, "outlet.manage", owner)
    async with work:
        known = await work.outlets.find(outlet_id)
        if known is not None:
            if not sees(actor, known.owner_id) or known.profile != profile or known.owner_id != owner:
                raise IdTaken
            return known, False
        await _check_profile(work, profile, owner)
        now = work.clock.now()
        outlet = Outlet(id=outlet_id, owner_id=owner, profile=profile, created_at=now, updated_at=now)
        await work.outlets.add(outlet)
        await work.commit(_changed(actor, "create", outlet_id))
    return outlet, True


async def _check_profile(work: UnitOfWork, profile: OutletProfile, owner: UUID) -> None:
    read_zone(profile.zone)
    place = () if profile.place_id is None else (profile.place_id,)
    await check_organizations(work, {"/owner_id": (owner,), "/place_id": place})


async def _owned(work: UnitOfWork, actor: Actor, outlet_id: UUID, revision: int | None = None) -> Outlet:
    outlet = await work.outlets.get(outlet_id)
    check_owned(actor, "outlet.manage", outlet.owner_id)
    if revision is not None and outlet.revision != revision:
        raise StaleVersion(current=outlet.revision)
    return outlet


async def patch(work: UnitOfWork, actor: Actor, outlet_id: UUID, changes: dict[str, object], revision: int) -> Outlet:
    """Merge changes into the profile (RFC 7396).

    The zone stays while there are slots, or bookings to come: they are in its wall time.
    """
    async with work:
        outlet = await _owned(work, actor, outlet_id, revision)
        profile = merged(outlet.profile, changes)
        await _check_profile(work, profile, outlet.owner_id)
        if profile.zone != outlet.profile.zone and (
            await work.slots.list_of_outlet(outlet_id)
            or await work.bookings.list_future_of_outlet(outlet_id, work.clock.now())
        ):
            raise InvalidContent(errors=[FieldError(pointer="/zone", code="cannot_change")])
        saved = await work.outlets.save(replace(outlet, profile=profile, updated_at=work.clock.now()))
        await work.commit(_changed(actor, "patch", outlet_id))
    return saved


async def close(work: UnitOfWork, actor: Actor, outlet_id: UUID, revision: int) -> Outlet:
    """Close an outlet: its future bookings are cancelled, its history stays."""
    async with work:
        outlet = await _owned(work, actor, outlet_id, revision)
        if not outlet.active:
            raise WrongState(action="close", state="closed", allowed=[])
        now = work.clock.now()
        saved = await work.outlets.save(replace(outlet, active=False, updated_at=now))
        await cancel_all(work, await work.bookings.list_future_of_outlet(outlet_id, now), "outlet_closed", actor.key)
        await work.commit(_changed(actor, "close", outlet_id))
    return saved


async def put_slot(
    work: UnitOfWork, actor: Actor, outlet_id: UUID, slot_id: UUID, plan: SlotPlan, revision: int | None
) -> tuple[Slot, bool]:
    """Make a slot, or with the revision it has change it. Its zone is the outlet's, it lasts at most 24 hours."""
    async with work:
        outlet = await _owned(work, actor, outlet_id)
        checked = replace(plan, timing=_check_slot(work, outlet, plan))
        known = await work.slots.find(slot_id)
        if known is None:
            if len(await work.slots.list_of_outlet(outlet_id)) >= MAX_SLOTS:
                raise InvalidContent(errors=[FieldError(pointer="", code="too_many", facts={"maximum": MAX_SLOTS})])
            slot = Slot(id=slot_id, outlet_id=outlet_id, plan=checked)
            await work.slots.add(slot)
        elif known.outlet_id != outlet_id:
            raise IdTaken
        elif known.plan == checked and known.removed_at is None:
            return known, False
        elif revision is None:
            raise IdTaken
        elif known.revision != revision:
            raise StaleVersion(current=known.revision)
        else:
            slot = await work.slots.save(replace(known, plan=checked, removed_at=None))
        await work.commit(_changed(actor, "slot", outlet_id))
    return slot, known is None


def _check_slot(work: UnitOfWork, outlet: Outlet, plan: SlotPlan) -> Timing:
    now = work.clock.now()
    timing = check_timing(plan.timing, now, work.expand_rule, counted=False)
    if timing.zone != outlet.profile.zone:
        facts: dict[str, object] = {"value": timing.zone}
        raise InvalidContent(errors=[FieldError(pointer="/timing/zone", code="zone_of_outlet", facts=facts)])
    if timing.all_day:
        raise InvalidContent(errors=[FieldError(pointer="/timing/start", code="time_needed")])
    first = next(iter(expand(replace(timing, recurrence=None), (), now, work.expand_rule)))
    if first.ends_at - first.starts_at > timedelta(seconds=MAX_SLOT_SECONDS):
        raise InvalidContent(errors=[FieldError(pointer="/timing/end", code="longer_than_day")])
    return timing


async def remove_slot(work: UnitOfWork, actor: Actor, outlet_id: UUID, slot_id: UUID) -> None:
    """Remove a slot. Bookings that lie in it stay."""
    async with work:
        await _owned(work, actor, outlet_id)
        slot = await work.slots.get(slot_id)
        if slot.outlet_id != outlet_id:
            raise NotFound
        if slot.removed_at is None:
            await work.slots.save(replace(slot, removed_at=work.clock.now()))
            await work.commit(_changed(actor, "slot_remove", outlet_id))


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the outlets of the leaving organization, with their bookings, to its successor."""
    await work.outlets.change_organization(event.leaving_id, event.successor_id)
