"""Wire types of the editorial side."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.http.request_bodies import RequestBody, patch_of
from api.http.views import View
from domain.actor import Actor
from domain.content.content import Content, Kind
from domain.content.material import AllowedAction, Material, State, allowed_actions
from domain.media.asset import AssetRole, Attachment

if TYPE_CHECKING:

    class MaterialPatch(msgspec.Struct):
        """Every field of Content, each optional; null resets it."""

else:
    MaterialPatch = patch_of(Content, "MaterialPatch")


class MaterialView(View, frozen=True, kw_only=True):
    """The working copy of a material. `revision` is the ETag; `allowed_actions` is what you may do now.

    `scheduled_for`: a coordinator released the approved version to go live then.
    """

    id: UUID
    owner_id: UUID
    revision: int
    state: State
    version: int
    content: Content
    assets: tuple[Attachment, ...]
    allowed_actions: list[AllowedAction]
    edited_by: str
    created_at: datetime
    updated_at: datetime
    live_version: int | UnsetType = UNSET
    approved_by: str | UnsetType = UNSET
    scheduled_for: datetime | UnsetType = UNSET
    note: str = ""


def show_material(material: Material, actor: Actor, at: datetime) -> MaterialView:
    return MaterialView(
        id=material.id,
        owner_id=material.owner_id,
        revision=material.revision,
        state=material.state,
        version=material.version,
        live_version=UNSET if material.live_version is None else material.live_version,
        content=material.content,
        assets=material.attachments,
        allowed_actions=allowed_actions(material, actor, at),
        edited_by=material.edited_by,
        approved_by=material.approved_by or UNSET,
        scheduled_for=material.scheduled_for or UNSET,
        note=material.note,
        created_at=material.created_at,
        updated_at=material.updated_at,
    )


class MaterialSummary(View, frozen=True, kw_only=True):
    """A material in a list."""

    id: UUID
    owner_id: UUID
    revision: int
    state: State
    kind: Kind
    title: str
    version: int
    updated_at: datetime
    live_version: int | UnsetType = UNSET
    scheduled_for: datetime | UnsetType = UNSET


class MaterialList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[MaterialSummary]
    next: str | UnsetType = UNSET


class HistoryEntryView(View, frozen=True, kw_only=True):
    """One step of a material's life: when, by whom, which action, why."""

    at: datetime
    by: str
    action: str
    state: State
    version: int
    revision: int
    note: str = ""


class HistoryList(View, frozen=True, kw_only=True):
    """Every step, first to last."""

    items: list[HistoryEntryView]


Note = Annotated[str, Meta(max_length=2000, examples=["Sửa số điện thoại ở đoạn hai."])]


class ActionRequest(RequestBody, frozen=True, kw_only=True):
    """`return`, `correct`, `withdraw` and `kill` need a note; those of the last three are public."""

    note: Note = ""


class ScheduleRequest(RequestBody, frozen=True, kw_only=True):
    """When to go live (default: `available_from`). For a correction the note is needed, and public."""

    at: datetime | UnsetType = UNSET
    note: Note = ""


class DuplicateRequest(RequestBody, frozen=True, kw_only=True):
    """The published version to copy (default: the working copy)."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType = UNSET


class AttachmentRequest(RequestBody, frozen=True, kw_only=True):
    """The asset's role in the material."""

    role: AssetRole
    alt: Annotated[str, Meta(max_length=1000, description="Required for images")] = ""
    transcript_of: UUID | None = None
