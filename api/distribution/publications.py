"""Publishing, correcting, taking down and duplicating: what changes, or starts from, published versions."""

from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from api.callers.operations import KEYED, WRITING, IdempotencyKey, known_revision, operation, revision_of
from api.content.actions import TAGS, action_route, material_response
from api.content.views import DuplicateRequest, MaterialView
from api.dependencies import AnyRequest, Unit, actor_of, services_of, work_of
from api.http.request_bodies import OptionalBody
from domain.actor import Actor
from domain.content.material import Action, Material
from domain.distribution.actions import publications


@post(
    "/v1/desk/materials/{material_id:uuid}/duplicate",
    dto=OptionalBody[DuplicateRequest],
    return_dto=None,
    operation_id="duplicateMaterial",
    summary="Nhân bản thành bản nháp mới · Duplicate as a new draft",
    tags=TAGS,
    **operation("material.duplicate", *WRITING, *KEYED),
)
async def duplicate_material(
    material_id: FromPath[UUID],
    data: JSONBody[DuplicateRequest],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[MaterialView]:
    """Create a new draft from any version, with the relation `replaces`.

    It is the way back for what was withdrawn, killed or expired. Times are not copied.
    """
    version = None if data.version is UNSET else data.version
    return material_response(request, await publications.duplicate(work, actor, material_id, version), 201)


async def _publish(request: AnyRequest, material_id: UUID, action: Action, note: str, if_match: str | None) -> Material:
    publisher, revision = services_of(request).publisher, known_revision(if_match)
    work, actor = work_of(request), actor_of(request)
    return await publications.publish(work, publisher, actor, material_id, action, revision=revision, note=note)


async def _take_down(
    request: AnyRequest, material_id: UUID, action: Action, note: str, if_match: str | None
) -> Material:
    revision = revision_of(if_match, any_allowed=True)  # a kill must not wait for an edit in progress
    work, actor = work_of(request), actor_of(request)
    return await publications.take_down(work, actor, material_id, action, revision=revision, note=note)


ROUTES = [
    duplicate_material,
    action_route(
        _publish,
        "publish",
        "publishMaterial",
        "Phát hành · Publish",
        "Sign the approved version and route it to the channels, in one transaction.",
        "embargoed",
    ),
    action_route(
        _publish,
        "correct",
        "correctMaterial",
        "Đính chính · Publish a correction",
        "Publish an approved revision of a live material with a public correction note.",
        "note_required",
        "embargoed",
    ),
    action_route(
        _take_down,
        "withdraw",
        "withdrawMaterial",
        "Rút · Withdraw",
        "Take a material down with a public note; every organization that received it must acknowledge.",
        "note_required",
    ),
    action_route(
        _take_down,
        "kill",
        "killMaterial",
        "Gỡ khẩn cấp · Kill",
        "Like withdraw, and earlier versions are hidden too. `If-Match: *` is accepted.",
        "note_required",
    ),
]
