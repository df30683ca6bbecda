"""Ports of the distribution capability."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.distribution.change import FeedEntry
from domain.distribution.channel import Channel, Grant, LiveVersion
from domain.distribution.publication import PublishedVersion, Release, Signature
from domain.distribution.takedown import Takedown
from domain.read_access import ReadAccess


class Markup(Protocol):
    def html(self, commonmark: str) -> str:
        """Render CommonMark to sanitised HTML."""
        ...


class Signer(Protocol):
    def sign(self, document: bytes) -> Signature: ...


class Publications(Protocol):
    """Published versions and what publishing needs to read."""

    async def get_release(self, material_id: UUID) -> Release: ...
    async def get_document(self, material_id: UUID, version: int) -> bytes:
        """The document of one published version, hidden or not; NotFound when there is none."""
        ...

    async def add(self, version: PublishedVersion) -> None: ...
    async def hide(self, material_id: UUID) -> None:
        """Stop serving every version of a killed material."""
        ...

    async def is_readable(self, material_id: UUID, access: ReadAccess) -> bool:
        """Whether a channel that the caller may read carries the material, or ever carried it."""
        ...

    async def find_by_titles(self, titles: Sequence[str], access: ReadAccess, everything: bool) -> dict[str, UUID]:
        """Materials ever published by title, by the title's first 23 characters, by slug or by id.

        Of several with one title the one that was published last; only what the caller may read.
        """
        ...

    async def list_live_after(self, material_id: UUID, limit: int) -> Sequence[LiveVersion]:
        """Live versions with ids after this one, in id order. Locked: none is taken down within the transaction."""
        ...


class Channels(Protocol):
    async def get(self, slug: str) -> Channel: ...
    async def list(self) -> Sequence[Channel]: ...
    async def add(self, channel: Channel) -> None:
        """Raise SlugTaken when the slug exists."""
        ...

    async def save(self, channel: Channel) -> Channel: ...


class Grants(Protocol):
    async def find(self, channel_id: UUID, organization_id: UUID) -> Grant | None: ...
    async def list_live_of(self, organization_id: UUID) -> Sequence[Grant]: ...
    async def add(self, grant: Grant) -> None: ...
    async def save(self, grant: Grant) -> Grant: ...


class FeedEntries(Protocol):
    async def live_by_channel(self, material_id: UUID) -> dict[UUID, bool]:
        """For each channel that has ever carried the material: True where it is live now."""
        ...

    def add(self, entries: Sequence[FeedEntry]) -> None:
        """Keep entries for the commit, which gives them their places under the feed lock."""
        ...

    async def purge(self, before: datetime) -> int:
        """Remove tombstones older than `before` but those that are kept for good; cursors before them expire."""
        ...


class Takedowns(Protocol):
    async def get(self, takedown_id: UUID) -> Takedown:
        """Lock the takedown until the transaction ends: simultaneous acknowledgements wait for each other."""
        ...

    async def find_of_material(self, material_id: UUID) -> Takedown | None:
        """The takedown of a killed or withdrawn material, locked."""
        ...

    async def list_opened_since(self, at: datetime) -> Sequence[Takedown]: ...
    async def add(self, takedown: Takedown) -> None: ...
    async def save(self, takedown: Takedown) -> Takedown: ...
    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        """Move open obligations; where the successor has its own, the leaving one's is dropped."""
        ...


class Recipients(Protocol):
    """The recipient ledger: which organization received what."""

    async def list_of_material(self, material_id: UUID) -> Sequence[UUID]:
        """Every organization that ever received the material, whatever its grants are today."""
        ...

    async def list_lost_channels(self) -> Sequence[tuple[UUID, UUID]]:
        """(channel, organization) of revoked grants whose holder has pulled and has no takedown for its copy yet.

        Two transactions never see the same pair.
        """
        ...

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None: ...
