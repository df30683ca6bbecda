"""Resumable uploads: nothing is acknowledged before it is stored, and the offset moves after the bytes."""

from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import ChecksumMismatch, MediaTypeRefused, NotFound, UploadOverflow, UploadTooLarge
from domain.events import Event, OrganizationSucceeded
from domain.media.asset import LIMITS, MAX_BYTES, Asset
from domain.media.ports import Assembled, Objects
from domain.media.upload import LIFETIME, SEGMENT_BYTES, Upload, segment_key
from domain.permissions import require
from domain.unit_of_work import UnitOfWork


async def start(work: UnitOfWork, actor: Actor, *, length: int, filename: str, declared_sha256: str | None) -> Upload:
    """Open an upload of `length` bytes. The media type is checked when all bytes are there."""
    require(actor, "asset.upload")
    if length > MAX_BYTES:
        raise UploadTooLarge(limit_bytes=MAX_BYTES)
    async with work:
        upload = Upload(
            id=work.ids.new(),
            owner_id=actor.organization_id,
            created_by=actor.key,
            length=length,
            filename=filename,
            sha256=declared_sha256,
            expires_at=work.clock.now() + LIFETIME,
        )
        await work.uploads.add(upload)
        await work.commit(Event(actor=actor.key, activity="upload.start", target=f"upload:{upload.id}"))
    return upload


async def read(work: UnitOfWork, actor: Actor, upload_id: UUID) -> Upload:
    """Get one's own upload. Others' uploads are NotFound."""
    async with work:
        upload = await work.uploads.get(upload_id)
    if upload.created_by != actor.key or upload.expires_at <= work.clock.now():
        raise NotFound
    return upload


async def append(
    work: UnitOfWork,
    objects: Objects,
    actor: Actor,
    upload_id: UUID,
    offset: int,
    chunks: AsyncIterator[bytes],
    *,
    checksum: bytes | None = None,
) -> Upload:
    """Store what `chunks` bring from `offset` on; at most two segments are in memory.

    When the connection breaks (`chunks` ends early) what came so far is kept. A `checksum` (SHA-256 of this request's
    body) is checked before anything is kept, so such a request is limited to one segment.
    """
    require(actor, "asset.upload")
    upload = await read(work, actor, upload_id)
    upload.check_offset(offset)
    buffer = bytearray()
    async for chunk in chunks:
        if upload.offset + len(buffer) + len(chunk) > upload.length:
            raise UploadOverflow(length=upload.length)
        buffer += chunk
        while checksum is None and len(buffer) >= SEGMENT_BYTES:
            upload = await _store(work, objects, upload, bytes(memoryview(buffer)[:SEGMENT_BYTES]))
            del buffer[:SEGMENT_BYTES]
        if checksum is not None and len(buffer) > SEGMENT_BYTES:
            raise UploadTooLarge(limit_bytes=SEGMENT_BYTES)
    if checksum is not None and sha256(buffer).digest() != checksum:
        raise ChecksumMismatch
    if buffer:
        upload = await _store(work, objects, upload, bytes(buffer))
    return upload


async def _store(work: UnitOfWork, objects: Objects, upload: Upload, data: bytes) -> Upload:
    """Object first, row last. The row is locked and compared, so that two writers cannot both move the offset."""
    await objects.put(segment_key(upload.id, upload.offset), data)
    async with work:
        current = await work.uploads.get(upload.id, lock=True)
        current.check_offset(upload.offset)
        grown = await work.uploads.save(current.grown(len(data)))
        await work.commit(_event(upload.created_by, "upload.append", grown, {"offset": grown.offset}))
    return grown


def _event(actor: str, activity: str, upload: Upload, detail: dict[str, object]) -> Event:
    return Event(actor=actor, activity=activity, target=f"upload:{upload.id}", detail=detail)


async def finish(work: UnitOfWork, objects: Objects, upload: Upload) -> Asset:
    """Turn a complete upload into an asset: hash, recognise, check, write the blob, then the row, then drop segments.

    Safe to repeat after a crash at any point. A refused file loses its segments and its upload.
    """
    if upload.asset_id is not None:
        async with work:
            return await work.assets.get(upload.asset_id)
    segments = _segments(upload)
    file = await objects.assemble(segments)
    try:
        media_type = _checked_type(upload, file)
    except (ChecksumMismatch, MediaTypeRefused, UploadTooLarge):
        await discard(work, objects, upload)
        raise
    await objects.keep(segments, file)
    asset = _asset(work.ids.new(), upload, file, media_type)
    async with work:
        current = await work.uploads.get(upload.id, lock=True)
        if current.asset_id is not None:
            return await work.assets.get(current.asset_id)
        await work.assets.add(asset)
        await work.uploads.save(replace(current, asset_id=asset.id, segments=()))
        detail: dict[str, object] = {"sha256": asset.sha256, "media_type": asset.media_type}
        await work.commit(
            Event(actor=upload.created_by, activity="asset.create", target=f"asset:{asset.id}", detail=detail)
        )
    # The sweeper may have removed an old orphan of the same bytes between the first `keep` and the row.
    await objects.keep(segments, file)
    await objects.remove([key for key, _ in segments])
    return asset


def _asset(asset_id: UUID, upload: Upload, file: Assembled, media_type: str) -> Asset:
    return Asset(
        id=asset_id,
        owner_id=upload.owner_id,
        filename=upload.filename or f"{file.sha256[:12]}",
        media_type=media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        duration_ms=file.duration_ms,
        width=file.width,
        height=file.height,
    )


def _segments(upload: Upload) -> list[tuple[str, int]]:
    """Keys and sizes, in order."""
    ends = [*upload.segments[1:], upload.offset]
    return [(segment_key(upload.id, start), end - start) for start, end in zip(upload.segments, ends, strict=True)]


def _checked_type(upload: Upload, file: Assembled) -> str:
    if upload.sha256 is not None and upload.sha256 != file.sha256:
        raise ChecksumMismatch
    if file.media_type is None:
        raise MediaTypeRefused(found="unknown")
    if file.size_bytes > LIMITS[file.media_type]:
        raise UploadTooLarge(limit_bytes=LIMITS[file.media_type])
    return file.media_type


async def discard(work: UnitOfWork, objects: Objects, upload: Upload) -> None:
    """Remove an upload: the row first, then its segments. A finished asset stays."""
    async with work:
        await work.uploads.remove(upload.id)
        await work.commit(_event(upload.created_by, "upload.discard", upload, {}))
    await objects.remove([key for key, _ in _segments(upload)])


async def sweep(work: UnitOfWork, objects: Objects, limit: int = 100) -> int:
    """Discard uploads that have expired. Gives how many."""
    async with work:
        ids = await work.uploads.list_expired(work.clock.now(), limit)
        expired = [await work.uploads.get(each) for each in ids]
    for upload in expired:
        await discard(work, objects, upload)
    return len(expired)


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give assets and uploads of the leaving organization to its successor."""
    await work.assets.change_owner(event.leaving_id, event.successor_id)
    await work.uploads.change_owner(event.leaving_id, event.successor_id)
