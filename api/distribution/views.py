"""Wire types of channels, their change feed (openapi/sync.md), published documents and takedowns."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.distribution.document_view import DocumentView
from api.http.request_bodies import RequestBody
from api.http.views import View
from domain.actor import Actor
from domain.content.content import Slug
from domain.distribution.change import TombstoneReason
from domain.distribution.channel import Channel, RoutingRule
from domain.distribution.takedown import AckStatus, Obligation, Takedown, TakedownReason

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=2000)]


class ChannelRequest(RequestBody, frozen=True, kw_only=True):
    """A new channel. `public`: anybody may read it without a token."""

    slug: Slug
    title: Title
    description: Description = ""
    rule: RoutingRule = RoutingRule()
    public: bool = False


class ChannelPatch(RequestBody, frozen=True, kw_only=True):
    """A new rule replaces the old one as a whole and re-routes every live material."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    rule: RoutingRule | UnsetType = UNSET


class ChannelView(View, frozen=True, kw_only=True):
    """A channel that the caller may read. `cursor` is the head of its feed."""

    slug: str
    title: str
    description: str
    rule: RoutingRule
    public: bool
    revision: int
    cursor: str | UnsetType = UNSET


def show_channel(channel: Channel, cursor: str | UnsetType = UNSET) -> ChannelView:
    return ChannelView(
        slug=channel.slug,
        title=channel.title,
        description=channel.description,
        rule=channel.rule,
        public=channel.public,
        revision=channel.revision,
        cursor=cursor,
    )


class ChannelList(View, frozen=True, kw_only=True):
    """Every channel that the caller may read."""

    items: list[ChannelView]


ChangeOperation = Literal["upsert", "tombstone"]


class ChangeView(View, frozen=True, kw_only=True):
    """One entry of a feed: an upsert with its signed document, or a tombstone with its reason."""

    seq: int
    op: ChangeOperation
    id: UUID
    version: int
    changed_at: datetime
    item: DocumentView | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    kid: str | UnsetType = UNSET
    reason: TombstoneReason | UnsetType = UNSET
    note: str | UnsetType = UNSET


class ChangePage(View, frozen=True, kw_only=True):
    """A page of a feed. Request again with `since` = `next`; at once while `more` is true."""

    changes: list[ChangeView]
    next: str
    more: bool


class ChannelHeadView(View, frozen=True, kw_only=True):
    """The head of one channel's feed."""

    channel: str
    cursor: str


class ChannelHeadList(View, frozen=True, kw_only=True):
    """The heads of all channels that the caller may read."""

    items: list[ChannelHeadView]


class DigestView(View, frozen=True, kw_only=True):
    """SHA-256 over the sorted lines `id SP version SP sha256 LF` of all live materials of the channel.

    `signature`: Ed25519 by the key `kid` over the canonical JSON of `channel`, `count`, `cursor` and `sha256`.
    """

    cursor: str
    count: int
    sha256: str
    signature: str
    kid: str


class VersionView(View, frozen=True, kw_only=True):
    """One published version."""

    version: int
    sha256: str
    published_at: datetime
    href: str


class VersionList(View, frozen=True, kw_only=True):
    """Published versions, newest first."""

    items: list[VersionView]


class TakedownView(View, frozen=True, kw_only=True):
    """A takedown. A partner sees its own obligation, the coordinator everyone's."""

    id: UUID
    reason: TakedownReason
    opened_at: datetime
    obligations: list[Obligation]
    note: str = ""
    material_id: UUID | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    closed_at: datetime | UnsetType = UNSET


def show_takedown(takedown: Takedown, actor: Actor) -> TakedownView:
    seen = [o for o in takedown.obligations if actor.reaches_all or o.organization_id == actor.organization_id]
    return TakedownView(
        id=takedown.id,
        reason=takedown.reason,
        note=takedown.note,
        material_id=takedown.material_id or UNSET,
        opened_at=takedown.opened_at,
        closed_at=takedown.closed_at or UNSET,
        obligations=seen,
    )


class TakedownList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[TakedownView]
    next: str | UnsetType = UNSET


class AcknowledgementRequest(RequestBody, frozen=True, kw_only=True):
    """`removed`: taken off. `never_used`: received, not used. `aired`: already gone out, cannot be taken back."""

    status: AckStatus
    note: Description = ""
