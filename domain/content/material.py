"""The life of a material: one table of verbs, and pure functions that answer with the next state."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.content.content import OWN_FIELD, Content, Noun
from domain.errors import (
    Embargoed,
    Fault,
    FourEyes,
    InvalidContent,
    NoteRequired,
    NotReady,
    StaleVersion,
    WrongState,
)
from domain.media.asset import Asset, Attachment, gate

State = Literal["draft", "in_review", "approved", "published", "withdrawn", "killed", "expired"]
LifeVerb = Literal["revise", "request_review", "return", "approve", "publish", "correct", "withdraw", "kill", "expire"]


class Step(msgspec.Struct, frozen=True):
    """From which states a verb may go, and where to. `live`: it needs (True) or forbids (False) a published version."""

    origin: frozenset[State]
    target: State
    live: bool | None = None
    note: bool = False


_OPEN: frozenset[State] = frozenset({"draft", "in_review", "approved", "published"})

LIFE: dict[LifeVerb, Step] = {
    "revise": Step(frozenset({"published"}), "draft", live=True),
    "request_review": Step(frozenset({"draft"}), "in_review"),
    "return": Step(frozenset({"in_review"}), "draft", note=True),
    "approve": Step(frozenset({"in_review"}), "approved"),
    "publish": Step(frozenset({"approved"}), "published", live=False),
    "correct": Step(frozenset({"approved"}), "published", live=True, note=True),
    # A kill must not wait for a revision in progress, so these need a live version and not a state.
    "withdraw": Step(_OPEN, "withdrawn", live=True, note=True),
    "kill": Step(_OPEN, "killed", live=True, note=True),
    "expire": Step(_OPEN, "expired", live=True),
}


class Material(Noun, frozen=True, kw_only=True):
    """`version` is the edition being worked on or published last; `revision` counts saves and is the ETag."""

    id: UUID
    owner_id: UUID
    revision: int = 1
    state: State = "draft"
    content: Content
    attachments: tuple[Attachment, ...] = ()
    version: int = 1
    live_version: int | None = None
    edited_by: str
    approved_by: str | None = None
    note: str = ""
    live_expires_at: datetime | None = None
    first_published_at: datetime | None = None
    published_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def due_at(self) -> datetime | None:
        """When the clock must next look at it: an approved edition's start or the live edition's end."""
        start = self.content.available_from if self.state == "approved" and self.live_version is None else None
        end = self.live_expires_at if self.live_version is not None else None
        return min((at for at in (start, end) if at is not None), default=None)


def allowed_verbs(material: Material) -> list[LifeVerb]:
    """The verbs that are possible now, in the order of the table. `expire` is the clock's alone."""
    return [verb for verb, step in LIFE.items() if verb != "expire" and _possible(material, step)]


def _possible(material: Material, step: Step) -> bool:
    live = material.live_version is not None
    return material.state in step.origin and (step.live is None or step.live == live)


def check_revision(material: Material, expected: int) -> None:
    if material.revision != expected:
        raise StaleVersion(current=material.revision)


def advance(material: Material, verb: LifeVerb, *, by: str, at: datetime, note: str = "") -> Material:
    """Apply one verb of the life table. Raises WrongState, NoteRequired, FourEyes or Embargoed."""
    step = LIFE[verb]
    if not _possible(material, step):
        raise WrongState(verb=verb, state=material.state, allowed=allowed_verbs(material))
    if step.note and not note.strip():
        raise NoteRequired(errors=[Fault(pointer="/note", code="required")], verb=verb)
    if verb == "approve" and by == material.edited_by:
        raise FourEyes
    start = material.content.available_from
    if verb == "publish" and start is not None and start > at:
        raise Embargoed(available_from=start.isoformat())
    end = material.content.expires_at
    if verb in ("publish", "correct") and end is not None and end <= at:
        raise InvalidContent(errors=[Fault(pointer="/expires_at", code="in_the_past")])
    moved = replace(material, state=step.target, note=note, updated_at=at)
    match verb:
        case "revise":
            return replace(moved, version=material.version + 1, edited_by=by, approved_by=None)
        case "approve":
            return replace(moved, approved_by=by)
        case "publish" | "correct":
            return replace(
                moved,
                live_version=material.version,
                live_expires_at=material.content.expires_at,
                first_published_at=material.first_published_at or at,
                published_at=at,
            )
        case "withdraw" | "kill" | "expire":
            return replace(moved, live_version=None, live_expires_at=None)
        case _:
            return moved


def edited(material: Material, content: Content, *, by: str, at: datetime) -> Material:
    """Give the draft with other content. Only a draft may be edited."""
    _require_draft(material, "patch")
    return replace(material, content=content, edited_by=by, updated_at=at)


def attached(material: Material, attachment: Attachment, asset: Asset, *, by: str, at: datetime) -> Material:
    """Give the draft with this attachment added, or replaced where the asset is attached already."""
    _require_draft(material, "attach")
    if asset.media_type.startswith("image/") and not attachment.alt.strip():
        raise InvalidContent(errors=[Fault(pointer="/alt", code="required", detail="image")])
    others = tuple(a for a in material.attachments if a.asset_id != attachment.asset_id)
    if attachment.role == "main" and any(a.role == "main" for a in others):
        raise InvalidContent(errors=[Fault(pointer="/role", code="second_main_asset")])
    return replace(material, attachments=(*others, attachment), edited_by=by, updated_at=at)


def detached(material: Material, asset_id: UUID, *, by: str, at: datetime) -> Material:
    """Give the draft without this asset."""
    _require_draft(material, "detach")
    kept = tuple(a for a in material.attachments if a.asset_id != asset_id)
    return replace(material, attachments=kept, edited_by=by, updated_at=at)


def _require_draft(material: Material, verb: str) -> None:
    if material.state != "draft":
        raise WrongState(verb=verb, state=material.state, allowed=allowed_verbs(material))


def check_ready(material: Material, assets: dict[UUID, Asset]) -> None:
    """Raise NotReady with every reason why a draft cannot be reviewed yet."""
    content, faults = material.content, []
    main = next((a for a in material.attachments if a.role == "main"), None)
    own = OWN_FIELD.get(content.kind)
    if not content.body.strip() and main is None and not (own and getattr(content, own)):
        faults.append(Fault(pointer="/body", code="body_or_main_asset_required"))
    if own and not getattr(content, own):
        faults.append(Fault(pointer=f"/{own}", code="required"))
    if content.kind in ("audio", "video", "poster", "infographic") and main is None:
        faults.append(Fault(pointer="/assets", code="main_asset_required"))
    faults += [Fault(pointer=f"/{f}", code="required") for f in ("topics", "audiences") if not getattr(content, f)]
    if content.rights is None:
        faults.append(Fault(pointer="/rights", code="required"))
    faults += [
        Fault(pointer=f"/assets/{a.asset_id}", code=reason)
        for a in material.attachments
        if (reason := gate(assets[a.asset_id]))
    ]
    if faults:
        raise NotReady(errors=faults)


def check_content(content: Content, codes: dict[str, frozenset[str]]) -> None:
    """Raise InvalidContent for codes the programme does not know, fields of other kinds, and impossible times."""
    faults = [
        Fault(pointer=f"/{field}/{i}", code="unknown_code", detail=code)
        for field in ("topics", "audiences")
        for i, code in enumerate(getattr(content, field))
        if code not in codes[field]
    ]
    own = OWN_FIELD.get(content.kind)
    faults += [
        Fault(pointer=f"/{field}", code="not_of_this_kind", detail=content.kind)
        for field in OWN_FIELD.values()
        if field != own and getattr(content, field)
    ]
    faults += [
        Fault(pointer=f"/quiz/{i}/answer", code="no_such_choice")
        for i, item in enumerate(content.quiz)
        if item.answer >= len(item.choices)
    ]
    faults += [
        Fault(pointer=f"/{field}", code="time_zone_required")
        for field in ("available_from", "expires_at")
        if (at := getattr(content, field)) is not None and at.tzinfo is None
    ]
    start, end = content.available_from, content.expires_at
    if not faults and start and end and end <= start:
        faults.append(Fault(pointer="/expires_at", code="before_available_from"))
    if faults:
        raise InvalidContent(errors=faults)
