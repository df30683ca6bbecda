"""Who am I; what is kept about me; forget me."""

from typing import Any

import msgspec
from litestar import Response, delete, get
from litestar.di import NamedDependency

from api.callers.operations import operation
from api.content.views import MeView, OrganizationView
from api.dependencies import Parts, Unit
from domain.actor import Actor
from domain.errors import NotFound
from domain.identity.actions import members

TAGS = ["identity"]


@get("/v1/me", operation_id="getMe", summary="Tôi là ai · Who am I", tags=TAGS, **operation("me.read"))
async def get_me(work: Unit, actor: NamedDependency[Actor]) -> Response[MeView]:
    """What this token may do, and for whom."""
    async with work:
        mine = await work.organizations.get(actor.organization_id)
    shown = OrganizationView(id=mine.id, code=mine.code, kind=mine.kind, name=mine.name)
    me = MeView(
        client_id=actor.client_id,
        organization=shown,
        scopes=sorted(actor.scopes),
        roles=sorted(actor.roles),
        member_id=actor.member_id or msgspec.UNSET,
    )
    return Response(me, headers={"cache-control": "no-store"})


@get(
    "/v1/me/export",
    operation_id="exportMe",
    summary="Dữ liệu về tôi · What is kept about me",
    tags=TAGS,
    **operation("me.read"),
)
async def export_me(parts: NamedDependency[Parts], actor: NamedDependency[Actor]) -> Response[dict[str, Any]]:
    """Everything, for people only (Law 91/2025/QH15)."""
    if actor.member_id is None:
        raise NotFound
    about = await parts.directory.about(actor.member_id)
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="lan-toa-me.json"'}
    return Response(about, headers=headers)


@delete(
    "/v1/me",
    status_code=204,
    operation_id="eraseMe",
    summary="Xóa tài khoản của tôi · Erase me",
    tags=TAGS,
    **operation("me.erase"),
)
async def erase_me(work: Unit, actor: NamedDependency[Actor]) -> None:
    """Name, login, e-mail and credentials go at once; the audit trail keeps a pseudonym."""
    await members.erase(work, actor)


ROUTES = [get_me, export_me, erase_me]
