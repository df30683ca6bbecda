"""Signing keys: made on first use, kept encrypted, loaded once.

Private keys rest as AES-256-GCM boxes under LANTOA_SECRET_KEY, with the kid as associated data.
"""

import os
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy import RowMapping, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ports import Signature
from storage.database import translated
from storage.settings import BadSetting
from storage.tables import signing_keys

_LOCK = 3250_0001
Jwk = dict[str, object]


class KeyRing:
    """The live private keys and every public key that may still be needed.

    `token_key` is a one-key JWK (Authlib picks at random from a set); `public` is what /.well-known/jwks.json shows.
    """

    def __init__(self, token_key: ECKey, document_key: OKPKey, public: list[Jwk]) -> None:
        self.token_key = token_key
        self.public = public
        self._document_kid = str(document_key.kid)
        private = document_key.private_key
        assert isinstance(private, Ed25519PrivateKey)
        self._private = private

    def sign(self, document: bytes) -> Signature:
        """Sign a document's bytes with Ed25519 (RFC 8032)."""
        value = urlsafe_b64encode(self._private.sign(document)).rstrip(b"=").decode()
        return Signature(sha256=sha256(document).hexdigest(), value=value, kid=self._document_kid)


def _box(secret: bytes, kid: str, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(secret).encrypt(nonce, plain, kid.encode())


def _unbox(secret: bytes, kid: str, box: bytes) -> bytes:
    try:
        return AESGCM(secret).decrypt(box[:12], box[12:], kid.encode())
    except InvalidTag as error:
        raise BadSetting("LANTOA_SECRET_KEY is not the key that the signing keys were stored with") from error


def _generate(purpose: str) -> ECKey | OKPKey:
    if purpose == "token":
        return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "EdDSA"}, auto_kid=True)


async def load_keys(engine: AsyncEngine, secret: bytes, now: datetime) -> KeyRing:
    """Load the key ring, making the first pair of each purpose where there is none (one process wins)."""
    with translated():
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            rows = (await connection.execute(select(signing_keys).order_by(signing_keys.c.created_at))).mappings().all()
            for purpose in ("token", "document"):
                if not any(row["purpose"] == purpose and row["retired_at"] is None for row in rows):
                    key = _generate(purpose)
                    kid = str(key.kid)
                    box = _box(secret, kid, msgspec.json.encode(key.as_dict(private=True)))
                    values = {"kid": kid, "purpose": purpose, "public_jwk": key.as_dict(private=False)}
                    await connection.execute(insert(signing_keys).values(**values, private_box=box, created_at=now))
            rows = (await connection.execute(select(signing_keys).order_by(signing_keys.c.created_at))).mappings().all()
    live = {row["purpose"]: row for row in rows if row["retired_at"] is None}
    opened = {
        purpose: msgspec.json.decode(_unbox(secret, row["kid"], row["private_box"])) for purpose, row in live.items()
    }
    return KeyRing(
        ECKey.import_key(opened["token"]),
        OKPKey.import_key(opened["document"]),
        [_published(row) for row in rows],
    )


def _published(row: RowMapping) -> Jwk:
    """The public half with the time in which it signs (`nbf`, `exp` in Unix seconds, as OpenID Federation has them)."""
    jwk: Jwk = {**row["public_jwk"], "nbf": int(row["created_at"].timestamp())}
    if row["retired_at"] is not None:
        jwk["exp"] = int(row["retired_at"].timestamp())
    return jwk
