"""Placements: this material appeared there, then, reaching about so many."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.errors import FieldError, InvalidContent
from domain.noun import Noun
from domain.outlets.booking import Booking
from domain.timing import FIRST_YEAR

PlacementOrigin = Literal["manual", "as_run", "import"]
Outcome = Literal["as_planned", "late", "early", "not_booked"]
MATCH_WITHIN = timedelta(hours=3)
"""How far from its booking an airing still counts as that booking's."""
PUNCTUAL = timedelta(minutes=2)
CLOCK_SKEW = timedelta(minutes=5)


class PlacementReport(Noun, frozen=True, kw_only=True):
    """What an organization reports. `version`: the published version that appeared; the live one when absent."""

    outlet_id: UUID
    material_id: UUID
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    starts_at: datetime
    ends_at: datetime | None = None
    reach: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    proof_url: Annotated[str, Meta(max_length=500, pattern=r"\Ahttps?://[^\s]+\Z")] | None = None
    proof_asset_id: UUID | None = None
    origin: PlacementOrigin = "manual"
    note: Annotated[str, Meta(max_length=500)] = ""


class Placement(Noun, frozen=True, kw_only=True):
    """`on_day`: the day where the outlet is. `late_seconds`: against the booking, negative when early."""

    id: UUID
    owner_id: UUID
    report: PlacementReport
    version: int
    on_day: date
    booking_id: UUID | None = None
    late_seconds: int | None = None
    after_takedown: bool = False
    created_at: datetime
    revision: int = 1

    @property
    def outcome(self) -> Outcome:
        if self.late_seconds is None:
            return "not_booked"
        if abs(self.late_seconds) <= PUNCTUAL.total_seconds():
            return "as_planned"
        return "late" if self.late_seconds > 0 else "early"


def check_report(report: PlacementReport, now: datetime) -> None:
    """Raise InvalidContent for a time without zone, in the future, or an end before the start."""
    errors = []
    for name, at in (("starts_at", report.starts_at), ("ends_at", report.ends_at)):
        if at is None:
            continue
        if at.tzinfo is None:
            errors.append(FieldError(pointer=f"/{name}", code="time_zone_required"))
        elif at.year < FIRST_YEAR:
            errors.append(FieldError(pointer=f"/{name}", code="out_of_bounds", facts={"minimum": FIRST_YEAR}))
        elif at > now + CLOCK_SKEW:
            errors.append(FieldError(pointer=f"/{name}", code="in_the_future"))
    if not errors and report.ends_at is not None and report.ends_at < report.starts_at:
        errors.append(FieldError(pointer="/ends_at", code="end_before_start"))
    if report.proof_url and report.proof_asset_id:
        errors.append(FieldError(pointer="/proof_url", code="one_proof"))
    if errors:
        raise InvalidContent(errors=errors)


def nearest_booking(report: PlacementReport, bookings: list[Booking]) -> Booking | None:
    """The booking of this material that the airing belongs to: the nearest in time within `MATCH_WITHIN`."""
    near = [each for each in bookings if abs(each.starts_at - report.starts_at) <= MATCH_WITHIN]
    return min(near, key=lambda each: (abs(each.starts_at - report.starts_at), each.id), default=None)
