"""The desk: where staff write, review and publish. Nothing here is cacheable, nothing here is delivered."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import (
    CHANGING,
    KEYED,
    WRITING,
    IdempotencyKey,
    IfMatch,
    known_revision,
    operation,
    revision_of,
)
from api.content.views import (
    HistoryList,
    HistoryView,
    MaterialLine,
    MaterialList,
    MaterialPatch,
    MaterialView,
    NewAttachment,
    Note,
    show_material,
)
from api.dependencies import Parts, Unit, written_by
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, sent_fields
from domain.actor import Actor
from domain.content.actions import materials
from domain.content.content import Content
from domain.content.material import LifeVerb, Material, State
from domain.distribution.actions import publications
from domain.media.asset import Attachment
from domain.ports import UnitOfWork

TAGS = ["desk"]
NEW = ("id_taken", *WRITING)


def _answer(material: Material, status: int = 200) -> Response[MaterialView]:
    headers = {"etag": f'"{material.revision}"', "cache-control": "no-store"}
    if status == 201:
        headers["location"] = f"/v1/desk/materials/{material.id}"
    return Response(show_material(material), status_code=status, headers=headers)


@post(
    "/v1/desk/materials",
    dto=StrictBody[Content],
    return_dto=None,
    operation_id="createMaterial",
    summary="Tạo bản nháp · Start a draft",
    tags=TAGS,
    **operation("material.create", *WRITING, *KEYED),
)
async def create_material(
    data: JSONBody[Content],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by api.middleware
) -> Response[MaterialView]:
    """Start a draft that belongs to your organization."""
    return _answer(await materials.create(work, actor, data), 201)


@put(
    "/v1/desk/materials/{material_id:uuid}",
    dto=StrictBody[Content],
    return_dto=None,
    operation_id="putMaterial",
    summary="Tạo bản nháp với mã riêng · Start a draft with an id of your own",
    tags=TAGS,
    **operation("material.create", *NEW),
)
async def put_material(
    material_id: FromPath[UUID],
    data: JSONBody[Content],
    work: Unit,
    actor: NamedDependency[Actor],
) -> Response[MaterialView]:
    """The same content again gives the same answer; other content is 409 `id_taken`."""
    material, new = await materials.create_with_id(work, actor, data, material_id)
    return _answer(material, 201 if new else 200)


@get(
    "/v1/desk/materials",
    operation_id="listMaterials",
    summary="Danh sách tài liệu · List materials",
    tags=TAGS,
    **operation("material.list"),
)
async def list_materials(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    in_state: Annotated[State | None, QueryParameter(name="state", description="Only this state")] = None,
) -> Response[MaterialList]:
    """Your organization's materials, oldest first; coordinators see everybody's."""
    rows = await parts.desk.materials(actor, after=read_page_cursor(cursor), state=in_state, limit=limit + 1)
    return page_of(request, MaterialList, MaterialLine, rows, limit)


@get(
    "/v1/desk/materials/{material_id:uuid}",
    operation_id="getDeskMaterial",
    summary="Đọc bản đang làm · Read the working copy",
    tags=TAGS,
    **operation("material.read"),
)
async def get_material(
    material_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> Response[MaterialView]:
    """The working copy with its ETag. What you may not see is 404."""
    return _answer(await publications.read_for(work, actor, material_id))


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
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """RFC 7396 merge patch: absent fields stay, null takes a field back."""
    revision = known_revision(if_match)
    return _answer(await materials.patch(work, actor, material_id, sent_fields(data), revision))


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
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
) -> Response[HistoryList]:
    """Every step: who, when, what, why."""
    await publications.read_for(work, actor, material_id)
    rows = await parts.desk.history(material_id)
    lines = [msgspec.convert(row, HistoryView) for row in rows]
    return Response(HistoryList(items=lines), headers={"cache-control": "no-store"})


@put(
    "/v1/desk/materials/{material_id:uuid}/assets/{asset_id:uuid}",
    dto=StrictBody[NewAttachment],
    return_dto=None,
    operation_id="attachAsset",
    summary="Gắn tệp · Attach a file",
    tags=TAGS,
    **operation("material.attach", *CHANGING, *WRITING, "wrong_state"),
)
async def attach_asset(
    material_id: FromPath[UUID],
    asset_id: FromPath[UUID],
    data: JSONBody[NewAttachment],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """Attach an uploaded asset of the same organization, or change its role."""
    attachment = Attachment(asset_id=asset_id, role=data.role, alt=data.alt, transcript_of=data.transcript_of)
    return _answer(await materials.attach(work, actor, material_id, attachment, known_revision(if_match)))


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
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MaterialView]:
    """The asset stays stored; only this draft lets it go."""
    return _answer(await materials.detach(work, actor, material_id, asset_id, known_revision(if_match)))


async def _do(
    verb: LifeVerb,
    material_id: UUID,
    note: str,
    parts: Parts,
    work: UnitOfWork,
    actor: Actor,
    if_match: str | None,
) -> Material:
    if verb in ("withdraw", "kill"):
        revision = revision_of(if_match, any_allowed=True)  # a kill may not be held up by somebody's edit
        return (await publications.take_down(work, actor, material_id, verb, revision=revision, note=note))[0]
    revision = known_revision(if_match)
    if verb in ("publish", "correct"):
        return await publications.publish(work, parts.press, actor, material_id, verb, revision=revision, note=note)
    return await materials.move(work, actor, material_id, verb, revision=revision, note=note)


def _verb_route(verb: LifeVerb, operation_id: str, summary: str, *codes: str) -> HTTPRouteHandler:
    async def handler(
        material_id: FromPath[UUID],
        data: JSONBody[Note],
        request: Request[Any, Any, Any],
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by api.middleware
    ) -> Response[MaterialView]:
        return _answer(await _do(verb, material_id, data.note, *written_by(request), if_match))

    problems = ("wrong_state", *CHANGING, *WRITING, *KEYED, *codes)
    return post(
        f"/v1/desk/materials/{{material_id:uuid}}/{verb}",
        dto=StrictBody[Note],
        return_dto=None,
        status_code=200,
        name=operation_id,
        operation_id=operation_id,
        summary=summary,
        tags=TAGS,
        **operation(materials.VERB_OF[verb], *problems),
    )(handler)


ROUTES = [
    create_material,
    put_material,
    list_materials,
    get_material,
    patch_material,
    get_history,
    attach_asset,
    detach_asset,
    _verb_route("revise", "reviseMaterial", "Mở bản sửa đổi · Start a new version"),
    _verb_route("request_review", "requestReview", "Gửi duyệt · Ask for review", "not_ready"),
    _verb_route("return", "returnMaterial", "Trả lại để sửa · Send back with a note", "note_required"),
    _verb_route("approve", "approveMaterial", "Duyệt · Approve", "four_eyes"),
    _verb_route("publish", "publishMaterial", "Phát hành · Publish", "embargoed"),
    _verb_route("correct", "correctMaterial", "Đính chính · Publish a correction", "note_required"),
    _verb_route("withdraw", "withdrawMaterial", "Rút · Withdraw", "note_required"),
    _verb_route("kill", "killMaterial", "Gỡ khẩn cấp · Kill", "note_required"),
]
