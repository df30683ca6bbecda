"""Campaigns."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation
from api.coordination.views import (
    CampaignList,
    CampaignPatch,
    CampaignView,
    NoteRequest,
    campaign_actions,
    show_campaign,
)
from api.dependencies import AnyRequest, Unit
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import OptionalBody, StrictBody, sent_fields
from api.http.resources import created, resource
from api.outlets.placements import with_outcome
from api.outlets.views import PlacementList, PlacementView
from domain.actor import Actor
from domain.coordination.actions import campaigns
from domain.coordination.campaign import CampaignAction, CampaignPlan, CampaignState
from storage.coordination.lists import CampaignLists

TAGS = ["campaigns"]
StateFilter = Annotated[CampaignState | None, QueryParameter(name="state", description="Only in this state")]
OwnerOf = Annotated[
    UUID | None, QueryParameter(name="owner", description="The organization that leads; default: yours")
]


@get(
    "/v1/campaigns",
    operation_id="listCampaigns",
    summary="Chiến dịch · Campaigns",
    tags=TAGS,
    **operation("campaign.read"),
)
async def list_campaigns(
    request: AnyRequest,
    campaign_lists: NamedDependency[CampaignLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    state_filter: StateFilter = None,
) -> Response[CampaignList]:
    """List the campaigns that your organization leads or takes part in, newest first; coordinators see all."""
    rows = await campaign_lists.page(actor, after=read_page_cursor(cursor), state=state_filter, limit=limit + 1)
    shown = [row | {"possible_actions": campaign_actions(row["state"])} for row in rows]
    return page_of(request, CampaignList, CampaignView, shown, limit)


@put(
    "/v1/campaigns/{campaign_id:uuid}",
    dto=StrictBody[CampaignPlan],
    return_dto=None,
    operation_id="putCampaign",
    summary="Lập chiến dịch · Plan a campaign",
    tags=TAGS,
    **operation("campaign.manage", "id_taken", "code_taken", *WRITING, also=created(CampaignView)),
)
async def put_campaign(
    campaign_id: FromPath[UUID],
    data: JSONBody[CampaignPlan],
    work: Unit,
    actor: NamedDependency[Actor],
    owner: OwnerOf = None,
) -> Response[CampaignView]:
    """Plan a campaign under an id that you chose. The same content again is answered alike, other content is 409."""
    campaign, new = await campaigns.put(work, actor, campaign_id, data, owner)
    return resource(show_campaign(campaign), campaign.revision, location=f"/v1/campaigns/{campaign_id}", new=new)


@get(
    "/v1/campaigns/{campaign_id:uuid}",
    operation_id="getCampaign",
    summary="Một chiến dịch · One campaign",
    tags=TAGS,
    **operation("campaign.read"),
)
async def get_campaign(
    campaign_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> Response[CampaignView]:
    """Read a campaign with its ETag."""
    campaign = await campaigns.read(work, actor, campaign_id)
    return resource(show_campaign(campaign), campaign.revision)


@patch(
    "/v1/campaigns/{campaign_id:uuid}",
    dto=StrictBody[CampaignPatch],
    return_dto=None,
    operation_id="patchCampaign",
    summary="Sửa chiến dịch · Change a campaign",
    tags=TAGS,
    **operation("campaign.manage", "code_taken", "wrong_state", *CHANGING, *WRITING),
)
async def patch_campaign(
    campaign_id: FromPath[UUID],
    data: JSONBody[CampaignPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[CampaignView]:
    """Change a campaign that is not over with an RFC 7396 merge patch."""
    campaign = await campaigns.patch(work, actor, campaign_id, sent_fields(data), known_revision(if_match))
    return resource(show_campaign(campaign), campaign.revision)


@get(
    "/v1/campaigns/{campaign_id:uuid}/placements",
    operation_id="listCampaignPlacements",
    summary="Nơi đã đăng, phát của chiến dịch · Placements of a campaign",
    tags=TAGS,
    **operation("campaign.read"),
)
async def list_campaign_placements(
    campaign_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    campaign_lists: NamedDependency[CampaignLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
) -> Response[PlacementList]:
    """List the placements that count for a campaign: booked for its activities, or of materials planned for them."""
    await campaigns.read(work, actor, campaign_id)
    after = read_page_cursor(cursor)
    rows = await campaign_lists.placements(actor, campaign_id, after=after, limit=limit + 1)
    return page_of(request, PlacementList, PlacementView, [with_outcome(row) for row in rows], limit)


def _action_route(action: CampaignAction, summary: str, description: str) -> HTTPRouteHandler:
    async def handler(
        campaign_id: FromPath[UUID],
        work: Unit,
        actor: NamedDependency[Actor],
        data: JSONBody[NoteRequest] = NoteRequest(),  # noqa: B008 -- frozen
        if_match: IfMatch = None,
    ) -> Response[CampaignView]:
        revision = known_revision(if_match)
        campaign = await campaigns.move(work, actor, campaign_id, action, revision=revision, note=data.note)
        return resource(show_campaign(campaign), campaign.revision)

    name = f"{action}Campaign"
    return post(
        f"/v1/campaigns/{{campaign_id:uuid}}/{action}",
        dto=OptionalBody[NoteRequest],
        return_dto=None,
        status_code=200,
        name=name,
        operation_id=name,
        summary=summary,
        description=description,
        tags=TAGS,
        **operation("campaign.manage", "wrong_state", *CHANGING, *WRITING),
    )(handler)


ROUTES = [
    list_campaigns,
    put_campaign,
    get_campaign,
    patch_campaign,
    list_campaign_placements,
    _action_route("start", "Bắt đầu chiến dịch · Start a campaign", "Start a planned campaign."),
    _action_route("close", "Kết thúc chiến dịch · Close a campaign", "Close a running campaign."),
    _action_route(
        "cancel",
        "Hủy chiến dịch · Cancel a campaign",
        "Cancel a campaign and with it every open activity in it, their assignments, coverages and bookings to come.",
    ),
]
