"""Publishing, correcting, taking down: the actions that change what readers see."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.content.actions.materials import add_draft, check_allowed, material_event, permission_of, save_step
from domain.content.content import MAX_RELATIONS, Content, Relation
from domain.content.material import Action, Material, advance
from domain.distribution.change import FeedEntry, TombstoneReason
from domain.distribution.channel import live_version, route
from domain.distribution.document import freeze, thaw
from domain.distribution.ports import Markup, Signer
from domain.distribution.publication import PublishedVersion, Release
from domain.errors import NotFound
from domain.events import CLOCK, MaterialTakenDown
from domain.media.asset import Attachment
from domain.permissions import require, sees
from domain.unit_of_work import UnitOfWork

_TOMBSTONE: dict[Action, TombstoneReason] = {"withdraw": "withdrawn", "kill": "killed", "expire": "expired"}


class Publisher:
    """Renders and signs: what publishing needs beside the unit of work."""

    def __init__(self, markup: Markup, signer: Signer) -> None:
        self.markup = markup
        self.signer = signer


async def publish(
    work: UnitOfWork,
    publisher: Publisher,
    actor: Actor,
    material_id: UUID,
    action: Action,
    *,
    revision: int,
    note: str = "",
) -> Material:
    """Publish an approved material, or `correct` a published one (the note is public)."""
    async with work:
        release = await work.publications.get_release(material_id)
        check_allowed(release.material, actor, permission_of(action), revision)
        saved = await _release(work, publisher, release, action, by=actor.key, note=note)
        await work.commit(material_event(actor.key, action, saved))
    return saved


async def _release(
    work: UnitOfWork, publisher: Publisher, release: Release, action: Action, *, by: str, note: str
) -> Material:
    now = work.clock.now()
    moved = advance(release.material, action, by=by, at=now, note=note)
    document = freeze(
        moved,
        owner=release.owner,
        assets=release.assets,
        body_html=publisher.markup.html(moved.content.body) if moved.content.body else "",
        correction_note=note if action == "correct" else "",
    )
    saved = await save_step(work, moved, by=by, action=action, note=note)
    await work.publications.add(
        PublishedVersion(
            material_id=saved.id,
            version=saved.version,
            document=document,
            signature=publisher.signer.sign(document),
            published_at=now,
            asset_ids=tuple(release.assets),
        )
    )
    work.feed_entries.add(route(live_version(saved), release.channels, release.live_by_channel, now))
    return saved


async def take_down(
    work: UnitOfWork, actor: Actor, material_id: UUID, action: Action, *, revision: int | None, note: str
) -> Material:
    """Withdraw or kill: tombstones in every channel that ever had it; the takedown opens as a reaction."""
    async with work:
        # Locked, for a kill of any revision must not be refused because somebody saves at the same time.
        found = await work.materials.get(material_id, lock=True)
        material = check_allowed(found, actor, permission_of(action), revision)
        saved = await _remove_from_channels(work, material, action, by=actor.key, note=note)
        event = material_event(actor.key, action, saved)
        await work.commit(
            MaterialTakenDown(
                actor=event.actor,
                activity=event.activity,
                target=event.target,
                detail=event.detail,
                material_id=saved.id,
                reason="killed" if action == "kill" else "withdrawn",
                note=note,
            )
        )
    return saved


async def _remove_from_channels(
    work: UnitOfWork, material: Material, action: Action, *, by: str, note: str = ""
) -> Material:
    now = work.clock.now()
    version = material.live_version or material.version
    saved = await save_step(work, advance(material, action, by=by, at=now, note=note), by=by, action=action, note=note)
    if action == "kill":
        await work.publications.hide(saved.id)
    live_by_channel = await work.feed_entries.live_by_channel(saved.id)
    work.feed_entries.add(
        [
            FeedEntry(
                channel_id=channel_id,
                material_id=saved.id,
                version=version,
                changed_at=now,
                reason=_TOMBSTONE[action],
                note=note,
            )
            # A channel where it is already out of scope gets the kill too: copies may have outlived the rule.
            for channel_id, live in live_by_channel.items()
            if live or action != "expire"
        ]
    )
    return saved


async def list_due(work: UnitOfWork, limit: int = 100) -> list[UUID]:
    """Ids of materials that the clock must publish or expire now."""
    async with work:
        return list(await work.materials.list_due(work.clock.now(), limit))


async def run_due(work: UnitOfWork, publisher: Publisher, material_id: UUID) -> Material | None:
    """Let the clock act on one material: publish what is scheduled, expire what is over. None: nothing is due."""
    async with work:
        material = await work.materials.get(material_id)
        action = due_action(material, work.clock.now())
        if action is None:
            return None
        if action == "expire":
            saved = await _remove_from_channels(work, material, action, by=CLOCK)
        elif action == "unschedule":
            missed = advance(material, action, by=CLOCK, at=work.clock.now())
            saved = await save_step(work, missed, by=CLOCK, action=action, note=material.note)
        else:
            release = await work.publications.get_release(material_id)
            approved = advance(release.material, "unschedule", by=CLOCK, at=work.clock.now())
            release = replace(release, material=approved)
            saved = await _release(work, publisher, release, action, by=CLOCK, note=material.note)
        await work.commit(material_event(CLOCK, action, saved))
    return saved


def due_action(material: Material, now: datetime) -> Action | None:
    """The clock's action on a material: only a scheduled version goes live, a live one expires.

    A version whose end passed while nothing ran is unscheduled: it never goes live late.
    """
    live = material.live_version is not None
    end = material.content.expires_at
    if material.state == "scheduled" and material.scheduled_for is not None and material.scheduled_for <= now:
        if end is not None and end <= now:
            return "unschedule"
        return "correct" if live else "publish"
    return "expire" if live and material.live_expires_at is not None and material.live_expires_at <= now else None


async def duplicate(work: UnitOfWork, actor: Actor, material_id: UUID, version: int | None) -> Material:
    """Start a new draft from the working copy or from a published version, with the relation `replaces`.

    Works in every state: it is the way back for what was withdrawn, killed or expired. Times are not copied.
    """
    async with work:
        original = await work.materials.get(material_id)
        if not sees(actor, original.owner_id):
            raise NotFound
        require(actor, "material.duplicate", original.owner_id)
        content, attachments = await _copied(work, original, version)
        now = work.clock.now()
        draft = Material(
            id=work.ids.new(),
            owner_id=original.owner_id,
            content=replace(
                content,
                available_from=None,
                expires_at=None,
                relations=_relations(content, original),
            ),
            attachments=attachments,
            edited_by=actor.key,
            created_at=now,
            updated_at=now,
        )
        await add_draft(work, draft, by=actor.key, action="duplicate", note=str(original.id))
        await work.commit(material_event(actor.key, "duplicate", draft))
    return draft


def _relations(content: Content, original: Material) -> tuple[Relation, ...]:
    """The relations of a duplicate: it replaces its original. The last one gives way where the list is full."""
    others = tuple(each for each in content.relations if each.rel != "replaces")
    return (*others[: MAX_RELATIONS - 1], Relation(rel="replaces", id=str(original.id)))


async def _copied(work: UnitOfWork, original: Material, version: int | None) -> tuple[Content, tuple[Attachment, ...]]:
    if version is None or version == original.version:
        return original.content, original.attachments
    return thaw(await work.publications.get_document(original.id, version))
