"""Signing keys: made on first use, kept encrypted, read again every few seconds so that a rotation reaches everybody.

Private keys rest as AES-256-GCM boxes under LANTOA_SECRET_KEY, with the kid as associated data.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy import RowMapping, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.encryption import box, unbox
from domain.ports import Clock, Signature
from storage.postgres.connections import translated
from storage.postgres.tables import audit, signing_keys

REFRESH_SECONDS = 5.0
NOTICE = timedelta(seconds=15)
"""A new key is shown this long before it signs: by then every process and most caches know it."""
_TOKEN_KEPT = timedelta(days=1)
_LOCK = 3250_0001
Jwk = dict[str, object]


class KeyRing:
    """The private keys that sign now or next, and every public key that may still be needed.

    `token_key` is a one-key JWK (Authlib picks at random from a set); `public` is what /.well-known/jwks.json shows.
    """

    def __init__(self, engine: AsyncEngine, secret: bytes, clock: Clock) -> None:
        self._engine = engine
        self._secret = secret
        self._clock = clock
        self._rows: Sequence[RowMapping] = ()
        self._opened: dict[str, ECKey | OKPKey] = {}
        self._signing: dict[str, list[tuple[datetime, ECKey | OKPKey]]] = {}
        self.public: list[Jwk] = []

    async def refresh(self) -> None:
        """Read the keys again. Nothing is opened or replaced where nothing changed."""
        with translated():
            async with self._engine.connect() as connection:
                self._take(await _rows(connection))

    async def create(self) -> None:
        """Make the first key of each purpose where there is none (one process wins)."""
        with translated():
            async with self._engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                present = {row["purpose"] for row in await _rows(connection) if row["retired_at"] is None}
                for purpose in {"token", "document"} - present:
                    await self._add(connection, purpose, timedelta(0))
                self._take(await _rows(connection))

    async def rotate(self, purpose: str, by: str) -> str:
        """Make a new key that signs from NOTICE on, when the present one retires; gives its kid."""
        with translated():
            async with self._engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                at = self._clock.now()
                live = (signing_keys.c.purpose == purpose, signing_keys.c.retired_at.is_(None))
                await connection.execute(update(signing_keys).where(*live).values(retired_at=at + NOTICE))
                kid = await self._add(connection, purpose, NOTICE)
                row = {"at": at, "actor": by, "verb": "keys.rotate", "thing": f"key:{kid}", "detail": {}}
                await connection.execute(insert(audit).values(**row))
                self._take(await _rows(connection))
        return kid

    async def _add(self, connection: AsyncConnection, purpose: str, notice: timedelta) -> str:
        key = _generate(purpose)
        kid = str(key.kid)
        sealed = box(self._secret, kid, msgspec.json.encode(key.as_dict(private=True)))
        values = {"kid": kid, "purpose": purpose, "public_jwk": key.as_dict(private=False), "private_box": sealed}
        await connection.execute(insert(signing_keys).values(**values, created_at=self._clock.now() + notice))
        return kid

    def _take(self, rows: Sequence[RowMapping]) -> None:
        known = [(row["kid"], row["retired_at"]) for row in self._rows]
        if known == [(row["kid"], row["retired_at"]) for row in rows]:
            return
        now = self._clock.now()
        for row in rows:
            if row["kid"] not in self._opened and (row["retired_at"] is None or row["retired_at"] > now):
                private = msgspec.json.decode(unbox(self._secret, row["kid"], row["private_box"]))
                token = row["purpose"] == "token"
                self._opened[row["kid"]] = ECKey.import_key(private) if token else OKPKey.import_key(private)
        self._rows = rows
        self._signing = {
            purpose: [
                (row["created_at"], self._opened[row["kid"]])
                for row in reversed(rows)
                if row["purpose"] == purpose and row["kid"] in self._opened
            ]
            for purpose in ("token", "document")
        }
        self.public = [_published(row) for row in rows]

    def _live(self, purpose: str) -> ECKey | OKPKey:
        """The newest key whose time has come."""
        now = self._clock.now()
        return next(key for since, key in self._signing[purpose] if since <= now)

    @property
    def token_key(self) -> ECKey:
        return cast("ECKey", self._live("token"))

    def sign(self, document: bytes) -> Signature:
        """Sign a document's bytes with Ed25519 (RFC 8032)."""
        key = self._live("document")
        private = cast("Ed25519PrivateKey", key.private_key)
        value = urlsafe_b64encode(private.sign(document)).rstrip(b"=").decode()
        return Signature(sha256=sha256(document).hexdigest(), value=value, kid=str(key.kid))


async def load_keys(engine: AsyncEngine, secret: bytes, clock: Clock) -> KeyRing:
    """Give the key ring, ready to sign."""
    ring = KeyRing(engine, secret, clock)
    await ring.create()
    return ring


def _generate(purpose: str) -> ECKey | OKPKey:
    if purpose == "token":
        return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "EdDSA"}, auto_kid=True)


async def _rows(connection: AsyncConnection) -> Sequence[RowMapping]:
    """Every document key; token keys until the last token they signed is long dead."""
    kept = signing_keys.c.retired_at.is_(None) | (signing_keys.c.purpose == "document")
    recent = signing_keys.c.retired_at > text("now() - :kept").bindparams(kept=_TOKEN_KEPT)
    query = select(signing_keys).where(kept | recent).order_by(signing_keys.c.created_at)
    return (await connection.execute(query)).mappings().all()


def _published(row: RowMapping) -> Jwk:
    """The public half with the time in which it signs (`nbf`, `exp` in Unix seconds, as OpenID Federation has them)."""
    jwk: Jwk = {**row["public_jwk"], "nbf": int(row["created_at"].timestamp())}
    if row["retired_at"] is not None:
        jwk["exp"] = int(row["retired_at"].timestamp())
    return jwk
