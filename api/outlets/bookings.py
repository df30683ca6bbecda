"""Bookings of outlets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation
from api.dependencies import AnyRequest, Unit
from api.http.instants import check_instant
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, sent_fields
from api.http.resources import created, resource
from api.outlets.views import BookingList, BookingPatch, BookingView, show_booking
from domain.actor import Actor
from domain.outlets.actions import bookings
from domain.outlets.booking import BookingRequest, BookingState
from storage.outlets.lists import BookingLists

TAGS = ["outlets"]
AtOutlet = Annotated[UUID | None, QueryParameter(name="outlet", description="Only at this outlet")]
OfMaterial = Annotated[UUID | None, QueryParameter(name="material", description="Only of this material")]
StateFilter = Annotated[BookingState | None, QueryParameter(name="state", description="Only in this state")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="Only those that end later")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Only those that start earlier")]
_CONFLICTS = ("slot_taken", "outside_slots", "cap_reached", "wrong_state")


@get(
    "/v1/bookings",
    operation_id="listBookings",
    summary="Lịch đã đặt · Bookings",
    tags=TAGS,
    **operation("outlet.read"),
)
async def list_bookings(
    request: AnyRequest,
    booking_lists: NamedDependency[BookingLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    organization: Within = None,
    at_outlet: AtOutlet = None,
    of_material: OfMaterial = None,
    state_filter: StateFilter = None,
    since: Since = None,
    until: Until = None,
) -> Response[BookingList]:
    """List the bookings of your organization's outlets, newest first; coordinators see all."""
    rows = await booking_lists.page(
        actor,
        after=read_page_cursor(cursor),
        organization=organization,
        outlet=at_outlet,
        material=of_material,
        state=state_filter,
        start=check_instant("from", since),
        end=check_instant("to", until),
        limit=limit + 1,
    )
    return page_of(request, BookingList, BookingView, rows, limit)


@put(
    "/v1/bookings/{booking_id:uuid}",
    dto=StrictBody[BookingRequest],
    return_dto=None,
    operation_id="putBooking",
    summary="Đặt giờ · Book a time",
    tags=TAGS,
    **operation("booking.manage", "id_taken", *_CONFLICTS, *WRITING, also=created(BookingView)),
)
async def put_booking(
    booking_id: FromPath[UUID], data: JSONBody[BookingRequest], work: Unit, actor: NamedDependency[Actor]
) -> Response[BookingView]:
    """Book a material or an activity into a time range of an outlet, held or confirmed.

    Checked against slots, kind, language, duration, embargo, expiry and how often the outlet shows a material. No two
    bookings of an outlet overlap: of two at the same time one is 409 `slot_taken`, naming what stands there.
    """
    booking, new = await bookings.put(work, actor, booking_id, data)
    return resource(show_booking(booking), booking.revision, location=f"/v1/bookings/{booking_id}", new=new)


@get(
    "/v1/bookings/{booking_id:uuid}",
    operation_id="getBooking",
    summary="Một lịch đặt · One booking",
    tags=TAGS,
    **operation("outlet.read"),
)
async def get_booking(booking_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> Response[BookingView]:
    """Read a booking with its ETag."""
    booking = await bookings.read(work, actor, booking_id)
    return resource(show_booking(booking), booking.revision)


@patch(
    "/v1/bookings/{booking_id:uuid}",
    dto=StrictBody[BookingPatch],
    return_dto=None,
    operation_id="patchBooking",
    summary="Dời, sửa lịch đặt · Move or change a booking",
    tags=TAGS,
    **operation("booking.manage", *_CONFLICTS, *CHANGING, *WRITING),
)
async def patch_booking(
    booking_id: FromPath[UUID],
    data: JSONBody[BookingPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[BookingView]:
    """Move a booking or change what it is for; it is checked as a new one is."""
    booking = await bookings.patch(work, actor, booking_id, sent_fields(data), known_revision(if_match))
    return resource(show_booking(booking), booking.revision)


@post(
    "/v1/bookings/{booking_id:uuid}/confirm",
    status_code=200,
    operation_id="confirmBooking",
    summary="Xác nhận lịch đặt · Confirm a booking",
    tags=TAGS,
    **operation("booking.manage", *CHANGING, "wrong_state"),
)
async def confirm_booking(
    booking_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor], if_match: IfMatch = None
) -> Response[BookingView]:
    """Confirm a held booking."""
    booking = await bookings.move(work, actor, booking_id, "confirm", known_revision(if_match))
    return resource(show_booking(booking), booking.revision)


@post(
    "/v1/bookings/{booking_id:uuid}/cancel",
    status_code=200,
    operation_id="cancelBooking",
    summary="Hủy lịch đặt · Cancel a booking",
    tags=TAGS,
    **operation("booking.manage", *CHANGING, "wrong_state"),
)
async def cancel_booking(
    booking_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor], if_match: IfMatch = None
) -> Response[BookingView]:
    """Cancel a booking; its time is free at once."""
    booking = await bookings.move(work, actor, booking_id, "cancel", known_revision(if_match))
    return resource(show_booking(booking), booking.revision)


ROUTES = [list_bookings, put_booking, get_booking, patch_booking, confirm_booking, cancel_booking]
