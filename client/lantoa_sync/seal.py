"""Proving a document: canonical bytes (RFC 8785), SHA-256, Ed25519 (RFC 8032)."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lantoa_sync.errors import NotEqual


def canonical(item: dict[str, Any]) -> bytes:
    """The signed bytes. Documents hold integers only and ASCII keys, so sorting by code point is enough."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


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

    def document(self, change: dict[str, Any]) -> bytes:
        """Give the document's bytes, or raise NotEqual when hash or signature is wrong."""
        data = canonical(change["item"])
        name = f"{change['id']} v{change['version']}"
        if sha256(data).hexdigest() != change["sha256"]:
            raise NotEqual(f"{name}: SHA-256 does not match")
        if (change["item"].get("id"), change["item"].get("version")) != (change["id"], change["version"]):
            raise NotEqual(f"{name}: the document is another one")
        try:
            self._keys[change["kid"]].verify(_decode(change["signature"]), data)
        except (KeyError, InvalidSignature, ValueError) as error:
            raise NotEqual(f"{name}: signature does not verify") from error
        return data
