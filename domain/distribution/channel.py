"""Channels: a routing rule, and grants of organizations that may pull."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.content.content import Code, Kind
from domain.content.material import Material
from domain.distribution.change import FeedEntry
from domain.noun import Noun


class Facets(Protocol):
    """What a routing rule compares; Content has it, and so has a live version."""

    @property
    def kind(self) -> Kind: ...
    @property
    def language(self) -> str: ...
    @property
    def topics(self) -> tuple[str, ...]: ...
    @property
    def audiences(self) -> tuple[str, ...]: ...


class LiveVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A live published version, reduced to what routing needs."""

    id: UUID
    version: int
    kind: Kind
    language: str
    topics: tuple[str, ...]
    audiences: tuple[str, ...]


class RoutingRule(Noun, frozen=True, kw_only=True):
    """Which materials a channel carries. An empty list means any; all four must match."""

    kinds: Annotated[tuple[Kind, ...], Meta(max_length=13)] = ()
    topics: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    audiences: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    languages: Annotated[tuple[str, ...], Meta(max_length=10)] = ()

    def matches(self, content: Facets) -> bool:
        return (
            (not self.kinds or content.kind in self.kinds)
            and (not self.topics or not set(self.topics).isdisjoint(content.topics))
            and (not self.audiences or not set(self.audiences).isdisjoint(content.audiences))
            and (not self.languages or content.language in self.languages)
        )


class Channel(Noun, frozen=True, kw_only=True):
    """`rerouting_from` is set while the worker walks all live materials after the rule has changed."""

    id: UUID
    slug: str
    title: str
    description: str = ""
    rule: RoutingRule = RoutingRule()
    public: bool = False
    revision: int = 1
    rerouting_from: UUID | None = None


class Grant(Noun, frozen=True, kw_only=True):
    """An organization's right to pull a channel; kept after it is revoked, to answer `grant_revoked`."""

    channel_id: UUID
    organization_id: UUID
    granted_at: datetime
    revoked_at: datetime | None = None
    revision: int = 1


def live_version(material: Material) -> LiveVersion:
    """The version that a published material shows."""
    content = material.content
    return LiveVersion(
        id=material.id,
        version=material.version,
        kind=content.kind,
        language=content.language,
        topics=content.topics,
        audiences=content.audiences,
    )


def route(
    version: LiveVersion, channels: Sequence[Channel], live_by_channel: Mapping[UUID, bool], at: datetime
) -> list[FeedEntry]:
    """The feed entries of a live version: an upsert where a rule matches, `out_of_scope` where it no longer does.

    `live_by_channel`: for each channel that has ever carried the material, True where it is live now.
    """
    return [
        FeedEntry(
            channel_id=channel.id,
            material_id=version.id,
            version=version.version,
            changed_at=at,
            reason=None if matches else "out_of_scope",
        )
        for channel in channels
        if (matches := channel.rule.matches(version)) or live_by_channel.get(channel.id)
    ]
