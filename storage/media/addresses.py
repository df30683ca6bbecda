"""Download URLs of media, signed once per window and the same in every process, so that Range requests hit one URL."""

import time
from base64 import b64encode
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.media.asset import Asset, blob_key, content_disposition
from storage.objects.store import ObjectStore

_MAX = 10_000
_BYTES_EACH = 1_000
"""About what one cached URL takes."""


class MediaAddresses:
    """A URL lives at most `lifetime_seconds` after it was given, and at least half of it.

    That is how long the address of a killed material's file can outlive the kill.
    """

    def __init__(self, objects: ObjectStore, lifetime_seconds: int) -> None:
        self._objects = objects
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._window_seconds = max(1, lifetime_seconds // 2)
        self._cached: OrderedDict[UUID, tuple[int, str]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return len(self._cached) * _BYTES_EACH

    @property
    def bound_bytes(self) -> int:
        return _MAX * _BYTES_EACH

    @property
    def reusable_seconds(self) -> int:
        """How long a client may keep the redirect: the URL still works then."""
        return self._window_seconds // 2

    def address(self, asset: Asset) -> tuple[str, float]:
        """A GET URL, and the seconds until the next window has another one."""
        now = time.time()
        window = int(now // self._window_seconds)
        left = (window + 1) * self._window_seconds - now
        known = self._cached.get(asset.id)
        if known and known[0] == window:
            return known[1], left
        url = self._objects.presign(
            blob_key(asset.sha256),
            disposition=content_disposition(asset.filename),
            media_type=asset.media_type,
            at=datetime.fromtimestamp(window * self._window_seconds, UTC),
            lifetime=self._lifetime,
        )
        self._cached[asset.id] = (window, url)
        if len(self._cached) > _MAX:
            self._cached.popitem(last=False)
        return url, left

    def headers(self, asset: Asset) -> dict[str, str]:
        """Headers that describe the file, also on HEAD and on the redirect (RFC 9530)."""
        digest = b64encode(bytes.fromhex(asset.sha256)).decode()
        return {
            "etag": f'"{asset.sha256}"',
            "repr-digest": f"sha-256=:{digest}:",
            "digest": f"sha-256={digest}",
            "accept-ranges": "bytes",
            "lantoa-size": str(asset.size_bytes),
            "vary": "Authorization",
        }
