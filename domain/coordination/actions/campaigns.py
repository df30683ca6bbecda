"""Campaigns: planned, changed, run, closed, cancelled."""

from collections.abc import Collection
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.campaign import TRANSITIONS, Campaign, CampaignAction, CampaignPlan, check_campaign
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import CalendarChanged, CampaignCancelled, OrganizationSucceeded
from domain.lifecycle import next_state
from domain.merge_patch import merged
from domain.permissions import check_owned, require, sees, takes_part
from domain.references import check_codes, check_organizations
from domain.unit_of_work import UnitOfWork


def is_visible(actor: Actor, campaign: Campaign) -> bool:
    """Whether the campaign exists for `actor`: its leaders, those who take part, the coordinator."""
    return takes_part(actor, campaign.owner_id, campaign.plan.participant_ids)


async def read(work: UnitOfWork, actor: Actor, campaign_id: UUID) -> Campaign:
    """Get a campaign; NotFound where the actor's organization has no part in it."""
    async with work:
        campaign = await work.campaigns.get(campaign_id)
    if not is_visible(actor, campaign):
        raise NotFound
    return campaign


async def put(
    work: UnitOfWork, actor: Actor, campaign_id: UUID, plan: CampaignPlan, owner_id: UUID | None = None
) -> tuple[Campaign, bool]:
    """Make a campaign with a client-made id; the same again answers the same (and False), other content IdTaken.

    `owner_id`: the organization that leads it; the actor's own when None. A taken code raises CodeTaken.
    """
    owner = owner_id or actor.organization_id
    require(actor, "campaign.manage", owner)
    async with work:
        known = await work.campaigns.find(campaign_id)
        if known is not None:
            if not sees(actor, known.owner_id) or known.plan != plan or known.owner_id != owner:
                raise IdTaken
            return known, False
        await _check(work, plan, [owner])
        now = work.clock.now()
        campaign = Campaign(id=campaign_id, owner_id=owner, plan=plan, created_at=now, updated_at=now)
        await work.campaigns.add(campaign)
        await work.commit(_changed(actor, "create", campaign))
    return campaign, True


async def _check(work: UnitOfWork, plan: CampaignPlan, more: Collection[UUID] = ()) -> None:
    check_campaign(plan)
    check_codes(await work.vocabularies.codes(), topics=plan.topics, audiences=plan.audiences)
    await check_organizations(work, {"/owner_id": more, "/participant_ids": plan.participant_ids})


def _changed(actor: Actor, activity: str, campaign: Campaign) -> CalendarChanged:
    detail: dict[str, object] = {"state": campaign.state}
    target = f"campaign:{campaign.id}"
    return CalendarChanged(actor=actor.key, activity=f"campaign.{activity}", target=target, detail=detail)


async def _owned(work: UnitOfWork, actor: Actor, campaign_id: UUID, revision: int) -> Campaign:
    campaign = await work.campaigns.get(campaign_id)
    check_owned(actor, "campaign.manage", campaign.owner_id, visible=is_visible(actor, campaign))
    if campaign.revision != revision:
        raise StaleVersion(current=campaign.revision)
    return campaign


async def patch(
    work: UnitOfWork, actor: Actor, campaign_id: UUID, changes: dict[str, object], revision: int
) -> Campaign:
    """Merge changes into the plan of a campaign that is not over (RFC 7396)."""
    async with work:
        campaign = await _owned(work, actor, campaign_id, revision)
        if not campaign.open:
            raise WrongState(action="patch", state=campaign.state, allowed=[])
        plan = merged(campaign.plan, changes)
        await _check(work, plan)
        saved = await work.campaigns.save(replace(campaign, plan=plan, updated_at=work.clock.now()))
        await work.commit(_changed(actor, "patch", saved))
    return saved


async def move(
    work: UnitOfWork, actor: Actor, campaign_id: UUID, action: CampaignAction, *, revision: int, note: str = ""
) -> Campaign:
    """Start, close or cancel. Cancelling cancels every open activity in it, with its bookings and assignments."""
    async with work:
        campaign = await _owned(work, actor, campaign_id, revision)
        state = next_state(TRANSITIONS, action, campaign.state)
        if action == "cancel" and not note.strip():
            raise InvalidContent(errors=[FieldError(pointer="/note", code="required")])
        saved = await work.campaigns.save(replace(campaign, state=state, note=note, updated_at=work.clock.now()))
        event = _changed(actor, action, saved)
        if action == "cancel":
            event = CampaignCancelled(
                actor=event.actor,
                activity=event.activity,
                target=event.target,
                detail=event.detail,
                campaign_id=campaign_id,
            )
        await work.commit(event)
    return saved


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the open campaigns of the leaving organization to its successor, and its part in those of others."""
    await work.campaigns.change_organization(event.leaving_id, event.successor_id)
