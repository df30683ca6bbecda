"""Channels and who may pull them."""

from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.distribution.actions.takedowns import ask_for_copies
from domain.distribution.channel import Channel, Grant, Rule
from domain.errors import GrantRevoked, InsufficientScope, NotFound, StaleVersion
from domain.permissions import require
from domain.ports import Event, UnitOfWork

FIRST = UUID(int=0)
"""Where a walk over all live materials starts."""


async def create(
    uow: UnitOfWork, actor: Actor, *, slug: str, title: str, description: str, rule: Rule, public: bool
) -> Channel:
    """Add a channel; the worker fills it from the live materials. A taken slug raises SlugTaken."""
    require(actor, "channel.manage")
    async with uow:
        channel = Channel(
            id=uow.ids.new(),
            slug=slug,
            title=title,
            description=description,
            rule=rule,
            public=public,
            rerouting_from=FIRST,
        )
        await uow.channels.add(channel)
        await uow.commit(Event(actor=actor.key, verb="channel.create", thing=f"channel:{slug}"))
    return channel


async def change(
    uow: UnitOfWork,
    actor: Actor,
    slug: str,
    revision: int,
    *,
    title: str | None = None,
    description: str | None = None,
    rule: Rule | None = None,
) -> Channel:
    """Change a channel's words or rule. Another rule makes the worker re-route every live material."""
    require(actor, "channel.manage")
    async with uow:
        channel = await uow.channels.get(slug)
        if channel.revision != revision:
            raise StaleVersion(current=channel.revision)
        other_rule = rule is not None and rule != channel.rule
        changed = replace(
            channel,
            title=channel.title if title is None else title,
            description=channel.description if description is None else description,
            rule=channel.rule if rule is None else rule,
            rerouting_from=FIRST if other_rule else channel.rerouting_from,
        )
        saved = await uow.channels.save(changed)
        await uow.commit(Event(actor=actor.key, verb="channel.change", thing=f"channel:{slug}"))
    return saved


async def grant(uow: UnitOfWork, actor: Actor, slug: str, organization_id: UUID) -> Grant:
    """Let an organization pull a channel. Twice is the same as once."""
    require(actor, "grant.manage")
    async with uow:
        channel = await uow.channels.get(slug)
        await uow.organizations.get(organization_id)
        known = await uow.channels.find_grant(channel.id, organization_id)
        if known and known.revoked_at is None:
            return known
        given = Grant(channel_id=channel.id, organization_id=organization_id, granted_at=uow.clock.now())
        await uow.channels.save_grant(given)
        await uow.commit(_grant_event(actor, "grant.give", channel, organization_id))
    return given


async def revoke(uow: UnitOfWork, actor: Actor, slug: str, organization_id: UUID) -> None:
    """Take a channel from an organization. Who has pulled it gets a takedown: its copy must go."""
    require(actor, "grant.manage")
    async with uow:
        channel = await uow.channels.get(slug)
        known = await uow.channels.find_grant(channel.id, organization_id)
        if known is None:
            raise NotFound
        if known.revoked_at is not None:
            return
        await uow.channels.save_grant(replace(known, revoked_at=uow.clock.now()))
        await ask_for_copies(uow)
        await uow.commit(_grant_event(actor, "grant.revoke", channel, organization_id))


def _grant_event(actor: Actor, verb: str, channel: Channel, organization_id: UUID) -> Event:
    return Event(
        actor=actor.key,
        verb=verb,
        thing=f"channel:{channel.slug}",
        detail={"organization": str(organization_id)},
    )


Access = Literal["granted", "revoked", "none"]


def check_access(channel: Channel, actor: Actor | None, access: Access) -> None:
    """Raise unless `actor` may pull `channel`. Public channels need nothing, others `content:read` and a grant."""
    if channel.public:
        return
    if actor is None:
        raise NotFound
    if "content:read" not in actor.scopes:
        raise InsufficientScope(scope="content:read")
    if actor.reaches_all:
        return
    if access == "revoked":
        raise GrantRevoked(channel=channel.slug)
    if access != "granted":
        raise NotFound
