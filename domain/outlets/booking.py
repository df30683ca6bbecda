"""Bookings: a material or an activity in a time range of an outlet. The database keeps live ones from overlapping."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.content.content import Content
from domain.errors import FieldError, InvalidContent
from domain.lifecycle import Transitions
from domain.noun import Noun
from domain.occurrences import expand
from domain.outlets.outlet import MAX_SLOT_SECONDS, OutletProfile, Slot
from domain.recurrence import RuleExpander
from domain.timing import WallTime, instant_of, read_wall_time, read_zone

BookingState = Literal["held", "confirmed", "cancelled"]
BookingAction = Literal["confirm", "cancel"]
CancelReason = Literal[
    "by_hand", "material_killed", "material_withdrawn", "activity_cancelled", "activity_postponed", "outlet_closed"
]
TRANSITIONS: Transitions[BookingAction, BookingState] = {
    "confirm": (frozenset({"held"}), "confirmed"),
    "cancel": (frozenset({"held", "confirmed"}), "cancelled"),
}


class BookingRequest(Noun, frozen=True, kw_only=True):
    """A material, an activity or both, from `start` (wall time of the outlet's zone) on. Not `confirmed`: held."""

    outlet_id: UUID
    start: WallTime
    duration_seconds: Annotated[int, Meta(ge=1, le=MAX_SLOT_SECONDS)]
    material_id: UUID | None = None
    activity_id: UUID | None = None
    note: Annotated[str, Meta(max_length=500)] = ""
    confirmed: bool = False


class Booking(Noun, frozen=True, kw_only=True):
    """`starts_at` and `ends_at` are derived from the wall time. `slot_id`: the slot that it lies in."""

    id: UUID
    owner_id: UUID
    outlet_id: UUID
    start: str
    duration_seconds: int
    starts_at: datetime
    ends_at: datetime
    state: BookingState = "held"
    material_id: UUID | None = None
    activity_id: UUID | None = None
    slot_id: UUID | None = None
    note: str = ""
    cancelled_at: datetime | None = None
    cancel_reason: CancelReason | None = None
    created_at: datetime
    updated_at: datetime
    revision: int = 1


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One expanded window of a slot, as instants; the end is excluded."""

    slot: Slot
    starts_at: datetime
    ends_at: datetime


def windows(slots: list[Slot], start: datetime, end: datetime, expand_rule: RuleExpander) -> list[Window]:
    """The windows of slots that touch a range of instants, in their order."""
    # Two days back: a window that began the day before lasts into this one, and days differ by zone.
    day = (start - timedelta(days=2)).date()
    found = [
        Window(slot=slot, starts_at=each.starts_at, ends_at=each.ends_at)
        for slot in slots
        for each in expand(slot.plan.timing, (), end, expand_rule, since=day)
        if each.starts_at < end and each.ends_at > start
    ]
    return sorted(found, key=lambda window: window.starts_at)


def time_range(request: BookingRequest, profile: OutletProfile) -> tuple[datetime, datetime]:
    """The instants of a booking: first and, excluded, last. InvalidContent for a time that is none."""
    if "T" not in request.start:
        raise InvalidContent(errors=[FieldError(pointer="/start", code="time_needed")])
    start = instant_of(read_wall_time(request.start), read_zone(profile.zone))
    return start, start + timedelta(seconds=request.duration_seconds)


def check_fits(
    request: BookingRequest, profile: OutletProfile, slot: Slot | None, content: Content | None, seconds: float | None
) -> None:
    """Raise InvalidContent with every reason why this material does not fit the outlet, the slot or the time.

    `seconds`: how long the material's main file plays, where it plays.
    """
    start, end = time_range(request, profile)
    errors = []
    if profile.longest_seconds is not None and request.duration_seconds > profile.longest_seconds:
        facts: dict[str, object] = {"maximum": profile.longest_seconds}
        errors.append(FieldError(pointer="/duration_seconds", code="longer_than_outlet", facts=facts))
    if content is not None:
        errors += _content_errors(profile, slot, content)
        if seconds is not None and seconds > request.duration_seconds:
            errors.append(
                FieldError(pointer="/duration_seconds", code="shorter_than_material", facts={"seconds": round(seconds)})
            )
        if content.available_from is not None and start < content.available_from:
            errors.append(FieldError(pointer="/start", code="before_available_from"))
        if content.expires_at is not None and end > content.expires_at:
            errors.append(FieldError(pointer="/start", code="after_expires_at"))
    if errors:
        raise InvalidContent(errors=errors)


def _content_errors(profile: OutletProfile, slot: Slot | None, content: Content) -> list[FieldError]:
    kinds = {tuple(profile.accepts), *([slot.plan.kinds] if slot else [])}
    languages = {tuple(profile.languages), *([slot.plan.languages] if slot else [])}
    return [
        FieldError(pointer="/material_id", code="kind_not_accepted", allowed=allowed)
        for allowed in kinds
        if allowed and content.kind not in allowed
    ] + [
        FieldError(pointer="/material_id", code="language_not_accepted", allowed=spoken)
        for spoken in languages
        if spoken and content.language not in spoken
    ]
