"""The object store over the S3 wire protocol, with the `minio` SDK.

The SDK is synchronous, so every call runs in a thread; presigning needs no request. Works with every S3 server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO, RawIOBase
from typing import Any, TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from urllib3.exceptions import HTTPError

from domain.errors import NotFound, Unavailable
from domain.media.asset import SNIFF_BYTES, blob_key, sniff
from domain.media.ports import Assembled
from storage.objects.config import ObjectStoreConfig
from storage.objects.segment_file import SegmentFile

T = TypeVar("T")
CHUNK = 256 * 1024
PART_BYTES = 8 * 1024 * 1024


def _client(endpoint: str, config: ObjectStoreConfig) -> Minio:
    parts = urlsplit(endpoint)
    # No retries here: a request that cannot reach the store must become 503 within two seconds.
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=1.0, read=20.0),
        retries=urllib3.Retry(total=0, read=0, connect=0),
        maxsize=16,
    )
    return Minio(
        parts.netloc,
        access_key=config.access_key,
        secret_key=config.secret_key,
        secure=parts.scheme == "https",
        region=config.region,
        http_client=pool,
    )


class ObjectStore:
    """Implements `domain.media.ports.Objects`, and signs download URLs for the public endpoint.

    `inspect` reads duration or dimensions from a media file: (file, media type) -> fields of `Assembled`.
    """

    def __init__(self, config: ObjectStoreConfig, inspect: Callable[[RawIOBase, str], dict[str, Any]]) -> None:
        self.bucket = config.bucket
        self._internal = _client(config.endpoint, config)
        self._public = _client(config.public_endpoint, config)
        self._inspect = inspect

    async def _call(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.to_thread(_translated, work, *args, **kwargs)

    async def ensure_bucket(self) -> None:
        if not await self._call(self._internal.bucket_exists, self.bucket):
            await self._call(self._internal.make_bucket, self.bucket)

    async def ready(self) -> None:
        """Raise Unavailable unless the bucket answers."""
        if not await self._call(self._internal.bucket_exists, self.bucket):
            raise Unavailable(part="objects")

    async def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        await self._call(
            self._internal.put_object,
            self.bucket,
            key,
            BytesIO(data),
            len(data),
            media_type,
            part_size=4 * PART_BYTES,
        )

    async def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; missing ones are no error."""

        def work() -> None:
            for error in self._internal.remove_objects(self.bucket, [DeleteObject(key) for key in keys]):
                raise Unavailable(part="objects", reason=error.code)

        if keys:
            await self._call(work)

    async def exists(self, key: str) -> bool:
        try:
            await self._call(self._internal.stat_object, self.bucket, key)
        except NotFound:
            return False
        return True

    async def names(self, prefix: str) -> list[tuple[str, int, object]]:
        """List (key, bytes, last modified) under a prefix."""

        def work() -> list[tuple[str, int, object]]:
            found = self._internal.list_objects(self.bucket, prefix=prefix, recursive=True)
            return [(str(each.object_name), int(each.size or 0), each.last_modified) for each in found]

        return await self._call(work)

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream an object, or a part of it."""
        response = await self._call(
            self._internal.get_object, self.bucket, key, offset=start, length=0 if length is None else length
        )
        try:
            while chunk := await self._call(response.read, CHUNK):
                yield chunk
        finally:
            response.close()
            response.release_conn()

    def presign(self, key: str, *, disposition: str, media_type: str, at: datetime, lifetime: timedelta) -> str:
        """Give a GET URL on the public endpoint, valid for `lifetime` from `at`. CPU only."""
        return str(
            self._public.presigned_get_object(
                self.bucket,
                key,
                expires=lifetime,
                request_date=at,
                response_headers={
                    "response-content-disposition": disposition,
                    "response-content-type": media_type,
                },
            )
        )

    async def assemble(self, segments: Sequence[tuple[str, int]]) -> Assembled:
        """One pass over the segments: hash, size, media type and, from the file's headers, duration or dimensions."""

        def work() -> Assembled:
            digest, size, head = sha256(), 0, b""
            for key, _ in segments:
                response = self._internal.get_object(self.bucket, key)
                try:
                    for chunk in response.stream(CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        if len(head) < SNIFF_BYTES:
                            head += chunk[: SNIFF_BYTES - len(head)]
                finally:
                    response.close()
                    response.release_conn()
            media_type = sniff(head)
            found = self._inspect(self._file(segments), media_type) if media_type else {}
            return Assembled(sha256=digest.hexdigest(), size_bytes=size, media_type=media_type, **found)

        return await self._call(work)

    async def keep(self, segments: Sequence[tuple[str, int]], file: Assembled) -> None:
        """Write the blob from its segments, unless the same bytes are stored already. Memory: two segments."""
        key = blob_key(file.sha256)
        if await self.exists(key):
            return
        await self._call(
            self._internal.put_object,
            self.bucket,
            key,
            self._file(segments),
            file.size_bytes,
            file.media_type or "application/octet-stream",
            part_size=PART_BYTES,
            num_parallel_uploads=1,
        )

    def _file(self, segments: Sequence[tuple[str, int]]) -> SegmentFile:
        def load(key: str) -> bytes:
            response = self._internal.get_object(self.bucket, key)
            try:
                return bytes(response.data)
            finally:
                response.close()
                response.release_conn()

        return SegmentFile(segments, load)


def _translated(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return work(*args, **kwargs)
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchObject", "NotFound"):
            raise NotFound from error
        raise Unavailable(part="objects") from error
    except (HTTPError, OSError) as error:
        raise Unavailable(part="objects") from error
