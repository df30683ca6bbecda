"""Channels: a routing rule, and who may pull."""

from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.content.content import Code, Kind, Noun


class Facets(Protocol):
    """What a rule looks at; a Content has it, and so has a live edition."""

    @property
    def kind(self) -> Kind: ...
    @property
    def language(self) -> str: ...
    @property
    def topics(self) -> tuple[str, ...]: ...
    @property
    def audiences(self) -> tuple[str, ...]: ...


class LiveEdition(msgspec.Struct, frozen=True, kw_only=True):
    """A published version, reduced to what routing needs."""

    id: UUID
    version: int
    kind: Kind
    language: str
    topics: tuple[str, ...]
    audiences: tuple[str, ...]


class Rule(Noun, frozen=True, kw_only=True):
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
    rule: Rule = Rule()
    public: bool = False
    revision: int = 1
    rerouting_from: UUID | None = None


class Grant(Noun, frozen=True, kw_only=True):
    """An organization's right to pull a channel; kept after it is revoked, so that we know what to say."""

    channel_id: UUID
    organization_id: UUID
    granted_at: datetime
    revoked_at: datetime | None = None
