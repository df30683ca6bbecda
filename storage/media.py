"""Addresses of media: presigned once, then remembered, so that a client's Range requests hit one URL."""

import time
from base64 import b64encode
from collections import OrderedDict
from urllib.parse import quote
from uuid import UUID

from domain.asset import Asset, blob_key
from storage.objects import ObjectStore

REMEMBERED_SECONDS = 300
_MAX = 10_000


class MediaAddresses:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._remembered: OrderedDict[UUID, tuple[float, str]] = OrderedDict()

    def address(self, asset: Asset) -> str:
        """A GET address that lives ten minutes, the same for five."""
        known = self._remembered.get(asset.id)
        now = time.monotonic()
        if known and now < known[0]:
            return known[1]
        disposition = f"attachment; filename*=UTF-8''{quote(asset.filename, safe='')}"
        address = self._objects.presign(
            blob_key(asset.sha256), filename_header=disposition, media_type=asset.media_type
        )
        self._remembered[asset.id] = (now + REMEMBERED_SECONDS, address)
        if len(self._remembered) > _MAX:
            self._remembered.popitem(last=False)
        return address

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
