"""The key ring: private keys that sign now or next, and every public key that may still be needed."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey, OKPKey

from domain.distribution.publication import Signature
from domain.identity.signing_key import KeyPurpose, SigningKey
from domain.ports import Clock, Encryption

Jwk = dict[str, object]
_PURPOSES: tuple[KeyPurpose, ...] = ("token", "document")


class KeyRing:
    """`public` is what /.well-known/jwks.json shows. `load` is called every few seconds and picks up rotations."""

    def __init__(self, encryption: Encryption, clock: Clock) -> None:
        self._encryption = encryption
        self._clock = clock
        self._known: list[tuple[str, datetime | None]] = []
        self._opened: dict[str, ECKey | OKPKey] = {}
        self._signing: dict[KeyPurpose, list[tuple[datetime, ECKey | OKPKey]]] = {}
        self.public: list[Jwk] = []

    def load(self, keys: Sequence[SigningKey]) -> None:
        """Take the stored keys, oldest first. Nothing is decrypted or replaced where nothing changed.

        Raises ValueError when the keys were encrypted under another secret key.
        """
        known = [(key.kid, key.retired_at) for key in keys]
        if known == self._known:
            return
        now = self._clock.now()
        for key in keys:
            if key.kid not in self._opened and (key.retired_at is None or key.retired_at > now):
                private = msgspec.json.decode(self._encryption.decrypt(key.kid, key.encrypted_private))
                kind = ECKey if key.purpose == "token" else OKPKey
                self._opened[key.kid] = kind.import_key(private)
        self._known = known
        self._signing = {
            purpose: [
                (key.created_at, self._opened[key.kid])
                for key in reversed(keys)
                if key.purpose == purpose and key.kid in self._opened
            ]
            for purpose in _PURPOSES
        }
        self.public = [_published(key) for key in keys]

    def generate(self, purpose: KeyPurpose, signs_from: datetime) -> SigningKey:
        """Implements `domain.identity.ports.KeyFactory`."""
        key = _generate(purpose)
        kid = str(key.kid)
        return SigningKey(
            kid=kid,
            purpose=purpose,
            public_jwk=dict(key.as_dict(private=False)),
            encrypted_private=self._encryption.encrypt(kid, msgspec.json.encode(key.as_dict(private=True))),
            created_at=signs_from,
        )

    def _live(self, purpose: KeyPurpose) -> ECKey | OKPKey:
        """The newest key whose time has come."""
        now = self._clock.now()
        return next(key for since, key in self._signing[purpose] if since <= now)

    @property
    def token_key(self) -> ECKey:
        """The key that signs tokens now: one key, because Authlib picks at random from a set."""
        return cast("ECKey", self._live("token"))

    def sign(self, document: bytes) -> Signature:
        """Sign a document's bytes with Ed25519 (RFC 8032)."""
        key = self._live("document")
        private = cast("Ed25519PrivateKey", key.private_key)
        value = urlsafe_b64encode(private.sign(document)).rstrip(b"=").decode()
        return Signature(sha256=sha256(document).hexdigest(), value=value, kid=str(key.kid))


def _generate(purpose: KeyPurpose) -> ECKey | OKPKey:
    if purpose == "token":
        return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "EdDSA"}, auto_kid=True)


def _published(key: SigningKey) -> Jwk:
    """The public JWK with the time in which it signs (`nbf`, `exp` in Unix seconds, as OpenID Federation has them)."""
    jwk: Jwk = {**key.public_jwk, "nbf": int(key.created_at.timestamp())}
    if key.retired_at is not None:
        jwk["exp"] = int(key.retired_at.timestamp())
    return jwk
