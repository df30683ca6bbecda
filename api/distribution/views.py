"""Wire types of channels and their change feed (openapi/sync.md)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.content.views import View
from domain.content.content import Noun, Slug
from domain.distribution.channel import Channel, Rule


class NewChannel(Noun, frozen=True, kw_only=True):
    slug: Slug
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Annotated[str, Meta(max_length=2000)] = ""
    rule: Rule = Rule()
    public: bool = False


class ChannelPatch(Noun, frozen=True, kw_only=True):
    """A new rule replaces the old one as a whole and re-routes every live material."""

    title: Annotated[str, Meta(min_length=1, max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    description: Annotated[str, Meta(max_length=2000)] | msgspec.UnsetType = msgspec.UNSET
    rule: Rule | msgspec.UnsetType = msgspec.UNSET


class ChannelView(View, frozen=True, kw_only=True):
    """A channel the caller may read. `cursor` is its head."""

    slug: str
    title: str
    description: str
    rule: Rule
    public: bool
    revision: int
    cursor: str | msgspec.UnsetType = msgspec.UNSET


def show_channel(channel: Channel, cursor: str | msgspec.UnsetType = msgspec.UNSET) -> ChannelView:
    return ChannelView(
        slug=channel.slug,
        title=channel.title,
        description=channel.description,
        rule=channel.rule,
        public=channel.public,
        revision=channel.revision,
        cursor=cursor,
    )


class ChangeView(View, frozen=True, kw_only=True):
    """One entry of a feed: an upsert with its signed document, or a tombstone with its reason."""

    seq: int
    op: Annotated[str, Meta(pattern="^(upsert|tombstone)$")]
    id: UUID
    version: int
    changed_at: datetime
    item: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    sha256: str | msgspec.UnsetType = msgspec.UNSET
    signature: str | msgspec.UnsetType = msgspec.UNSET
    kid: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET


class ChangesView(View, frozen=True, kw_only=True):
    """A page of a feed. Ask again with `since` = `next`; at once while `more` is true."""

    changes: list[ChangeView]
    next: str
    more: bool


class HeadView(View, frozen=True, kw_only=True):
    channel: str
    cursor: str


class HeadsView(View, frozen=True, kw_only=True):
    items: list[HeadView]


class DigestView(View, frozen=True, kw_only=True):
    """SHA-256 over the sorted lines `id SP version SP sha256 LF` of all live materials of the channel.

    `signature`: Ed25519 by the key `kid` over the canonical JSON of `channel`, `count`, `cursor` and `sha256`.
    """

    cursor: str
    count: int
    sha256: str
    signature: str
    kid: str


class ChannelList(View, frozen=True, kw_only=True):
    items: list[ChannelView]
