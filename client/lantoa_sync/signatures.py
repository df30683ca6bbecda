"""Proving what came: canonical bytes (RFC 8785), SHA-256, Ed25519 (RFC 8032)."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lantoa_sync.errors import NotEqual
from lantoa_sync.feed import Change, Digest, Item, read_item


def canonical(item: dict[str, Any]) -> bytes:
    """The signed bytes. Documents hold integers only and ASCII keys, so sorting by code point is enough."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def bytes_of(change: Change) -> bytes:
    """The document's bytes, or NotEqual when their SHA-256 is another.

    The server sends the signed bytes; where something between us wrote the JSON anew they are made again.
    """
    data = bytes(change.item)
    if sha256(data).hexdigest() != change.sha256:
        data = canonical(json.loads(data))
        if sha256(data).hexdigest() != change.sha256:
            raise NotEqual(f"{change.id} v{change.version}: SHA-256 does not match")
    return data


def document_of(change: Change) -> tuple[bytes, Item]:
    """The document's bytes and what we read of it, or NotEqual when it is another one than the change says."""
    data = bytes_of(change)
    item = read_item(data)
    if (item.id, item.version) != (change.id, change.version):
        raise NotEqual(f"{change.id} v{change.version}: the document is another one")
    return data, item


class Verifier:
    """Knows the server's public document keys; asks for them again when an unknown one turns up."""

    def __init__(self, keys: list[dict[str, Any]]) -> None:
        self._keys = {
            str(key["kid"]): Ed25519PublicKey.from_public_bytes(_decode(key["x"]))
            for key in keys
            if key.get("crv") == "Ed25519"
        }

    def knows(self, kid: str) -> bool:
        return kid in self._keys

    def check(self, name: str, data: bytes, signature: str, kid: str) -> None:
        """NotEqual unless the signature is the server's."""
        try:
            self._keys[kid].verify(_decode(signature), data)
        except (KeyError, InvalidSignature, ValueError) as error:
            raise NotEqual(f"{name}: signature does not verify") from error


def statement_of(channel: str, digest: Digest) -> bytes:
    """What the server signs of a digest: with it all that the digest was made of is proven."""
    reported = {"channel": channel, "count": digest.count, "cursor": digest.cursor, "sha256": digest.sha256}
    return canonical(reported)
