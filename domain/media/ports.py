"""Ports of the media capability."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.media.asset import Asset
from domain.media.upload import Upload


class Assets(Protocol):
    async def get(self, asset_id: UUID) -> Asset: ...
    async def list(self, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]: ...
    async def add(self, asset: Asset) -> None: ...
    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None: ...


class Uploads(Protocol):
    async def get(self, upload_id: UUID, *, lock: bool = False) -> Upload: ...
    async def list_expired(self, at: datetime, limit: int) -> Sequence[UUID]: ...
    async def add(self, upload: Upload) -> None: ...
    async def save(self, upload: Upload) -> Upload: ...
    async def remove(self, upload_id: UUID) -> None: ...
    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None: ...


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one pass over an upload's segments."""

    sha256: str
    size_bytes: int
    media_type: str | None
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None


class Objects(Protocol):
    """The object store. Every method raises Unavailable when it does not answer."""

    async def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None: ...
    async def remove(self, keys: Sequence[str]) -> None: ...
    async def exists(self, key: str) -> bool: ...
    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]: ...
    async def assemble(self, segments: Sequence[tuple[str, int]]) -> Assembled:
        """Read the segments (key, bytes) once: hash, size, media type, duration or dimensions."""
        ...

    async def keep(self, segments: Sequence[tuple[str, int]], file: Assembled) -> None:
        """Write the blob from its segments, unless the same bytes are stored already."""
        ...
