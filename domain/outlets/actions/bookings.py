"""Bookings: made, moved, confirmed, cancelled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, NoReturn
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.content.content import Content
from domain.errors import (
    CapReached,
    FieldError,
    IdTaken,
    InvalidContent,
    NotFound,
    OutsideSlots,
    SlotTaken,
    StaleVersion,
    WrongState,
)
from domain.events import ActivityStopped, BookingCancelled, BookingMade, CalendarChanged, MaterialTakenDown, SeriesCut
from domain.lifecycle import next_state, possible_actions
from domain.merge_patch import merged
from domain.occurrences import is_nearer
from domain.outlets.actions import free_ranges
from domain.outlets.booking import (
    TRANSITIONS,
    Booking,
    BookingAction,
    BookingRequest,
    CancelReason,
    check_fits,
    time_range,
    windows,
)
from domain.outlets.outlet import Outlet, Slot
from domain.permissions import check_owned, sees
from domain.read_access import read_access
from domain.timing import HORIZON, read_zone, spelled
from domain.unit_of_work import UnitOfWork

NEARBY = timedelta(days=7)
_TAKEN_DOWN = ("withdrawn", "killed", "expired")


class BookedMaterial(NamedTuple):
    content: Content
    seconds: float | None


async def read(work: UnitOfWork, actor: Actor, booking_id: UUID) -> Booking:
    """Get a booking; NotFound where the outlet is another organization's."""
    async with work:
        booking = await work.bookings.get(booking_id)
    check_owned(actor, "outlet.read", booking.owner_id)
    return booking


async def put(work: UnitOfWork, actor: Actor, booking_id: UUID, request: BookingRequest) -> tuple[Booking, bool]:
    """Book with a client-made id; the same again answers the same (and False), other content IdTaken.

    Raises SlotTaken, OutsideSlots, CapReached or InvalidContent; all of them leave nothing changed.
    """
    request = _spelled(request)
    try:
        async with work:
            known = await work.bookings.find(booking_id)
            if known is not None:
                same = request_of(known) == replace(request, confirmed=False)
                asks_more = request.confirmed and known.state == "held"
                if not sees(actor, known.owner_id) or not same or asks_more:
                    raise IdTaken
                return known, False
            booking = await _planned(work, actor, booking_id, request)
            await work.bookings.add(booking)
            await work.commit(_made(actor, booking, "create"))
    except SlotTaken:
        await _name_what_stands_there(work, request)
    return booking, True


async def patch(work: UnitOfWork, actor: Actor, booking_id: UUID, changes: dict[str, object], revision: int) -> Booking:
    """Move a booking or change what it is for (RFC 7396); it is checked as a new one is."""
    async with work:
        known = await _owned(work, actor, booking_id, revision)
    request = _spelled(merged(request_of(known), changes))
    if request.outlet_id != known.outlet_id:
        raise InvalidContent(errors=[FieldError(pointer="/outlet_id", code="cannot_change")])
    try:
        async with work:
            if known.state == "cancelled":
                raise WrongState(action="patch", state=known.state, allowed=[])
            planned = await _planned(work, actor, booking_id, request)
            state = known.state if not request.confirmed else "confirmed"
            moved = replace(planned, state=state, created_at=known.created_at, revision=revision)
            saved = await work.bookings.save(moved)
            await work.commit(_made(actor, saved, "patch"))
    except SlotTaken:
        await _name_what_stands_there(work, request, besides=booking_id)
    return saved


def request_of(booking: Booking) -> BookingRequest:
    """The request that a booking answers."""
    return BookingRequest(
        outlet_id=booking.outlet_id,
        start=booking.start,
        duration_seconds=booking.duration_seconds,
        material_id=booking.material_id,
        activity_id=booking.activity_id,
        note=booking.note,
    )


def _spelled(request: BookingRequest) -> BookingRequest:
    """The request with its start in canonical spelling, as it is stored."""
    return replace(request, start=spelled(request.start))


async def _planned(work: UnitOfWork, actor: Actor, booking_id: UUID, request: BookingRequest) -> Booking:
    """Check a request against everything but overlapping bookings, which the database refuses."""
    if request.material_id is None and request.activity_id is None:
        raise InvalidContent(errors=[FieldError(pointer="/material_id", code="required")])
    try:
        # Locked: bookings of one outlet wait for each other instead of meeting in a deadlock.
        outlet = await work.outlets.get(request.outlet_id, lock=True)
        check_owned(actor, "booking.manage", outlet.owner_id)
    except NotFound as error:
        raise InvalidContent(errors=[FieldError(pointer="/outlet_id", code="unknown_reference")]) from error
    if not outlet.active:
        raise WrongState(action="book", state="closed", allowed=[])
    now = work.clock.now()
    start, end = time_range(request, outlet.profile)
    if start <= now or start > now + HORIZON:
        code = "in_the_past" if start <= now else "too_far"
        raise InvalidContent(errors=[FieldError(pointer="/start", code=code, facts={"first": "now", "years": 3})])
    slot = await _slot(work, outlet, start, end)
    material = await _material(work, actor, request.material_id)
    check_fits(request, outlet.profile, slot, material.content if material else None, material and material.seconds)
    if request.material_id is not None:
        await _check_cap(work, outlet, request.material_id, start, besides=booking_id)
    return Booking(
        id=booking_id,
        owner_id=outlet.owner_id,
        outlet_id=outlet.id,
        start=request.start,
        duration_seconds=request.duration_seconds,
        starts_at=start,
        ends_at=end,
        state="confirmed" if request.confirmed else "held",
        material_id=request.material_id,
        activity_id=request.activity_id,
        slot_id=slot.id if slot else None,
        note=request.note,
        created_at=now,
        updated_at=now,
    )


async def _slot(work: UnitOfWork, outlet: Outlet, start: datetime, end: datetime) -> Slot | None:
    slots = list(await work.slots.list_of_outlet(outlet.id))
    if not slots:
        return None
    found = windows(slots, start, end, work.expand_rule)
    around = next((each.slot for each in found if each.starts_at <= start and each.ends_at >= end), None)
    if around is None:
        free = await free_ranges.find(work, outlet, start, start + NEARBY, end - start)
        raise OutsideSlots(free=[{"starts_at": each.starts_at, "ends_at": each.ends_at} for each in free[:5]])
    return around


async def _material(work: UnitOfWork, actor: Actor, material_id: UUID | None) -> BookedMaterial | None:
    if material_id is None:
        return None
    unknown = InvalidContent(errors=[FieldError(pointer="/material_id", code="unknown_reference")])
    try:
        # Locked against a kill at the same time: whichever commits first, no live booking is left of it.
        material = await work.materials.get(material_id, lock=True)
    except NotFound as error:
        raise unknown from error
    if not sees(actor, material.owner_id) and not (
        material.live_version is not None and await work.publications.is_readable(material_id, read_access(actor))
    ):
        raise unknown
    if material.state in _TAKEN_DOWN:
        raise InvalidContent(errors=[FieldError(pointer="/material_id", code="material_taken_down")])
    main = next((each.asset_id for each in material.attachments if each.role == "main"), None)
    assets = await work.assets.list([main]) if main else {}
    milliseconds = assets[main].duration_ms if main in assets else None
    return BookedMaterial(material.content, None if milliseconds is None else milliseconds / 1000)


async def _check_cap(work: UnitOfWork, outlet: Outlet, material_id: UUID, start: datetime, besides: UUID) -> None:
    cap = outlet.profile.frequency_cap
    if cap is None:
        return
    within = timedelta(days=cap.days)
    others = sorted(
        each.starts_at
        for each in await work.bookings.list_of_material_at(outlet.id, material_id)
        if each.id != besides and abs(each.starts_at - start) < within
    )
    times = sorted([*others, start])
    # Some window of `days` days that holds the new booking would hold more than `count` of them.
    if any(times[i + cap.count] - times[i] < within for i in range(len(times) - cap.count)):
        raise CapReached(count=cap.count, days=cap.days)


async def _name_what_stands_there(work: UnitOfWork, request: BookingRequest, besides: UUID | None = None) -> NoReturn:
    async with work:
        outlet = await work.outlets.get(request.outlet_id)
        found = await work.bookings.list_between(outlet.id, *time_range(request, outlet.profile))
    standing = next((each for each in found if each.id != besides), None)
    if standing is None:
        raise SlotTaken
    zone = read_zone(outlet.profile.zone)
    raise SlotTaken(
        booking=standing.id,
        starts_at=standing.starts_at.astimezone(zone),
        ends_at=standing.ends_at.astimezone(zone),
    )


def _made(actor: Actor, booking: Booking, activity: str) -> CalendarChanged:
    name, target = f"booking.{activity}", f"booking:{booking.id}"
    if booking.activity_id is None:
        return CalendarChanged(actor=actor.key, activity=name, target=target)
    return BookingMade(
        actor=actor.key,
        activity=name,
        target=target,
        activity_id=booking.activity_id,
        organization_id=None if actor.reaches_all else actor.organization_id,
    )


async def _owned(work: UnitOfWork, actor: Actor, booking_id: UUID, revision: int) -> Booking:
    booking = await work.bookings.get(booking_id)
    check_owned(actor, "booking.manage", booking.owner_id)
    if booking.revision != revision:
        raise StaleVersion(current=booking.revision)
    return booking


async def move(work: UnitOfWork, actor: Actor, booking_id: UUID, action: BookingAction, revision: int) -> Booking:
    """Confirm a held booking, or cancel one."""
    async with work:
        booking = await _owned(work, actor, booking_id, revision)
        now = work.clock.now()
        state = next_state(TRANSITIONS, action, booking.state)
        if action == "confirm" and booking.ends_at <= now:
            raise WrongState(action=action, state="over", allowed=possible_actions(TRANSITIONS, booking.state))
        changed = replace(booking, state=state, updated_at=now)
        if action == "cancel":
            changed = replace(changed, cancelled_at=now, cancel_reason="by_hand")
        saved = await work.bookings.save(changed)
        event = CalendarChanged(actor=actor.key, activity=f"booking.{action}", target=f"booking:{booking_id}")
        await work.commit(event)
    return saved


async def cancel_all(work: UnitOfWork, bookings: Sequence[Booking], reason: CancelReason, by: str) -> None:
    """Cancel and flag bookings because of something that happened elsewhere; the caller commits."""
    now = work.clock.now()
    for each in bookings:
        cancelled = replace(each, state="cancelled", cancelled_at=now, cancel_reason=reason, updated_at=now)
        await work.bookings.save(cancelled)
        work.record(
            BookingCancelled(
                actor=by,
                activity="booking.cancel",
                target=f"booking:{each.id}",
                detail={"reason": reason},
                booking_id=each.id,
                organization_id=each.owner_id,
                reason=reason,
            )
        )


async def cancel_of_material(work: UnitOfWork, event: MaterialTakenDown) -> None:
    """A killed or withdrawn material leaves no live booking that is not over."""
    found = await work.bookings.list_future_of_material(event.material_id, work.clock.now())
    await cancel_all(work, found, "material_killed" if event.reason == "killed" else "material_withdrawn", event.actor)


async def cancel_of_activity(work: UnitOfWork, event: ActivityStopped) -> None:
    """What does not take place needs no time on the air."""
    found = await work.bookings.list_future_of_activity(event.activity_id, work.clock.now())
    here = [
        each
        for each in found
        if (event.since is None or each.ends_at > event.since) and (event.until is None or each.starts_at < event.until)
    ]
    await cancel_all(work, here, event.reason, event.actor)


async def follow_cut(work: UnitOfWork, event: SeriesCut) -> None:
    """Bookings belong to the half of a series whose occurrence is nearest."""
    began = min((each.starts_at for each in (*event.first, *event.second)), default=work.clock.now())
    for each in await work.bookings.list_future_of_activity(event.activity_id, began - NEARBY):
        if is_nearer(each.starts_at, event.second, event.first):
            await work.bookings.save(replace(each, activity_id=event.second_id, updated_at=work.clock.now()))
