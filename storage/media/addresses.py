"""Addresses of media: signed once for five minutes, the same in every process, so that Range requests hit one URL."""

import time
from base64 import b64encode
from collections import OrderedDict
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from domain.media.asset import Asset, blob_key
from storage.objects.store import ObjectStore

WINDOW_SECONDS = 300
_MAX = 10_000
_BYTES_EACH = 1_000
"""About what one remembered address takes."""


class MediaAddresses:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._remembered: OrderedDict[UUID, tuple[int, str]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return len(self._remembered) * _BYTES_EACH

    @property
    def bound_bytes(self) -> int:
        return _MAX * _BYTES_EACH

    def address(self, asset: Asset) -> tuple[str, float]:
        """A GET address that lives five to ten minutes, and the seconds until there is another one."""
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        left = (window + 1) * WINDOW_SECONDS - now
        known = self._remembered.get(asset.id)
        if known and known[0] == window:
            return known[1], left
        disposition = f"attachment; filename*=UTF-8''{quote(asset.filename, safe='')}"
        address = self._objects.presign(
            blob_key(asset.sha256),
            filename_header=disposition,
            media_type=asset.media_type,
            at=datetime.fromtimestamp(window * WINDOW_SECONDS, UTC),
        )
        self._remembered[asset.id] = (window, address)
        if len(self._remembered) > _MAX:
            self._remembered.popitem(last=False)
        return address, left

    def about(self, asset: Asset) -> dict[str, str]:
        """Headers that tell what the file is, also on HEAD and on the redirect (RFC 9530)."""
        digest = b64encode(bytes.fromhex(asset.sha256)).decode()
        return {
            "etag": f'"{asset.sha256}"',
            "repr-digest": f"sha-256=:{digest}:",
            "digest": f"sha-256={digest}",
            "accept-ranges": "bytes",
            "lantoa-size": str(asset.size_bytes),
            "vary": "Authorization",
        }
