"""Tokens that nobody should accept."""

import hmac
import json
from base64 import urlsafe_b64encode


def hs256(secret: bytes, header: dict[str, object], claims: dict[str, object]) -> str:
    """Sign with a public key as if it were a secret; honest libraries refuse to (RFC 8725 section 3.1)."""
    parts = [urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims)]
    signature = hmac.new(secret, b".".join(parts), "sha256").digest()
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()
