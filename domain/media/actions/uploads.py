"""Resumable uploads: nothing is acknowledged before it is stored, and the offset moves after the bytes."""

from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import UUID

import msgspec

from domain.actor import Actor
from domain.errors import ChecksumMismatch, MediaTypeRefused, NotFound, UploadOverflow, UploadTooLarge
from domain.media.asset import LIMITS, MAX_BYTES, Asset
from domain.media.upload import LIFETIME, SEGMENT_BYTES, Upload, segment_key
from domain.permissions import require
from domain.ports import Assembled, Event, Objects, UnitOfWork


async def start(uow: UnitOfWork, actor: Actor, *, length: int, filename: str, declared_sha256: str | None) -> Upload:
    """Open an upload of `length` bytes. The type is judged when all of it is there."""
    require(actor, "asset.upload")
    if length > MAX_BYTES:
        raise UploadTooLarge(limit_bytes=MAX_BYTES)
    async with uow:
        upload = Upload(
            id=uow.ids.new(),
            owner_id=actor.organization_id,
            created_by=actor.key,
            length=length,
            filename=filename,
            sha256=declared_sha256,
            expires_at=uow.clock.now() + LIFETIME,
        )
        await uow.uploads.add(upload)
        await uow.commit(Event(actor=actor.key, verb="upload.start", thing=f"upload:{upload.id}"))
    return upload


async def read(uow: UnitOfWork, actor: Actor, upload_id: UUID) -> Upload:
    """Get one's own upload. Others' uploads do not exist."""
    async with uow:
        upload = await uow.uploads.get(upload_id)
    if upload.created_by != actor.key or upload.expires_at <= uow.clock.now():
        raise NotFound
    return upload


async def append(
    uow: UnitOfWork,
    objects: Objects,
    actor: Actor,
    upload_id: UUID,
    offset: int,
    chunks: AsyncIterator[bytes],
    *,
    checksum: bytes | None = None,
) -> Upload:
    """Store what `chunks` bring from `offset` on; at most two segments are in memory.

    When the line breaks (`chunks` ends early) what came so far is kept. A `checksum` (SHA-256 of this request's
    body) is checked before anything is kept, so such a request is limited to one segment.
    """
    require(actor, "asset.upload")
    upload = await read(uow, actor, upload_id)
    upload.accepts(offset)
    buffer = bytearray()
    async for chunk in chunks:
        if upload.offset + len(buffer) + len(chunk) > upload.length:
            raise UploadOverflow(length=upload.length)
        buffer += chunk
        while checksum is None and len(buffer) >= SEGMENT_BYTES:
            upload = await _store(uow, objects, upload, bytes(memoryview(buffer)[:SEGMENT_BYTES]))
            del buffer[:SEGMENT_BYTES]
        if checksum is not None and len(buffer) > SEGMENT_BYTES:
            raise UploadTooLarge(limit_bytes=SEGMENT_BYTES)
    if checksum is not None and sha256(buffer).digest() != checksum:
        raise ChecksumMismatch
    if buffer:
        upload = await _store(uow, objects, upload, bytes(buffer))
    return upload


async def _store(uow: UnitOfWork, objects: Objects, upload: Upload, data: bytes) -> Upload:
    """Object first, row last. The row is locked and compared, so that two writers cannot both move it."""
    await objects.put(segment_key(upload.id, upload.offset), data)
    async with uow:
        current = await uow.uploads.get(upload.id, lock=True)
        current.accepts(upload.offset)
        grown = current.grown(len(data))
        await uow.uploads.save(grown)
        await uow.commit(
            Event(
                actor=upload.created_by,
                verb="upload.append",
                thing=f"upload:{upload.id}",
                detail={"offset": grown.offset},
            )
        )
    return grown


async def finish(uow: UnitOfWork, objects: Objects, upload: Upload) -> Asset:
    """Turn a complete upload into an asset: hash, sniff, check, keep the blob, then the row, then drop the segments.

    Safe to repeat after a crash at any point. A refused file loses its segments and its upload.
    """
    if upload.asset_id is not None:
        async with uow:
            return await uow.assets.get(upload.asset_id)
    segments = _segments(upload)
    file = await objects.assemble(segments)
    try:
        media_type = _judge(upload, file)
    except (ChecksumMismatch, MediaTypeRefused, UploadTooLarge):
        await discard(uow, objects, upload)
        raise
    await objects.keep(segments, file)
    asset = Asset(
        id=uow.ids.new(),
        owner_id=upload.owner_id,
        filename=upload.filename or f"{file.sha256[:12]}",
        media_type=media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        duration_ms=file.duration_ms,
        width=file.width,
        height=file.height,
    )
    async with uow:
        current = await uow.uploads.get(upload.id, lock=True)
        if current.asset_id is not None:
            return await uow.assets.get(current.asset_id)
        await uow.assets.add(asset)
        await uow.uploads.save(msgspec.structs.replace(current, asset_id=asset.id, segments=()))
        await uow.commit(
            Event(
                actor=upload.created_by,
                verb="asset.create",
                thing=f"asset:{asset.id}",
                detail={"sha256": asset.sha256, "media_type": asset.media_type},
            )
        )
    # The sweeper may have taken an old orphan of the same bytes between our first look and the row.
    await objects.keep(segments, file)
    await objects.remove([key for key, _ in segments])
    return asset


def _segments(upload: Upload) -> list[tuple[str, int]]:
    """Keys and sizes, in order."""
    ends = [*upload.segments[1:], upload.offset]
    return [(segment_key(upload.id, start), end - start) for start, end in zip(upload.segments, ends, strict=True)]


def _judge(upload: Upload, file: Assembled) -> str:
    if upload.sha256 is not None and upload.sha256 != file.sha256:
        raise ChecksumMismatch
    if file.media_type is None:
        raise MediaTypeRefused(found="unknown")
    if file.size_bytes > LIMITS[file.media_type]:
        raise UploadTooLarge(limit_bytes=LIMITS[file.media_type])
    return file.media_type


async def discard(uow: UnitOfWork, objects: Objects, upload: Upload) -> None:
    """Forget an upload: the row first, then its segments. A finished asset stays."""
    async with uow:
        await uow.uploads.remove(upload.id)
        await uow.commit(Event(actor=upload.created_by, verb="upload.discard", thing=f"upload:{upload.id}"))
    await objects.remove([key for key, _ in _segments(upload)])


async def sweep(uow: UnitOfWork, objects: Objects, limit: int = 100) -> int:
    """Discard uploads that have expired. Gives how many."""
    async with uow:
        expired = [await uow.uploads.get(each) for each in await uow.uploads.expired(uow.clock.now(), limit)]
    for upload in expired:
        await discard(uow, objects, upload)
    return len(expired)
