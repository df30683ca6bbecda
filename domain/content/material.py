"""The life of a material: one table of transitions, and pure functions that give the next state."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.actor import Actor
from domain.content.content import Content
from domain.errors import (
    Embargoed,
    FieldError,
    FourEyes,
    InvalidContent,
    NoteRequired,
    StaleVersion,
    WrongState,
)
from domain.media.asset import Asset, Attachment
from domain.noun import Noun
from domain.permissions import Permission, can

State = Literal["draft", "in_review", "approved", "scheduled", "published", "withdrawn", "killed", "expired"]
Action = Literal[
    "revise",
    "request_review",
    "return",
    "approve",
    "publish",
    "correct",
    "schedule",
    "unschedule",
    "withdraw",
    "kill",
    "expire",
]
AllowedAction = Literal[Action, "duplicate"]


class Transition(msgspec.Struct, frozen=True):
    """From which states an action may go, and where to. `live`: it needs (True) or forbids (False) a live version."""

    origin: frozenset[State]
    target: State
    permission: Permission | None
    live: bool | None = None
    note: bool = False


_OPEN: frozenset[State] = frozenset({"draft", "in_review", "approved", "scheduled", "published"})
_RETURNABLE: frozenset[State] = frozenset({"in_review", "approved", "scheduled"})

TRANSITIONS: dict[Action, Transition] = {
    "revise": Transition(frozenset({"published"}), "draft", "material.revise", live=True),
    "request_review": Transition(frozenset({"draft"}), "in_review", "material.request_review"),
    "return": Transition(_RETURNABLE, "draft", "material.return", note=True),
    "approve": Transition(frozenset({"in_review"}), "approved", "material.approve"),
    "publish": Transition(frozenset({"approved"}), "published", "material.publish", live=False),
    "correct": Transition(frozenset({"approved"}), "published", "material.correct", live=True, note=True),
    "schedule": Transition(frozenset({"approved"}), "scheduled", "material.schedule"),
    "unschedule": Transition(frozenset({"scheduled"}), "approved", "material.unschedule"),
    # A kill must not wait for a revision in progress, so these need a live version and not a state.
    "withdraw": Transition(_OPEN, "withdrawn", "material.withdraw", live=True, note=True),
    "kill": Transition(_OPEN, "killed", "material.kill", live=True, note=True),
    "expire": Transition(_OPEN, "expired", None, live=True),
}
"""`expire` has no permission: only the clock does it."""


class Material(Noun, frozen=True, kw_only=True):
    """`version` is the version being worked on or published last; `revision` counts saves and is the ETag.

    `scheduled_for`: a coordinator released the approved version to go live at that time.
    """

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
    scheduled_for: datetime | None = None
    live_expires_at: datetime | None = None
    first_published_at: datetime | None = None
    published_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def due_at(self) -> datetime | None:
        """When the clock must next act: at the scheduled start or at the live version's end."""
        end = self.live_expires_at if self.live_version is not None else None
        return min((at for at in (self.scheduled_for, end) if at is not None), default=None)


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a material's life: when, by whom, which action, why."""

    at: datetime
    by: str
    action: str
    state: State
    version: int
    revision: int
    note: str = ""


def history_entry(material: Material, *, by: str, action: str, note: str = "") -> HistoryEntry:
    """The entry for an action that led to this state."""
    return HistoryEntry(
        at=material.updated_at,
        by=by,
        action=action,
        state=material.state,
        version=material.version,
        revision=material.revision,
        note=note,
    )


def possible_actions(material: Material) -> list[Action]:
    """The actions that the state allows to people, in the order of the table."""
    return [action for action, step in TRANSITIONS.items() if step.permission and _possible(material, step)]


def allowed_actions(material: Material, actor: Actor, at: datetime) -> list[AllowedAction]:
    """The actions that this actor may do now: state, permission, four eyes and embargo considered."""
    start = material.content.available_from
    refused: set[Action] = {"approve"} if actor.key == material.edited_by else set()
    end = material.content.expires_at
    if start is not None and start > at:
        refused |= {"publish", "correct"}
    if end is not None and end <= at:
        refused |= {"publish", "correct", "schedule"}
    found: list[AllowedAction] = [
        action
        for action in possible_actions(material)
        if action not in refused and (step := TRANSITIONS[action].permission) and can(actor, step, material.owner_id)
    ]
    return [*found, "duplicate"] if can(actor, "material.duplicate", material.owner_id) else found


def _possible(material: Material, step: Transition) -> bool:
    live = material.live_version is not None
    return material.state in step.origin and (step.live is None or step.live == live)


def check_revision(material: Material, expected: int) -> None:
    if material.revision != expected:
        raise StaleVersion(current=material.revision)


def advance(material: Material, action: Action, *, by: str, at: datetime, note: str = "") -> Material:
    """Apply one action of the table but `schedule`. Raises WrongState, NoteRequired, FourEyes or Embargoed."""
    _check(material, action, note)
    if action == "approve" and by == material.edited_by:
        raise FourEyes
    start, end = material.content.available_from, material.content.expires_at
    if action in ("publish", "correct"):
        if start is not None and start > at:
            raise Embargoed(available_from=start.isoformat())
        if end is not None and end <= at:
            raise InvalidContent(errors=[FieldError(pointer="/expires_at", code="in_the_past")])
    target = TRANSITIONS[action].target
    moved = replace(material, state=target, note=note, updated_at=at, scheduled_for=None)
    match action:
        case "revise":
            return replace(moved, version=material.version + 1, edited_by=by, approved_by=None)
        case "return":
            return replace(moved, approved_by=None)
        case "approve":
            return replace(moved, approved_by=by)
        case "publish" | "correct":
            return replace(
                moved,
                live_version=material.version,
                live_expires_at=end,
                first_published_at=material.first_published_at or at,
                published_at=at,
            )
        case "withdraw" | "kill" | "expire":
            return replace(moved, live_version=None, live_expires_at=None)
        case _:
            return moved


def scheduled(material: Material, start: datetime | None, *, at: datetime, note: str = "") -> Material:
    """Release an approved version for `start` (None: its `available_from`). A correction needs its public note now."""
    _check(material, "schedule", note)
    if material.live_version is not None and not note.strip():
        raise NoteRequired(errors=[FieldError(pointer="/note", code="required")], action="schedule")
    content = material.content
    when = start or content.available_from
    if when is None:
        raise InvalidContent(errors=[FieldError(pointer="/at", code="required")])
    if when.tzinfo is None:
        raise InvalidContent(errors=[FieldError(pointer="/at", code="time_zone_required")])
    if when <= at:
        raise InvalidContent(errors=[FieldError(pointer="/at", code="in_the_past")])
    if content.available_from is not None and when < content.available_from:
        raise InvalidContent(errors=[FieldError(pointer="/at", code="before_available_from")])
    ends = [end for end in (content.expires_at, material.live_expires_at) if end is not None]
    if ends and when >= min(ends):
        raise InvalidContent(errors=[FieldError(pointer="/at", code="after_expires_at")])
    return replace(material, state="scheduled", note=note, updated_at=at, scheduled_for=when)


def _check(material: Material, action: Action, note: str) -> None:
    step = TRANSITIONS[action]
    if not _possible(material, step):
        raise WrongState(action=action, state=material.state, allowed=possible_actions(material))
    if step.note and not note.strip():
        raise NoteRequired(errors=[FieldError(pointer="/note", code="required")], action=action)


def edited(material: Material, content: Content, *, by: str, at: datetime) -> Material:
    """Give the draft with other content. Only a draft may be edited."""
    _require_draft(material, "patch")
    return replace(material, content=content, edited_by=by, updated_at=at)


def attached(material: Material, attachment: Attachment, asset: Asset, *, by: str, at: datetime) -> Material:
    """Give the draft with this attachment added, or replaced where the asset is attached already."""
    _require_draft(material, "attach")
    if asset.media_type.startswith("image/") and not attachment.alt.strip():
        raise InvalidContent(errors=[FieldError(pointer="/alt", code="required")])
    others = tuple(a for a in material.attachments if a.asset_id != attachment.asset_id)
    if attachment.role == "main" and any(a.role == "main" for a in others):
        raise InvalidContent(errors=[FieldError(pointer="/role", code="second_main_asset")])
    return replace(material, attachments=(*others, attachment), edited_by=by, updated_at=at)


def detached(material: Material, asset_id: UUID, *, by: str, at: datetime) -> Material:
    """Give the draft without this asset."""
    _require_draft(material, "detach")
    kept = tuple(a for a in material.attachments if a.asset_id != asset_id)
    return replace(material, attachments=kept, edited_by=by, updated_at=at)


def _require_draft(material: Material, action: str) -> None:
    if material.state != "draft":
        raise WrongState(action=action, state=material.state, allowed=possible_actions(material))
