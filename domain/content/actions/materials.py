"""What staff do to a material before it is published, and the bookkeeping every verb shares."""

from uuid import UUID

from domain.actor import Actor
from domain.content.content import Content
from domain.content.material import (
    LifeVerb,
    Material,
    advance,
    attached,
    check_content,
    check_ready,
    check_revision,
    detached,
    edited,
)
from domain.errors import Fault, Forbidden, IdTaken, InvalidContent, NotFound
from domain.media.asset import Attachment
from domain.merge_patch import merged
from domain.permissions import Verb, require, sees
from domain.ports import Event, HistoryLine, UnitOfWork


async def load_for(uow: UnitOfWork, actor: Actor, verb: Verb, material_id: UUID, revision: int | None) -> Material:
    """Get a material that `actor` may do `verb` to, at the revision it says it has seen (None: any)."""
    return allowed(await uow.materials.get(material_id), actor, verb, revision)


def allowed(material: Material, actor: Actor, verb: Verb, revision: int | None) -> Material:
    """The material, if `actor` may do `verb` to it at that revision."""
    if not sees(actor, material.owner_id):
        raise NotFound
    require(actor, verb, material.owner_id)
    if revision is not None:
        check_revision(material, revision)
    return material


async def keep(uow: UnitOfWork, material: Material, *, by: str, verb: str, note: str = "") -> Material:
    """Save a material and write its history line; the caller commits."""
    saved = await uow.materials.save(material)
    await uow.materials.add_history(saved.id, history_line(saved, by=by, verb=verb, note=note))
    return saved


def history_line(material: Material, *, by: str, verb: str, note: str) -> HistoryLine:
    return HistoryLine(
        at=material.updated_at,
        by=by,
        verb=verb,
        state=material.state,
        version=material.version,
        revision=material.revision,
        note=note,
    )


def event(actor_key: str, verb: str, material: Material) -> Event:
    detail: dict[str, object] = {"version": material.version, "state": material.state}
    return Event(actor=actor_key, verb=f"material.{verb}", thing=f"material:{material.id}", detail=detail)


async def create(uow: UnitOfWork, actor: Actor, content: Content, *, material_id: UUID | None = None) -> Material:
    """Start a draft that belongs to the actor's organization. A taken id raises IdTaken."""
    require(actor, "material.create")
    async with uow:
        check_content(content, await uow.organizations.codes())
        now = uow.clock.now()
        material = Material(
            id=material_id or uow.ids.new(),
            owner_id=actor.organization_id,
            content=content,
            edited_by=actor.key,
            created_at=now,
            updated_at=now,
        )
        await uow.materials.add(material)
        await uow.materials.add_history(material.id, history_line(material, by=actor.key, verb="create", note=""))
        await uow.commit(event(actor.key, "create", material))
    return material


async def create_with_id(uow: UnitOfWork, actor: Actor, content: Content, material_id: UUID) -> tuple[Material, bool]:
    """Create with a client-made id: the same content again answers the same (and False), other content IdTaken."""
    async with uow:
        try:
            known = await uow.materials.get(material_id)
        except NotFound:
            known = None
    if known is None:
        return await create(uow, actor, content, material_id=material_id), True
    if not sees(actor, known.owner_id) or known.content != content:
        raise IdTaken
    return known, False


async def patch(
    uow: UnitOfWork, actor: Actor, material_id: UUID, changes: dict[str, object], revision: int
) -> Material:
    """Apply an RFC 7396 merge patch to a draft's content."""
    async with uow:
        material = await load_for(uow, actor, "material.patch", material_id, revision)
        content = merged(material.content, changes)
        if content.kind != material.content.kind:
            raise InvalidContent(errors=[Fault(pointer="/kind", code="cannot_change")])
        check_content(content, await uow.organizations.codes())
        saved = await keep(uow, edited(material, content, by=actor.key, at=uow.clock.now()), by=actor.key, verb="patch")
        await uow.commit(event(actor.key, "patch", saved))
    return saved


async def attach(uow: UnitOfWork, actor: Actor, material_id: UUID, attachment: Attachment, revision: int) -> Material:
    """Put an asset of the same organization into a draft."""
    async with uow:
        material = await load_for(uow, actor, "material.attach", material_id, revision)
        asset = await uow.assets.get(attachment.asset_id)
        if asset.owner_id != material.owner_id:
            raise NotFound
        changed = attached(material, attachment, asset, by=actor.key, at=uow.clock.now())
        saved = await keep(uow, changed, by=actor.key, verb="attach")
        await uow.commit(event(actor.key, "attach", saved))
    return saved


async def detach(uow: UnitOfWork, actor: Actor, material_id: UUID, asset_id: UUID, revision: int) -> Material:
    """Take an asset out of a draft. NotFound when it is not there."""
    async with uow:
        material = await load_for(uow, actor, "material.attach", material_id, revision)
        if asset_id not in {a.asset_id for a in material.attachments}:
            raise NotFound
        changed = detached(material, asset_id, by=actor.key, at=uow.clock.now())
        saved = await keep(uow, changed, by=actor.key, verb="detach")
        await uow.commit(event(actor.key, "detach", saved))
    return saved


VERB_OF: dict[LifeVerb, Verb] = {
    "revise": "material.revise",
    "request_review": "material.request_review",
    "return": "material.return",
    "approve": "material.approve",
    "publish": "material.publish",
    "correct": "material.correct",
    "withdraw": "material.withdraw",
    "kill": "material.kill",
}


async def move(
    uow: UnitOfWork, actor: Actor, material_id: UUID, verb: LifeVerb, *, revision: int, note: str = ""
) -> Material:
    """Do one of the verbs that publish nothing: revise, request_review, return, approve."""
    if verb not in ("revise", "request_review", "return", "approve"):
        raise Forbidden(verb=verb)
    async with uow:
        material = await load_for(uow, actor, VERB_OF[verb], material_id, revision)
        moved = advance(material, verb, by=actor.key, at=uow.clock.now(), note=note)
        if verb == "request_review":
            check_ready(material, await uow.assets.many([a.asset_id for a in material.attachments]))
        saved = await keep(uow, moved, by=actor.key, verb=verb, note=note)
        await uow.commit(event(actor.key, verb, saved))
    return saved
