"""Signing keys: ES256 for tokens, Ed25519 for documents."""

from datetime import datetime, timedelta
from typing import Literal

from domain.noun import Noun

KeyPurpose = Literal["token", "document"]
KEY_NOTICE = timedelta(seconds=15)
"""A new key is published this long before it signs: by then every process and most caches know it."""
TOKEN_KEY_KEPT = timedelta(days=1)
"""How long a retired token key is published: the last token it signed expired long before."""


class SigningKey(Noun, frozen=True, kw_only=True):
    """`encrypted_private` is the private JWK under the installation's secret key. It signs from `created_at`."""

    kid: str
    purpose: KeyPurpose
    public_jwk: dict[str, object]
    encrypted_private: bytes
    created_at: datetime
    retired_at: datetime | None = None
