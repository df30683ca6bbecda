"""Wire types of outlets, slots, bookings and placements."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.http.problems import Problem
from api.http.request_bodies import RequestBody, patch_of
from api.http.views import View, show
from domain.outlets.booking import Booking, BookingRequest, BookingState, CancelReason
from domain.outlets.outlet import OutletProfile, SlotPlan
from domain.outlets.placement import Outcome, Placement, PlacementReport

if TYPE_CHECKING:

    class OutletPatch(msgspec.Struct):
        """Every field of OutletProfile, each optional; null resets it."""

    class BookingPatch(msgspec.Struct):
        """Every field of BookingRequest, each optional; null resets it."""

else:
    OutletPatch = patch_of(OutletProfile, "OutletPatch")
    BookingPatch = patch_of(BookingRequest, "BookingPatch")


class OutletView(View, frozen=True, kw_only=True):
    """An outlet. `revision` is the ETag."""

    id: UUID
    owner_id: UUID
    revision: int
    active: bool
    profile: OutletProfile
    created_at: datetime
    updated_at: datetime


class OutletList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[OutletView]
    next: str | UnsetType = UNSET


class SlotView(View, frozen=True, kw_only=True):
    """A recurring window of an outlet."""

    id: UUID
    outlet_id: UUID
    revision: int
    plan: SlotPlan


class SlotList(View, frozen=True, kw_only=True):
    """Every slot of an outlet that is not removed."""

    items: list[SlotView]


class FreeRange(View, frozen=True, kw_only=True):
    """A range inside a slot that nobody has booked; the end is excluded."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime


class FreeRangeList(View, frozen=True, kw_only=True):
    """Up to 50 free ranges, by start."""

    items: list[FreeRange]


class BookingView(View, frozen=True, kw_only=True):
    """A booking. `start` is wall time of the outlet's zone; `starts_at` and `ends_at` are derived from it."""

    id: UUID
    owner_id: UUID
    revision: int
    outlet_id: UUID
    start: str
    duration_seconds: int
    starts_at: datetime
    ends_at: datetime
    state: BookingState
    created_at: datetime
    updated_at: datetime
    material_id: UUID | UnsetType = UNSET
    activity_id: UUID | UnsetType = UNSET
    slot_id: UUID | UnsetType = UNSET
    note: str = ""
    cancelled_at: datetime | UnsetType = UNSET
    cancel_reason: CancelReason | UnsetType = UNSET


def show_booking(booking: Booking) -> BookingView:
    return show(BookingView, booking)


class BookingList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[BookingView]
    next: str | UnsetType = UNSET


class PlacementView(View, frozen=True, kw_only=True):
    """A placement. `on_day`: the day where the outlet is. `outcome`: against the booking that it was matched to.

    `after_takedown`: it appeared after the material was killed or withdrawn.
    """

    id: UUID
    owner_id: UUID
    revision: int
    report: PlacementReport
    version: int
    on_day: date
    outcome: Outcome
    created_at: datetime
    booking_id: UUID | UnsetType = UNSET
    late_seconds: int | UnsetType = UNSET
    after_takedown: bool = False


def show_placement(placement: Placement) -> PlacementView:
    return show(PlacementView, placement)


class PlacementList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[PlacementView]
    next: str | UnsetType = UNSET


class PlacementItem(PlacementReport, frozen=True, kw_only=True):
    """One report of a batch, with the id that its sender made."""

    id: UUID


class PlacementBatch(RequestBody, frozen=True, kw_only=True):
    """Up to 500 reports; each is answered on its own."""

    items: Annotated[tuple[PlacementItem, ...], Meta(min_length=1, max_length=500)]


class BatchAnswer(View, frozen=True, kw_only=True):
    """`status` as a single PUT would answer; the placement, or the problem."""

    id: UUID
    status: int
    placement: PlacementView | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class BatchAnswers(View, frozen=True, kw_only=True):
    """In the order of the request."""

    items: list[BatchAnswer]


class AsRunRow(View, frozen=True, kw_only=True):
    """One line of a log. `outcome` says what it is (or would be) recorded as; `unknown`: no material of yours."""

    row: int
    starts_at: datetime
    title: str
    outcome: str
    placement_id: UUID | UnsetType = UNSET
    material_id: UUID | UnsetType = UNSET
    late_seconds: int | UnsetType = UNSET


class AsRunReport(View, frozen=True, kw_only=True):
    """What an as-run log recorded, or with `dry_run` would record. `not_aired`: bookings of its days without airing."""

    dry_run: bool
    recorded: int
    known: int
    unknown: int
    rows: list[AsRunRow]
    not_aired: list[UUID]


class RunningOrderEntry(View, frozen=True, kw_only=True):
    """One booking of the day. `audio_url`: signed, works without a token until `audio_url_expires_at`."""

    booking_id: UUID
    start: str
    starts_at: datetime
    duration_seconds: int
    state: BookingState
    title: str
    material_id: UUID | UnsetType = UNSET
    activity_id: UUID | UnsetType = UNSET
    audio_url: str | UnsetType = UNSET
    audio_url_expires_at: datetime | UnsetType = UNSET
    placement_id: UUID | UnsetType = UNSET
    late_seconds: int | UnsetType = UNSET
    note: str = ""


class RunningOrder(View, frozen=True, kw_only=True):
    """The bookings of one day of the outlet's zone, by start."""

    outlet_id: UUID
    on: date
    zone: str
    items: list[RunningOrderEntry]
