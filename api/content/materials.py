"""The editorial side: staff write, review, schedule and publish. Nothing here is cacheable or delivered."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.callers.operations import (
    CHANGING,
    KEYED,
    WRITING,
    IdempotencyKey,
    IfMatch,
    known_revision,
    operation,
)
from api.content.actions import TAGS, action_route, material_response
from api.content.views import (
    AttachmentRequest,
    HistoryEntryView,
    HistoryList,
    MaterialList,
    MaterialPatch,
    MaterialSummary,
    MaterialView,
    ScheduleRequest,
)
from api.dependencies import AnyRequest, Unit, actor_of, work_of
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import OptionalBody, StrictBody, sent_fields
from api.http.views import NO_STORE
from domain.actor import Actor
from domain.content.actions import materials
from domain.content.content import Content
from domain.content.material import Action, Material, State
from domain.media.asset import Attachment
from storage.content.lists import MaterialLists

StateFilter = Annotated[State | None, QueryParameter(name="state", description="Only materials in this state")]


@get(
    "/v1/desk/materials",
    operation_id="listMaterials",
    summary="Danh sách tài liệu · List materials",
    tags=TAGS,
    **operation("material.list"),
)
async def list_materials(
    request: AnyRequest,
    material_lists: NamedDependency[MaterialLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    state_filter: StateFilter = None,
) -> Response[MaterialList]:
    """List your organization's materials, newest first; coordinators see those of all organizations."""
    rows = await material_lists.page(actor, after=read_page_cursor(cursor), state=state_filter, limit=limit + 1)
    return page_of(request, MaterialList, MaterialSummary, rows, limit)


@post(
    "/v1/desk/materials",
    dto=StrictBody[Content],
    return_dto=None,
    operation_id="createMaterial",
    summary="Tạo bản nháp · Create a draft",
    tags=TAGS,
    **operation("material.create", *WRITING, *KEYED),
)
async def create_material(
    request: AnyRequest,
    data: JSONBody[Content],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[MaterialView]:
    """Create a draft that belongs to your organization."""
    return material_response(request, await materials.create(work, actor, data), 201)


@get(
    "/v1/desk/materials/{material_id:uuid}",
    operation_id="getWorkingCopy",
    summary="Đọc bản đang làm · Read the working copy",
    tags=TAGS,
    **operation("material.read"),
)
async def get_working_copy(
    material_id: FromPath[UUID], request: AnyRequest, work: Unit, actor: NamedDependency[Actor]
) -> Response[MaterialView]:
    """Read the working copy with its ETag and the actions that you may do now. What you may not see is 404."""
    return material_response(request, await materials.read(work, actor, material_id))


_CREATED = {201: ResponseSpec(MaterialView, generate_examples=False, description="Created")}


@put(
    "/v1/desk/materials/{material_id:uuid}",
    dto=StrictBody[Content],
    return_dto=None,
    operation_id="putMaterial",
    summary="Tạo bản nháp với mã riêng · Create a draft with an id of your own",
    tags=TAGS,
    **operation("material.create", "id_taken", *WRITING, also=_CREATED),
)
async def put_material(
    material_id: FromPath[UUID],
    data: JSONBody[Content],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
) -> Response[MaterialView]:
    """Create a draft under an id that you chose. The same content again is answered alike, other content is 409."""
    material, new = await materials.create_with_id(work, actor, data, material_id)
    return material_response(request, material, 201 if new else 200)


@patch(
    "/v1/desk/materials/{material_id:uuid}",
    dto=StrictBody[MaterialPatch],
    return_dto=None,
    operation_id="patchMaterial",
    summary="Sửa bản nháp · Edit a draft",
    tags=TAGS,
    **operation("material.patch", *CHANGING, *WRITING, "wrong_state"),
)
async def patch_material(
    material_id: FromPath[UUID],
    data: JSONBody[MaterialPatch],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Edit a draft with an RFC 7396 merge patch: absent fields stay, null resets a field."""
    revision = known_revision(if_match)
    return material_response(request, await materials.patch(work, actor, material_id, sent_fields(data), revision))


@get(
    "/v1/desk/materials/{material_id:uuid}/history",
    operation_id="getMaterialHistory",
    summary="Lịch sử · History",
    tags=TAGS,
    **operation("material.read"),
)
async def get_history(
    material_id: FromPath[UUID],
    work: Unit,
    material_lists: NamedDependency[MaterialLists],
    actor: NamedDependency[Actor],
) -> Response[HistoryList]:
    """List every step of the material's life: when, by whom, which action, why."""
    await materials.read(work, actor, material_id)
    rows = await material_lists.history(material_id)
    return Response(HistoryList(items=[msgspec.convert(row, HistoryEntryView) for row in rows]), headers=NO_STORE)


@put(
    "/v1/desk/materials/{material_id:uuid}/assets/{asset_id:uuid}",
    dto=StrictBody[AttachmentRequest],
    return_dto=None,
    operation_id="attachAsset",
    summary="Gắn tệp · Attach a file",
    tags=TAGS,
    **operation("material.attach", *CHANGING, *WRITING, "wrong_state"),
)
async def attach_asset(
    material_id: FromPath[UUID],
    asset_id: FromPath[UUID],
    data: JSONBody[AttachmentRequest],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Attach an uploaded asset of the same organization, or change its role."""
    attachment = Attachment(asset_id=asset_id, role=data.role, alt=data.alt, transcript_of=data.transcript_of)
    saved = await materials.attach(work, actor, material_id, attachment, known_revision(if_match))
    return material_response(request, saved)


@delete(
    "/v1/desk/materials/{material_id:uuid}/assets/{asset_id:uuid}",
    status_code=200,
    operation_id="detachAsset",
    summary="Bỏ tệp · Detach a file",
    tags=TAGS,
    **operation("material.attach", *CHANGING, "wrong_state"),
)
async def detach_asset(
    material_id: FromPath[UUID],
    asset_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Detach an asset from a draft. The asset itself stays stored."""
    return material_response(
        request, await materials.detach(work, actor, material_id, asset_id, known_revision(if_match))
    )


@post(
    "/v1/desk/materials/{material_id:uuid}/schedule",
    dto=OptionalBody[ScheduleRequest],
    return_dto=None,
    status_code=200,
    operation_id="scheduleMaterial",
    summary="Hẹn giờ phát hành · Schedule publication",
    tags=TAGS,
    **operation("material.schedule", "wrong_state", "note_required", *CHANGING, *WRITING, *KEYED),
)
async def schedule_material(
    material_id: FromPath[UUID],
    data: JSONBody[ScheduleRequest],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[MaterialView]:
    """Release an approved version, or an approved correction, to go live by the clock.

    Only what a coordinator scheduled goes live by itself. Until then `unschedule` and `return` take it back.
    """
    start = None if data.at is UNSET else data.at
    revision = known_revision(if_match)
    saved = await materials.schedule(work, actor, material_id, start, revision=revision, note=data.note)
    return material_response(request, saved)


async def _move(request: AnyRequest, material_id: UUID, action: Action, note: str, if_match: str | None) -> Material:
    work, actor = work_of(request), actor_of(request)
    return await materials.move(work, actor, material_id, action, revision=known_revision(if_match), note=note)


ROUTES = [
    list_materials,
    create_material,
    get_working_copy,
    put_material,
    patch_material,
    get_history,
    attach_asset,
    detach_asset,
    schedule_material,
    action_route(
        _move,
        "revise",
        "reviseMaterial",
        "Mở bản sửa đổi · Start a new version",
        "Start a new draft version beside the published one, which stays live.",
    ),
    action_route(
        _move,
        "request_review",
        "requestReview",
        "Gửi duyệt · Request review",
        "Send a draft to the approvers. Refused with every reason while something is missing.",
        "not_ready",
    ),
    action_route(
        _move,
        "return",
        "returnMaterial",
        "Trả lại để sửa · Return with a note",
        "Return a material to its editor, from review, approval or schedule, until the moment it goes live.",
        "note_required",
    ),
    action_route(
        _move,
        "approve",
        "approveMaterial",
        "Duyệt · Approve",
        "Approve a version in review. The last person who edited it may not.",
        "four_eyes",
    ),
    action_route(
        _move,
        "unschedule",
        "unscheduleMaterial",
        "Bỏ hẹn giờ · Unschedule",
        "Take back a schedule: the version is approved again and does not go live by the clock.",
    ),
]
