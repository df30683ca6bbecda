"""Outlets and their slots."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation, revision_of
from api.dependencies import AnyRequest, Unit, services_of
from api.http.instants import check_instant
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, sent_fields
from api.http.resources import created, resource
from api.http.views import NO_STORE, show
from api.outlets.views import FreeRange, FreeRangeList, OutletList, OutletPatch, OutletView, SlotList, SlotView
from domain.actor import Actor
from domain.errors import InvalidParameter
from domain.outlets.actions import free_ranges, outlets
from domain.outlets.outlet import OutletKind, OutletProfile, SlotPlan
from storage.outlets.lists import OutletLists

TAGS = ["outlets"]
KindFilter = Annotated[OutletKind | None, QueryParameter(name="kind", description="Only of this kind")]
OwnerOf = Annotated[UUID | None, QueryParameter(name="owner", description="For which organization; default: your own")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="RFC 3339 with offset; default: now")]
Until = Annotated[
    datetime | None, QueryParameter(name="to", description="RFC 3339 with offset, excluded; default: a week later")
]
Seconds = Annotated[int, QueryParameter(ge=1, le=86_400, description="Only ranges at least so long")]
MAX_RANGE = timedelta(days=31)


@get(
    "/v1/outlets",
    operation_id="listOutlets",
    summary="Nơi phát, đăng · Outlets",
    tags=TAGS,
    **operation("outlet.read"),
)
async def list_outlets(
    request: AnyRequest,
    outlet_lists: NamedDependency[OutletLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    organization: Within = None,
    kind_filter: KindFilter = None,
) -> Response[OutletList]:
    """List your organization's outlets, oldest first; coordinators see those of all organizations."""
    after = read_page_cursor(cursor)
    rows = await outlet_lists.page(actor, after=after, organization=organization, kind=kind_filter, limit=limit + 1)
    return page_of(request, OutletList, OutletView, rows, limit)


@put(
    "/v1/outlets/{outlet_id:uuid}",
    dto=StrictBody[OutletProfile],
    return_dto=None,
    operation_id="putOutlet",
    summary="Tạo nơi phát · Make an outlet",
    tags=TAGS,
    **operation("outlet.manage", "id_taken", *WRITING, also=created(OutletView)),
)
async def put_outlet(
    outlet_id: FromPath[UUID],
    data: JSONBody[OutletProfile],
    work: Unit,
    actor: NamedDependency[Actor],
    owner: OwnerOf = None,
) -> Response[OutletView]:
    """Make an outlet under an id that you chose. The same content again is answered alike, other content is 409."""
    outlet, new = await outlets.put(work, actor, outlet_id, data, owner)
    return resource(show(OutletView, outlet), outlet.revision, location=f"/v1/outlets/{outlet_id}", new=new)


@get(
    "/v1/outlets/{outlet_id:uuid}",
    operation_id="getOutlet",
    summary="Một nơi phát · One outlet",
    tags=TAGS,
    **operation("outlet.read"),
)
async def get_outlet(outlet_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> Response[OutletView]:
    """Read an outlet with its ETag."""
    outlet = await outlets.read(work, actor, outlet_id)
    return resource(show(OutletView, outlet), outlet.revision)


@patch(
    "/v1/outlets/{outlet_id:uuid}",
    dto=StrictBody[OutletPatch],
    return_dto=None,
    operation_id="patchOutlet",
    summary="Sửa nơi phát · Change an outlet",
    tags=TAGS,
    **operation("outlet.manage", *CHANGING, *WRITING),
)
async def patch_outlet(
    outlet_id: FromPath[UUID],
    data: JSONBody[OutletPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[OutletView]:
    """Change an outlet with an RFC 7396 merge patch. Its zone stays while it has slots."""
    outlet = await outlets.patch(work, actor, outlet_id, sent_fields(data), known_revision(if_match))
    return resource(show(OutletView, outlet), outlet.revision)


@post(
    "/v1/outlets/{outlet_id:uuid}/close",
    status_code=200,
    operation_id="closeOutlet",
    summary="Ngừng nơi phát · Close an outlet",
    tags=TAGS,
    **operation("outlet.manage", *CHANGING, "wrong_state"),
)
async def close_outlet(
    outlet_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor], if_match: IfMatch = None
) -> Response[OutletView]:
    """Close an outlet: its bookings to come are cancelled, its history stays."""
    outlet = await outlets.close(work, actor, outlet_id, known_revision(if_match))
    return resource(show(OutletView, outlet), outlet.revision)


@get(
    "/v1/outlets/{outlet_id:uuid}/slots",
    operation_id="listSlots",
    summary="Khung giờ · Slots",
    tags=TAGS,
    **operation("outlet.read"),
)
async def list_slots(outlet_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> Response[SlotList]:
    """List the recurring windows of an outlet."""
    await outlets.read(work, actor, outlet_id)
    async with work:
        found = await work.slots.list_of_outlet(outlet_id)
    return Response(SlotList(items=[show(SlotView, each) for each in found]), headers=NO_STORE)


@put(
    "/v1/outlets/{outlet_id:uuid}/slots/{slot_id:uuid}",
    dto=StrictBody[SlotPlan],
    return_dto=None,
    operation_id="putSlot",
    summary="Đặt khung giờ · Make or change a slot",
    tags=TAGS,
    **operation("outlet.manage", "id_taken", "stale_version", *WRITING, also=created(SlotView)),
)
async def put_slot(
    outlet_id: FromPath[UUID],
    slot_id: FromPath[UUID],
    data: JSONBody[SlotPlan],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[SlotView]:
    """Make a slot under an id that you chose, or with `If-Match` change it."""
    revision = None if if_match is None else revision_of(if_match)
    slot, new = await outlets.put_slot(work, actor, outlet_id, slot_id, data, revision)
    location = f"/v1/outlets/{outlet_id}/slots/{slot_id}"
    return resource(show(SlotView, slot), slot.revision, location=location, new=new)


@delete(
    "/v1/outlets/{outlet_id:uuid}/slots/{slot_id:uuid}",
    status_code=204,
    operation_id="removeSlot",
    summary="Bỏ khung giờ · Remove a slot",
    tags=TAGS,
    **operation("outlet.manage", "stale_version"),
)
async def remove_slot(
    outlet_id: FromPath[UUID], slot_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> None:
    """Remove a slot. Bookings that lie in it stay."""
    await outlets.remove_slot(work, actor, outlet_id, slot_id)


@get(
    "/v1/outlets/{outlet_id:uuid}/free",
    operation_id="listFreeRanges",
    summary="Giờ còn trống · Free ranges",
    tags=TAGS,
    **operation("outlet.read"),
)
async def list_free_ranges(
    outlet_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    since: Since = None,
    until: Until = None,
    seconds: Seconds = 60,
) -> Response[FreeRangeList]:
    """Suggest ranges inside the outlet's slots that are free, within at most 31 days."""
    start, end = range_of(request, since, until, MAX_RANGE)
    found = await free_ranges.list_of_outlet(work, actor, outlet_id, start, end, timedelta(seconds=seconds))
    items = [FreeRange(slot_id=each.slot.id, starts_at=each.starts_at, ends_at=each.ends_at) for each in found]
    return Response(FreeRangeList(items=items), headers=NO_STORE)


def range_of(
    request: AnyRequest, since: datetime | None, until: datetime | None, longest: timedelta
) -> tuple[datetime, datetime]:
    """The range that a request asks for: a week from now where it does not say.

    Raises InvalidParameter for times without offset, an end before the start or a range that is too long.
    """
    start = check_instant("from", since) or services_of(request).clock.now()
    end = check_instant("to", until) or start + timedelta(days=7)
    if not timedelta() < end - start <= longest:
        raise InvalidParameter(parameter="to", expected=f"from < to ≤ from + {longest.days} d")
    return start, end


ROUTES = [
    list_outlets, put_outlet, get_outlet, patch_outlet, close_outlet, list_slots, put_slot, remove_slot,
    list_free_ranges,
]  # fmt: skip
