"""Access tokens: RFC 9068 JWTs, checked once and remembered for five seconds.

Revocation therefore takes effect within REMEMBERED_SECONDS on every process; that number is published.
"""

import time
from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Protocol, cast
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from domain.actor import Actor
from domain.errors import InvalidToken
from domain.ports import Clock

REMEMBERED_SECONDS = 5.0
_MAX_REMEMBERED = 20_000
_MAX_TOKEN_CHARS = 4096


class Sessions(Protocol):
    async def actor(self, session_id: UUID, scopes: frozenset[str]) -> Actor | None: ...


class TokenKeys(Protocol):
    @property
    def token_key(self) -> ECKey: ...
    @property
    def public(self) -> list[dict[str, object]]: ...


class TokenReader:
    """Turns a bearer token into an Actor."""

    def __init__(self, keys: TokenKeys, sessions: Sessions, clock: Clock, *, issuer: str) -> None:
        self._ring = keys
        self._read: list[dict[str, object]] = []
        self._sessions = sessions
        self._clock = clock
        self.issuer = issuer
        self.audience = issuer
        self._remembered: OrderedDict[bytes, tuple[float, Actor]] = OrderedDict()

    def _verifiers(self) -> KeySet:
        if self._read is not self._ring.public:
            self._read = self._ring.public
            self._keys = KeySet([ECKey.import_key(cast("Any", jwk)) for jwk in self._read if jwk.get("kty") == "EC"])
            self._kids = {str(key.kid) for key in self._keys.keys}
        return self._keys

    async def actor(self, token: str) -> Actor:
        """Who bears this token. Raises InvalidToken, or Unavailable when the session cannot be looked up."""
        key = blake2b(token.encode("utf-8", "replace"), digest_size=16).digest()
        known = self._remembered.get(key)
        now = time.monotonic()
        if known and now < known[0]:
            return known[1]
        claims = self.claims(token)
        actor = await self._sessions.actor(UUID(claims["sid"]), frozenset(claims["scope"].split()))
        if actor is None or actor.client_id != claims["client_id"]:
            self._remembered.pop(key, None)
            raise InvalidToken
        left = claims["exp"] - self._clock.now().timestamp()
        self._remembered[key] = (now + min(REMEMBERED_SECONDS, left), actor)
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return actor

    def claims(self, token: str, *, expired_too: bool = False) -> dict[str, Any]:
        """Check signature, type, issuer, audience and time (RFC 9068 section 4). Raises InvalidToken."""
        if len(token) > _MAX_TOKEN_CHARS or not token.isascii():
            raise InvalidToken
        try:
            decoded = jwt.decode(token, self._verifiers(), algorithms=["ES256"])
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken from error
        header, claims = decoded.header, decoded.claims
        if header.get("typ") != "at+jwt" or header.get("kid") not in self._kids:
            raise InvalidToken
        if any(name in header for name in ("jwk", "jku", "x5u", "crit")):
            raise InvalidToken
        wanted = {"iss": self.issuer, "aud": self.audience}
        texts = ("sid", "scope", "client_id", "sub", "jti")
        if any(claims.get(k) != v for k, v in wanted.items()) or not all(isinstance(claims.get(t), str) for t in texts):
            raise InvalidToken
        expires = claims.get("exp")
        if type(expires) is not int or (not expired_too and expires <= self._clock.now().timestamp()):
            raise InvalidToken
        return claims
