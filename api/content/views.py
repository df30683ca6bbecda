"""Wire types: what goes in and what comes out, and how nouns are shown."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.request_bodies import patch_of
from domain.actor import Actor
from domain.content.content import Content, Noun
from domain.content.material import LifeVerb, Material, State, allowed_verbs
from domain.distribution.takedown import AckStatus, Obligation, Takedown, TakedownReason
from domain.media.asset import Asset, AssetRole, Attachment

if TYPE_CHECKING:

    class MaterialPatch(msgspec.Struct):
        """Every field of Content, each optional; null takes it back."""

else:
    MaterialPatch = patch_of(Content, "MaterialPatch")


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer body. Absent rather than null."""


class MaterialView(View, frozen=True, kw_only=True):
    """A material on the desk. `revision` is the ETag; `allowed_verbs` are possible now, for somebody."""

    id: UUID
    owner_id: UUID
    revision: int
    state: State
    version: int
    content: Content
    assets: tuple[Attachment, ...]
    allowed_verbs: list[LifeVerb]
    edited_by: str
    created_at: datetime
    updated_at: datetime
    live_version: int | msgspec.UnsetType = msgspec.UNSET
    approved_by: str | msgspec.UnsetType = msgspec.UNSET
    note: str = ""


def show_material(material: Material) -> MaterialView:
    return MaterialView(
        id=material.id,
        owner_id=material.owner_id,
        revision=material.revision,
        state=material.state,
        version=material.version,
        live_version=msgspec.UNSET if material.live_version is None else material.live_version,
        content=material.content,
        assets=material.attachments,
        allowed_verbs=allowed_verbs(material),
        edited_by=material.edited_by,
        approved_by=material.approved_by or msgspec.UNSET,
        note=material.note,
        created_at=material.created_at,
        updated_at=material.updated_at,
    )


class MaterialLine(View, frozen=True, kw_only=True):
    """A material in a list."""

    id: UUID
    owner_id: UUID
    revision: int
    state: State
    kind: str
    title: str
    version: int
    updated_at: datetime
    live_version: int | msgspec.UnsetType = msgspec.UNSET


class HistoryView(View, frozen=True, kw_only=True):
    """Who did what to a material, when and why."""

    at: datetime
    by: str
    verb: str
    state: State
    version: int
    revision: int
    note: str = ""


class Note(Noun, frozen=True, kw_only=True):
    """Why. `return`, `correct`, `withdraw` and `kill` need it; those of the last three are public."""

    note: Annotated[str, Meta(max_length=2000, examples=["Sửa số điện thoại ở đoạn hai."])] = ""


class NewAttachment(Noun, frozen=True, kw_only=True):
    """How an asset stands in a material."""

    role: AssetRole
    alt: Annotated[str, Meta(max_length=1000, description="Required for images")] = ""
    transcript_of: UUID | None = None


class AssetView(View, frozen=True, kw_only=True):
    """A stored file."""

    id: UUID
    owner_id: UUID
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET
    width: int | msgspec.UnsetType = msgspec.UNSET
    height: int | msgspec.UnsetType = msgspec.UNSET


def show_asset(asset: Asset) -> AssetView:
    values = {name: getattr(asset, name) for name in AssetView.__struct_fields__}
    return AssetView(**{name: value for name, value in values.items() if value is not None})


class DocumentView(msgspec.Struct, kw_only=True):
    """The published document; see docs of the fields in `openapi/sync.md`. Signed, canonical JSON (RFC 8785)."""

    id: UUID
    version: int
    kind: str
    language: str
    title: str
    slug: str
    topics: list[str]
    audiences: list[str]
    source: dict[str, Any]
    signal: str
    links: dict[str, Any]


class VersionView(View, frozen=True, kw_only=True):
    version: int
    sha256: str
    published_at: datetime
    href: str


class TakedownView(View, frozen=True, kw_only=True):
    """Who must remove what. A partner sees its own obligation, the coordinator everyone's."""

    id: UUID
    reason: TakedownReason
    opened_at: datetime
    obligations: list[Obligation]
    note: str = ""
    material_id: UUID | msgspec.UnsetType = msgspec.UNSET
    channel: str | msgspec.UnsetType = msgspec.UNSET
    closed_at: datetime | msgspec.UnsetType = msgspec.UNSET


def show_takedown(takedown: Takedown, actor: Actor) -> TakedownView:
    seen = [o for o in takedown.obligations if actor.reaches_all or o.organization_id == actor.organization_id]
    return TakedownView(
        id=takedown.id,
        reason=takedown.reason,
        note=takedown.note,
        material_id=takedown.material_id or msgspec.UNSET,
        opened_at=takedown.opened_at,
        closed_at=takedown.closed_at or msgspec.UNSET,
        obligations=seen,
    )


class Acknowledgement(Noun, frozen=True, kw_only=True):
    """`removed`: taken off. `never_used`: received, not used. `aired`: already gone out, cannot be taken back."""

    status: AckStatus
    note: Annotated[str, Meta(max_length=2000)] = ""


class OrganizationView(View, frozen=True, kw_only=True):
    id: UUID
    code: str
    kind: str
    name: str


class MeView(View, frozen=True, kw_only=True):
    """Who the token speaks for."""

    client_id: str
    organization: OrganizationView
    scopes: list[str]
    roles: list[str]
    member_id: UUID | msgspec.UnsetType = msgspec.UNSET


class MaterialList(View, frozen=True, kw_only=True):
    items: list[MaterialLine]
    next: str | msgspec.UnsetType = msgspec.UNSET


class HistoryList(View, frozen=True, kw_only=True):
    items: list[HistoryView]


class VersionList(View, frozen=True, kw_only=True):
    items: list[VersionView]


class TakedownList(View, frozen=True, kw_only=True):
    items: list[TakedownView]
    next: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationList(View, frozen=True, kw_only=True):
    items: list[OrganizationView]
    next: str | msgspec.UnsetType = msgspec.UNSET
