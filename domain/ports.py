"""What the actions need from outside; `storage/` implements it, tests may."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

import msgspec

from domain.content.material import Material
from domain.distribution.change import Entry
from domain.distribution.channel import Channel, Grant, LiveEdition
from domain.distribution.takedown import Takedown
from domain.identity.organization import Client, Invitation, Member, Organization
from domain.media.asset import Asset
from domain.media.upload import Upload


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One audit row: who did what to what. `detail` holds no secret and no personal data."""

    actor: str
    verb: str
    thing: str
    detail: dict[str, object] = {}


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Ed25519 over the document's bytes; `sha256` hex, `value` base64url without padding."""

    sha256: str
    value: str
    kid: str


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """A published version as it is stored and served."""

    material_id: UUID
    version: int
    document: bytes
    signature: Signature
    published_at: datetime
    asset_ids: tuple[UUID, ...] = ()


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a material's life: who, when, what, why."""

    at: datetime
    by: str
    verb: str
    state: str
    version: int
    revision: int
    note: str = ""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """All that publishing a material asks for, as of one moment.

    `carrying` tells of each channel that ever had the material whether it is live there now.
    """

    material: Material
    owner: Organization
    channels: tuple[Channel, ...]
    carrying: dict[UUID, bool]
    assets: dict[UUID, Asset]


class Clock(Protocol):
    def now(self) -> datetime: ...


class Ids(Protocol):
    def new(self) -> UUID:
        """Give a UUIDv7 (RFC 9562)."""
        ...


class Markup(Protocol):
    def html(self, commonmark: str) -> str:
        """Render CommonMark to sanitised HTML."""
        ...


class Signer(Protocol):
    def sign(self, document: bytes) -> Signature: ...


class Materials(Protocol):
    async def get(self, material_id: UUID) -> Material: ...
    async def for_release(self, material_id: UUID) -> Release: ...
    async def add(self, material: Material) -> None: ...
    async def save(self, material: Material) -> Material: ...
    async def add_history(self, material_id: UUID, line: HistoryLine) -> None: ...
    async def add_edition(self, edition: Edition) -> None: ...
    async def hide_editions(self, material_id: UUID) -> None: ...
    async def due(self, at: datetime, limit: int) -> list[UUID]: ...
    async def live_after(self, material_id: UUID, limit: int) -> list[LiveEdition]: ...


class Channels(Protocol):
    async def get(self, slug: str) -> Channel: ...
    async def all(self) -> list[Channel]: ...
    async def carrying(self, material_id: UUID) -> dict[UUID, bool]: ...
    async def add(self, channel: Channel) -> None: ...
    async def save(self, channel: Channel) -> Channel: ...
    async def find_grant(self, channel_id: UUID, organization_id: UUID) -> Grant | None: ...
    async def save_grant(self, grant: Grant) -> None: ...


class Takedowns(Protocol):
    async def get(self, takedown_id: UUID) -> Takedown: ...
    async def add(self, takedown: Takedown) -> None: ...
    async def save(self, takedown: Takedown) -> None: ...
    async def recipients(self, material_id: UUID) -> list[UUID]: ...
    async def unasked_losses(self) -> list[tuple[UUID, UUID]]:
        """(channel, organization) of revoked grants whose holder has pulled and was not asked to delete its copy.

        Two transactions never see the same loss.
        """
        ...

    async def open_since(self, at: datetime) -> list[Takedown]: ...


class Organizations(Protocol):
    async def get(self, organization_id: UUID) -> Organization: ...
    async def by_code(self, code: str) -> Organization: ...
    async def add(self, organization: Organization) -> None: ...
    async def all(self) -> list[Organization]: ...
    async def save(self, organization: Organization) -> None: ...
    async def hand_over(self, leaving_id: UUID, coming_id: UUID, at: datetime) -> None: ...
    async def member(self, login_or_id: str) -> Member: ...
    async def add_member(self, member: Member) -> None: ...
    async def save_member(self, member: Member) -> None: ...
    async def end_sessions(self, member_id: UUID) -> None: ...
    async def forget_credentials(self, member_id: UUID) -> None: ...
    async def add_invitation(self, invitation: Invitation) -> None: ...
    async def invitation(self, code_hash: bytes) -> Invitation: ...
    async def withdraw_invitation(self, invitation_id: UUID, organization_id: UUID | None) -> None: ...
    async def use_invitation(self, invitation_id: UUID, member_id: UUID) -> None: ...
    async def client(self, client_id: str) -> Client: ...
    async def add_client(self, client: Client) -> None: ...
    async def save_client(self, client: Client) -> None: ...
    async def codes(self) -> dict[str, frozenset[str]]: ...


class Assets(Protocol):
    async def get(self, asset_id: UUID) -> Asset: ...
    async def many(self, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]: ...
    async def add(self, asset: Asset) -> None: ...


class Uploads(Protocol):
    async def get(self, upload_id: UUID, *, lock: bool = False) -> Upload: ...
    async def add(self, upload: Upload) -> None: ...
    async def save(self, upload: Upload) -> None: ...
    async def remove(self, upload_id: UUID) -> None: ...
    async def expired(self, at: datetime, limit: int) -> list[UUID]: ...


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit` rolls everything back."""

    materials: Materials
    channels: Channels
    takedowns: Takedowns
    organizations: Organizations
    assets: Assets
    uploads: Uploads
    clock: Clock
    ids: Ids

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def publish(self, entries: Sequence[Entry]) -> None:
        """Keep feed entries for the commit, which places them in the feed."""
        ...

    async def commit(self, event: Event) -> None:
        """Write the audit row, then the feed entries under the feed lock, then NOTIFY, then COMMIT."""
        ...


class Objects(Protocol):
    """The object store. Every method raises Unavailable when it does not answer."""

    async def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None: ...
    async def remove(self, keys: Sequence[str]) -> None: ...
    async def exists(self, key: str) -> bool: ...
    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]: ...
    async def assemble(self, segments: Sequence[tuple[str, int]]) -> "Assembled": ...
    async def keep(self, segments: Sequence[tuple[str, int]], file: "Assembled") -> None: ...


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass over an upload's segments found out."""

    sha256: str
    size_bytes: int
    media_type: str | None
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
