"""Publishing, correcting, taking down: everything that changes what the world sees."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.content.actions.materials import VERB_OF, allowed, event, keep, load_for
from domain.content.material import LifeVerb, Material, advance
from domain.distribution.change import Entry, TombstoneReason
from domain.distribution.channel import Channel, LiveEdition
from domain.distribution.document import freeze
from domain.distribution.takedown import Obligation, Takedown, closed_if_done
from domain.errors import NotFound
from domain.permissions import sees
from domain.ports import Edition, Event, Markup, Release, Signer, UnitOfWork

CLOCK = "clock"
"""The actor's name in history and audit when time itself acts."""

_TOMBSTONE: dict[LifeVerb, TombstoneReason] = {"withdraw": "withdrawn", "kill": "killed", "expire": "expired"}


class Press:
    """What publishing needs beside the unit of work: a renderer and a signing key."""

    def __init__(self, markup: Markup, signer: Signer) -> None:
        self.markup = markup
        self.signer = signer


async def publish(
    uow: UnitOfWork,
    press: Press,
    actor: Actor,
    material_id: UUID,
    verb: LifeVerb,
    *,
    revision: int,
    note: str = "",
) -> Material:
    """Publish an approved material, or `correct` a published one (the note is public)."""
    async with uow:
        found = await uow.materials.for_release(material_id)
        allowed(found.material, actor, VERB_OF[verb], revision)
        saved = await _release(uow, press, found, verb, by=actor.key, note=note)
        await uow.commit(event(actor.key, verb, saved))
    return saved


async def _release(uow: UnitOfWork, press: Press, found: Release, verb: LifeVerb, *, by: str, note: str) -> Material:
    now = uow.clock.now()
    moved = advance(found.material, verb, by=by, at=now, note=note)
    document = freeze(
        moved,
        owner=found.owner,
        assets=found.assets,
        body_html=press.markup.html(moved.content.body) if moved.content.body else "",
        correction_note=note if verb == "correct" else "",
    )
    saved = await keep(uow, moved, by=by, verb=verb, note=note)
    await uow.materials.add_edition(
        Edition(
            material_id=saved.id,
            version=saved.version,
            document=document,
            signature=press.signer.sign(document),
            published_at=now,
            asset_ids=tuple(found.assets),
        )
    )
    uow.publish(route(_edition(saved), found.channels, found.carrying, now))
    return saved


def _edition(material: Material) -> LiveEdition:
    content = material.content
    return LiveEdition(
        id=material.id,
        version=material.version,
        kind=content.kind,
        language=content.language,
        topics=content.topics,
        audiences=content.audiences,
    )


def route(edition: LiveEdition, channels: Sequence[Channel], carrying: dict[UUID, bool], at: datetime) -> list[Entry]:
    """The entries of a live edition: an upsert where a rule matches, `out_of_scope` where it no longer does.

    `carrying` tells of each channel that ever had the material whether it is live there now.
    """
    entries = []
    for channel in channels:
        matches = channel.rule.matches(edition)
        if matches or carrying.get(channel.id):
            entries.append(
                Entry(
                    channel_id=channel.id,
                    material_id=edition.id,
                    version=edition.version,
                    changed_at=at,
                    reason=None if matches else "out_of_scope",
                )
            )
    return entries


async def take_down(
    uow: UnitOfWork, actor: Actor, material_id: UUID, verb: LifeVerb, *, revision: int | None, note: str
) -> tuple[Material, Takedown]:
    """Withdraw or kill: tombstones everywhere it ever was, and a takedown for everyone who ever received it."""
    async with uow:
        material = await load_for(uow, actor, VERB_OF[verb], material_id, revision)
        saved = await _bury(uow, material, verb, by=actor.key, note=note)
        takedown = await _open_takedown(uow, saved, verb, note)
        await uow.commit(event(actor.key, verb, saved))
    return saved, takedown


async def _bury(uow: UnitOfWork, material: Material, verb: LifeVerb, *, by: str, note: str = "") -> Material:
    now = uow.clock.now()
    version = material.live_version or material.version
    saved = await keep(uow, advance(material, verb, by=by, at=now, note=note), by=by, verb=verb, note=note)
    if verb == "kill":
        await uow.materials.hide_editions(saved.id)
    carrying = await uow.channels.carrying(saved.id)
    # A channel where it is already out of scope hears of a kill too: copies may have outlived the rule.
    told = [channel_id for channel_id, live in carrying.items() if live or verb != "expire"]
    uow.publish(
        [
            Entry(
                channel_id=channel_id,
                material_id=saved.id,
                version=version,
                changed_at=now,
                reason=_TOMBSTONE[verb],
                note=note,
            )
            for channel_id in told
        ]
    )
    return saved


async def _open_takedown(uow: UnitOfWork, material: Material, verb: LifeVerb, note: str) -> Takedown:
    now = uow.clock.now()
    takedown = Takedown(
        id=uow.ids.new(),
        reason="killed" if verb == "kill" else "withdrawn",
        note=note,
        material_id=material.id,
        opened_at=now,
        obligations=tuple(Obligation(organization_id=each) for each in await uow.takedowns.recipients(material.id)),
    )
    takedown = closed_if_done(takedown, now)
    await uow.takedowns.add(takedown)
    return takedown


async def run_due(uow: UnitOfWork, press: Press, material_id: UUID) -> Material | None:
    """Let the clock act on one material: publish at `available_from`, expire at `expires_at`. None: nothing is due."""
    async with uow:
        material = await uow.materials.get(material_id)
        now = uow.clock.now()
        if material.due_at is None or material.due_at > now:
            return None
        if material.live_version is not None:
            verb: LifeVerb = "expire"
            saved = await _bury(uow, material, verb, by=CLOCK)
        elif material.content.expires_at and material.content.expires_at <= now:
            return None
        else:
            verb = "publish"
            found = await uow.materials.for_release(material_id)
            saved = await _release(uow, press, found, verb, by=CLOCK, note="")
        await uow.commit(event(CLOCK, verb, saved))
    return saved


async def reroute(uow: UnitOfWork, slug: str, batch: int = 500) -> bool:
    """Carry one batch of a changed channel rule through the live materials. True when the walk is at its end."""
    async with uow:
        channel = await uow.channels.get(slug)
        if channel.rerouting_from is None:
            return True
        editions = await uow.materials.live_after(channel.rerouting_from, batch)
        now = uow.clock.now()
        entries: list[Entry] = []
        for edition in editions:
            carrying = await uow.channels.carrying(edition.id)
            if channel.rule.matches(edition) != carrying.get(channel.id, False):
                entries += route(edition, [channel], carrying, now)
        uow.publish(entries)
        done = len(editions) < batch
        await uow.channels.save(replace(channel, rerouting_from=None if done else editions[-1].id))
        await uow.commit(_walk_event(channel, len(entries)))
    return done


def _walk_event(channel: Channel, count: int) -> Event:
    return Event(actor=CLOCK, verb="channel.reroute", thing=f"channel:{channel.slug}", detail={"entries": count})


async def read_for(uow: UnitOfWork, actor: Actor, material_id: UUID) -> Material:
    """Get a material for the desk. What the actor may not see is NotFound."""
    async with uow:
        material = await uow.materials.get(material_id)
    if not sees(actor, material.owner_id):
        raise NotFound
    return material
