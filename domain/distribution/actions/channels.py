"""Channels: created, changed, and re-routed after their rule has changed."""

from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.distribution.change import FeedEntry
from domain.distribution.channel import Channel, RoutingRule, route
from domain.errors import StaleVersion
from domain.events import CLOCK, AccessChanged, Event
from domain.permissions import require
from domain.unit_of_work import UnitOfWork

FIRST = UUID(int=0)
"""Where a walk over all live materials starts."""


async def create(
    work: UnitOfWork, actor: Actor, *, slug: str, title: str, description: str, rule: RoutingRule, public: bool
) -> Channel:
    """Add a channel; the background worker adds the live materials that match. A taken slug raises SlugTaken."""
    require(actor, "channel.manage")
    async with work:
        channel = Channel(
            id=work.ids.new(),
            slug=slug,
            title=title,
            description=description,
            rule=rule,
            public=public,
            rerouting_from=FIRST,
        )
        await work.channels.add(channel)
        await work.commit(AccessChanged(actor=actor.key, activity="channel.create", target=f"channel:{slug}"))
    return channel


async def change(
    work: UnitOfWork,
    actor: Actor,
    slug: str,
    revision: int,
    *,
    title: str | None = None,
    description: str | None = None,
    rule: RoutingRule | None = None,
) -> Channel:
    """Change title, description or rule. A new rule makes the background worker re-route every live material."""
    require(actor, "channel.manage")
    async with work:
        channel = await work.channels.get(slug)
        if channel.revision != revision:
            raise StaleVersion(current=channel.revision)
        new_rule = rule is not None and rule != channel.rule
        changed = replace(
            channel,
            title=channel.title if title is None else title,
            description=channel.description if description is None else description,
            rule=channel.rule if rule is None else rule,
            rerouting_from=FIRST if new_rule else channel.rerouting_from,
        )
        saved = await work.channels.save(changed)
        await work.commit(AccessChanged(actor=actor.key, activity="channel.change", target=f"channel:{slug}"))
    return saved


async def list_rerouting(work: UnitOfWork) -> list[str]:
    """Slugs of the channels whose rule has changed and whose walk is not finished."""
    async with work:
        return [channel.slug for channel in await work.channels.list() if channel.rerouting_from is not None]


async def reroute(work: UnitOfWork, slug: str, batch: int = 500) -> bool:
    """Apply a changed rule to the next `batch` live materials. True when the walk is at its end."""
    async with work:
        channel = await work.channels.get(slug)
        if channel.rerouting_from is None:
            return True
        versions = await work.publications.list_live_after(channel.rerouting_from, batch)
        now = work.clock.now()
        entries: list[FeedEntry] = []
        for version in versions:
            live_by_channel = await work.feed_entries.live_by_channel(version.id)
            if channel.rule.matches(version) != live_by_channel.get(channel.id, False):
                entries += route(version, [channel], live_by_channel, now)
        work.feed_entries.add(entries)
        done = len(versions) < batch
        await work.channels.save(replace(channel, rerouting_from=None if done else versions[-1].id))
        detail: dict[str, object] = {"entries": len(entries)}
        await work.commit(Event(actor=CLOCK, activity="channel.reroute", target=f"channel:{slug}", detail=detail))
    return done
