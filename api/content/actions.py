"""Routes of the life table: one `POST …/{action}` for each action on a material."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, operation
from api.content.views import ActionRequest, MaterialView, show_material
from api.dependencies import AnyRequest, actor_of, services_of
from api.http.request_bodies import OptionalBody
from api.http.views import NO_STORE
from domain.content.actions import materials
from domain.content.material import Action, Material

TAGS = ["editorial"]
Perform = Callable[[AnyRequest, UUID, Action, str, str | None], Awaitable[Material]]
"""(request, material id, action, note, If-Match) -> the material afterwards"""


def material_response(request: AnyRequest, material: Material, status: int = 200) -> Response[MaterialView]:
    """The working copy with its ETag, as the caller of this request sees it."""
    headers = NO_STORE | {"etag": f'"{material.revision}"'}
    if status == 201:
        headers["location"] = f"/v1/desk/materials/{material.id}"
    view = show_material(material, actor_of(request), services_of(request).clock.now())
    return Response(view, status_code=status, headers=headers)


def action_route(
    perform: Perform, action: Action, operation_id: str, summary: str, description: str, *codes: str
) -> HTTPRouteHandler:
    """The route of one action; `codes` are the problems of its own."""

    async def handler(
        material_id: FromPath[UUID],
        data: JSONBody[ActionRequest],
        request: AnyRequest,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
    ) -> Response[MaterialView]:
        return material_response(request, await perform(request, material_id, action, data.note, if_match))

    problems = ("wrong_state", *CHANGING, *WRITING, *KEYED, *codes)
    return post(
        f"/v1/desk/materials/{{material_id:uuid}}/{action}",
        dto=OptionalBody[ActionRequest],
        return_dto=None,
        status_code=200,
        name=operation_id,
        operation_id=operation_id,
        summary=summary,
        description=description,
        tags=TAGS,
        **operation(materials.permission_of(action), *problems),
    )(handler)
