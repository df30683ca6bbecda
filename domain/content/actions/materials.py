"""Editorial actions on a material before it is published."""

from datetime import datetime
from uuid import UUID

from domain.actor import Actor
from domain.content.content import Content
from domain.content.material import (
    TRANSITIONS,
    Action,
    Material,
    advance,
    attached,
    check_revision,
    detached,
    edited,
    history_entry,
    scheduled,
)
from domain.content.validation import check_content, check_ready
from domain.errors import FieldError, Forbidden, IdTaken, InvalidContent, NotFound
from domain.events import Event, OrganizationSucceeded
from domain.media.asset import Attachment
from domain.merge_patch import merged
from domain.permissions import Permission, require, sees
from domain.unit_of_work import UnitOfWork

EDITORIAL: tuple[Action, ...] = ("revise", "request_review", "return", "approve", "unschedule")
"""The actions that `move` does; the others publish, schedule or take down."""


async def read(work: UnitOfWork, actor: Actor, material_id: UUID) -> Material:
    """Get the working copy. What the actor may not see is NotFound."""
    async with work:
        material = await work.materials.get(material_id)
    if not sees(actor, material.owner_id):
        raise NotFound
    return material


def check_allowed(material: Material, actor: Actor, permission: Permission, revision: int | None) -> Material:
    """Give the material if `actor` has the permission for it at the revision it has seen (None: any)."""
    if not sees(actor, material.owner_id):
        raise NotFound
    require(actor, permission, material.owner_id)
    if revision is not None:
        check_revision(material, revision)
    return material


async def save_step(work: UnitOfWork, material: Material, *, by: str, action: str, note: str = "") -> Material:
    """Save a material and write its history entry; the caller commits."""
    saved = await work.materials.save(material)
    await work.materials.add_history(saved.id, history_entry(saved, by=by, action=action, note=note))
    return saved


def material_event(by: str, action: str, material: Material) -> Event:
    """The audit row of an action on a material."""
    detail: dict[str, object] = {"version": material.version, "state": material.state}
    return Event(actor=by, activity=f"material.{action}", target=f"material:{material.id}", detail=detail)


async def create(work: UnitOfWork, actor: Actor, content: Content, *, material_id: UUID | None = None) -> Material:
    """Start a draft that belongs to the actor's organization. A taken id raises IdTaken."""
    require(actor, "material.create")
    async with work:
        check_content(content, await work.vocabularies.codes())
        now = work.clock.now()
        material = Material(
            id=material_id or work.ids.new(),
            owner_id=actor.organization_id,
            content=content,
            edited_by=actor.key,
            created_at=now,
            updated_at=now,
        )
        await add_draft(work, material, by=actor.key, action="create")
        await work.commit(material_event(actor.key, "create", material))
    return material


async def add_draft(work: UnitOfWork, material: Material, *, by: str, action: str, note: str = "") -> None:
    """Add a new material with its first history entry; the caller commits."""
    await work.materials.add(material)
    await work.materials.add_history(material.id, history_entry(material, by=by, action=action, note=note))


async def create_with_id(work: UnitOfWork, actor: Actor, content: Content, material_id: UUID) -> tuple[Material, bool]:
    """Create with a client-made id: the same content again answers the same (and False), other content IdTaken."""
    async with work:
        try:
            known = await work.materials.get(material_id)
        except NotFound:
            known = None
    if known is None:
        return await create(work, actor, content, material_id=material_id), True
    if not sees(actor, known.owner_id) or known.content != content:
        raise IdTaken
    return known, False


async def patch(
    work: UnitOfWork, actor: Actor, material_id: UUID, changes: dict[str, object], revision: int
) -> Material:
    """Apply an RFC 7396 merge patch to a draft's content."""
    async with work:
        material = check_allowed(await work.materials.get(material_id), actor, "material.patch", revision)
        content = merged(material.content, changes)
        if content.kind != material.content.kind:
            raise InvalidContent(errors=[FieldError(pointer="/kind", code="cannot_change")])
        check_content(content, await work.vocabularies.codes())
        changed = edited(material, content, by=actor.key, at=work.clock.now())
        saved = await save_step(work, changed, by=actor.key, action="patch")
        await work.commit(material_event(actor.key, "patch", saved))
    return saved


async def attach(work: UnitOfWork, actor: Actor, material_id: UUID, attachment: Attachment, revision: int) -> Material:
    """Attach an asset of the same organization to a draft."""
    async with work:
        material = check_allowed(await work.materials.get(material_id), actor, "material.attach", revision)
        asset = await work.assets.get(attachment.asset_id)
        if asset.owner_id != material.owner_id:
            raise NotFound
        changed = attached(material, attachment, asset, by=actor.key, at=work.clock.now())
        saved = await save_step(work, changed, by=actor.key, action="attach")
        await work.commit(material_event(actor.key, "attach", saved))
    return saved


async def detach(work: UnitOfWork, actor: Actor, material_id: UUID, asset_id: UUID, revision: int) -> Material:
    """Take an asset out of a draft. NotFound when it is not attached."""
    async with work:
        material = check_allowed(await work.materials.get(material_id), actor, "material.attach", revision)
        if asset_id not in {a.asset_id for a in material.attachments}:
            raise NotFound
        changed = detached(material, asset_id, by=actor.key, at=work.clock.now())
        saved = await save_step(work, changed, by=actor.key, action="detach")
        await work.commit(material_event(actor.key, "detach", saved))
    return saved


def permission_of(action: Action) -> Permission:
    """The permission that an action needs. `expire` is the clock's alone: Forbidden."""
    permission = TRANSITIONS[action].permission
    if permission is None:
        raise Forbidden(action=action)
    return permission


async def move(
    work: UnitOfWork, actor: Actor, material_id: UUID, action: Action, *, revision: int, note: str = ""
) -> Material:
    """Do one of the actions that publish nothing (`EDITORIAL`)."""
    if action not in EDITORIAL:
        raise Forbidden(action=action)
    async with work:
        material = check_allowed(await work.materials.get(material_id), actor, permission_of(action), revision)
        moved = advance(material, action, by=actor.key, at=work.clock.now(), note=note)
        if action == "request_review":
            check_ready(material, await work.assets.list([a.asset_id for a in material.attachments]))
        saved = await save_step(work, moved, by=actor.key, action=action, note=note)
        await work.commit(material_event(actor.key, action, saved))
    return saved


async def schedule(
    work: UnitOfWork, actor: Actor, material_id: UUID, start: datetime | None, *, revision: int, note: str = ""
) -> Material:
    """Release an approved version to go live by the clock at `start` (None: at its `available_from`)."""
    async with work:
        material = check_allowed(await work.materials.get(material_id), actor, "material.schedule", revision)
        moved = scheduled(material, start, at=work.clock.now(), note=note)
        saved = await save_step(work, moved, by=actor.key, action="schedule", note=note)
        await work.commit(material_event(actor.key, "schedule", saved))
    return saved


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the materials of the leaving organization to its successor."""
    await work.materials.change_owner(event.leaving_id, event.successor_id)
