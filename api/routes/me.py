"""Who am I; what is kept about me; forget me."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from api.dependencies import Unit
from api.operations import operation
from api.views import MeView, OrganizationView
from domain.actor import Actor

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


ROUTES = [get_me]
