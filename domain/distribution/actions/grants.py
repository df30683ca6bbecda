"""Grants: which organizations may pull a channel."""

from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.distribution.channel import Channel, Grant
from domain.errors import NotFound
from domain.events import AccessChanged, GrantRevoked, OrganizationSucceeded
from domain.permissions import require
from domain.unit_of_work import UnitOfWork


async def give(work: UnitOfWork, actor: Actor, slug: str, organization_id: UUID) -> Grant:
    """Let an organization pull a channel. Twice is the same as once."""
    require(actor, "grant.manage")
    async with work:
        channel = await work.channels.get(slug)
        await work.organizations.get(organization_id)
        known = await work.grants.find(channel.id, organization_id)
        if known and known.revoked_at is None:
            return known
        given = await _give(work, channel.id, organization_id, known)
        await work.commit(
            AccessChanged(
                actor=actor.key,
                activity="grant.give",
                target=f"channel:{slug}",
                detail={"organization": str(organization_id)},
            )
        )
    return given


async def _give(work: UnitOfWork, channel_id: UUID, organization_id: UUID, known: Grant | None) -> Grant:
    now = work.clock.now()
    if known is not None:
        return await work.grants.save(replace(known, granted_at=now, revoked_at=None))
    grant = Grant(channel_id=channel_id, organization_id=organization_id, granted_at=now)
    await work.grants.add(grant)
    return grant


async def revoke(work: UnitOfWork, actor: Actor, slug: str, organization_id: UUID) -> None:
    """Take a channel from an organization. If it has pulled the channel, a takedown for its copy is opened."""
    require(actor, "grant.manage")
    async with work:
        channel = await work.channels.get(slug)
        known = await work.grants.find(channel.id, organization_id)
        if known is None:
            raise NotFound
        if known.revoked_at is not None:
            return
        await work.grants.save(replace(known, revoked_at=work.clock.now()))
        await work.commit(_revoked(actor.key, channel, organization_id))


def _revoked(by: str, channel: Channel, organization_id: UUID) -> GrantRevoked:
    return GrantRevoked(
        actor=by,
        activity="grant.revoke",
        target=f"channel:{channel.slug}",
        detail={"organization": str(organization_id)},
        channel_id=channel.id,
        organization_id=organization_id,
    )


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the grants, the received copies and the open obligations of the leaving organization to its successor."""
    await work.recipients.change_organization(event.leaving_id, event.successor_id)
    for grant in await work.grants.list_live_of(event.leaving_id):
        known = await work.grants.find(grant.channel_id, event.successor_id)
        if known is None or known.revoked_at is not None:
            await _give(work, grant.channel_id, event.successor_id, known)
        await work.grants.save(replace(grant, revoked_at=event.at))
