"""The caller itself: identity, personal data, erasure."""

import msgspec
from litestar import Response, delete, get
from litestar.di import NamedDependency

from api.callers.operations import operation
from api.dependencies import Unit
from api.http.views import NO_STORE
from api.identity.views import CallerView, OrganizationSummary, PersonalDataView
from domain.actor import Actor
from domain.errors import NotFound
from domain.identity.actions import members
from storage.identity.lists import MemberLists

TAGS = ["identity"]


@get("/v1/me", operation_id="getMe", summary="Tôi là ai · Who am I", tags=TAGS, **operation("me.read"))
async def get_me(work: Unit, actor: NamedDependency[Actor]) -> Response[CallerView]:
    """Read which actor this token stands for and what it may do."""
    async with work:
        mine = await work.organizations.get(actor.organization_id)
    shown = OrganizationSummary(id=mine.id, code=mine.code, kind=mine.kind, name=mine.name)
    view = CallerView(
        client_id=actor.client_id,
        organization=shown,
        scopes=sorted(actor.scopes),
        roles=sorted(actor.roles),
        member_id=actor.member_id or msgspec.UNSET,
    )
    return Response(view, headers=NO_STORE)


@get(
    "/v1/me/export",
    operation_id="exportMe",
    summary="Dữ liệu về tôi · What is kept about me",
    tags=TAGS,
    **operation("me.read"),
)
async def export_me(
    member_lists: NamedDependency[MemberLists], actor: NamedDependency[Actor]
) -> Response[PersonalDataView]:
    """Export everything that is stored about you (Law 91/2025/QH15). Only for people."""
    if actor.member_id is None:
        raise NotFound
    about = await member_lists.export(actor.member_id)
    headers = NO_STORE | {"content-disposition": 'attachment; filename="lan-toa-me.json"'}
    return Response(PersonalDataView(**about), headers=headers)


@delete(
    "/v1/me",
    status_code=204,
    operation_id="eraseMe",
    summary="Xóa tài khoản của tôi · Erase me",
    tags=TAGS,
    **operation("me.erase"),
)
async def erase_me(work: Unit, actor: NamedDependency[Actor]) -> None:
    """Erase your account: name, login, e-mail and credentials go at once; the audit trail keeps a pseudonym."""
    await members.erase(work, actor)


ROUTES = [get_me, export_me, erase_me]
