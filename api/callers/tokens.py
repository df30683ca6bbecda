"""Access tokens: RFC 9068 JWTs. Their signature is checked once, their session every five seconds.

Revocation therefore takes effect within SESSION_SECONDS on every process; that number is published.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from api.http.rate_limits import Bucket, RateLimiter
from domain.actor import Actor
from domain.errors import InvalidToken
from domain.ports import Clock
from domain.read_access import read_access

SESSION_SECONDS = 5.0
RENEW_SECONDS = 2.0
IDLE_SECONDS = 60.0
"""A caller without requests for so long is dropped: many tokens are used once."""
_MAX_CALLERS = 8_000
_BYTES_EACH = 2_000
"""About what one cached caller takes."""
_MAX_TOKEN_CHARS = 4096


class Bearer(NamedTuple):
    """The claims of a verified token; they do not change."""

    session_id: UUID
    scopes: frozenset[str]
    client_id: str
    expires: int


class Sessions(Protocol):
    async def actors(self, bearers: Sequence[Bearer]) -> list[Actor | None]: ...


class TokenKeys(Protocol):
    @property
    def token_key(self) -> ECKey: ...
    @property
    def public(self) -> list[dict[str, object]]: ...


class Caller:
    """An actor, or an anonymous address; made once for each token, not for each request.

    `bucket`: its rate limit. `access`, `read_partition`: what it may read. `waiting`: its waiting long polls. `counted`
    was last counted as received, and need not be again until `counted_until`. `until`: recheck the session then.
    """

    __slots__ = (
        "access",
        "actor",
        "bearer",
        "bucket",
        "counted",
        "counted_until",
        "read_partition",
        "until",
        "waiting",
    )

    def __init__(self, actor: Actor | None, bucket: Bucket, *, bearer: Bearer | None = None) -> None:
        self.bearer = bearer
        self.until = math.inf if actor is None else 0.0
        self.waiting = 0
        self.counted: object = None
        self.counted_until = 0.0
        self.bucket = bucket
        self.set_actor(actor)

    def set_actor(self, actor: Actor | None) -> None:
        """Take the actor's present rights."""
        self.actor = actor
        self.access = read_access(actor)
        self.read_partition = self.access.partition

    def trust(self, now: float, wall: float) -> None:
        """Trust the session for the next seconds, but not beyond the token's end."""
        assert self.bearer is not None
        self.until = now + min(SESSION_SECONDS, self.bearer.expires - wall)


class TokenReader:
    """Turns a bearer token into a caller."""

    def __init__(self, keys: TokenKeys, sessions: Sessions, clock: Clock, limiter: RateLimiter, *, issuer: str) -> None:
        self._ring = keys
        self._read: list[dict[str, object]] = []
        self._sessions = sessions
        self._clock = clock
        self._limiter = limiter
        self._anonymous: OrderedDict[str, Caller] = OrderedDict()
        self.issuer = issuer
        self.audience = issuer
        self._callers: OrderedDict[bytes, Caller] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return (len(self._callers) + len(self._anonymous)) * _BYTES_EACH

    @property
    def bound_bytes(self) -> int:
        return 2 * _MAX_CALLERS * _BYTES_EACH

    def _verifiers(self) -> KeySet:
        if self._read is not self._ring.public:
            self._read = self._ring.public
            self._callers.clear()
            self._keys = KeySet([ECKey.import_key(cast("Any", jwk)) for jwk in self._read if jwk.get("kty") == "EC"])
            self._kids = {str(key.kid) for key in self._keys.keys}
        return self._keys

    def known(self, header: bytes) -> Caller | None:
        """The cached caller with this Authorization header; valid only before its `until`."""
        return self._callers.get(header)

    def anonymous(self, address: str) -> Caller:
        """The anonymous caller at an address."""
        caller = self._anonymous.get(address)
        if caller is None:
            bucket = self._limiter.bucket(f"address:{address}", known=False)
            caller = self._anonymous[address] = Caller(None, bucket)
            if len(self._anonymous) > _MAX_CALLERS:
                self._anonymous.popitem(last=False)
        return caller

    async def caller(self, token: str) -> Caller:
        """The caller with this token. Raises InvalidToken, or Unavailable when the session cannot be read."""
        self._verifiers()
        key = b"Bearer " + token.encode("utf-8", "replace")
        known, now = self._callers.get(key), time.monotonic()
        if known and now < known.until:
            return known
        bearer = known.bearer if known and known.bearer else _bearer(self.claims(token))
        actor = await self._session_actor(bearer)
        if actor is None:
            self._callers.pop(key, None)
            raise InvalidToken
        bucket = self._limiter.bucket(f"{actor.key}|{actor.client_id}", known=True)
        caller = known or Caller(actor, bucket, bearer=bearer)
        caller.set_actor(actor)
        caller.trust(now, self._clock.now().timestamp())
        self._callers[key] = caller
        if len(self._callers) > _MAX_CALLERS:
            self._callers.popitem(last=False)
        return caller

    async def _session_actor(self, bearer: Bearer) -> Actor | None:
        if self._clock.now().timestamp() >= bearer.expires:
            return None
        [actor] = await self._sessions.actors([bearer])
        return actor

    async def renew(self) -> None:
        """Recheck the sessions of all waiting long polls in one query, and drop idle callers."""
        now, wall = time.monotonic(), self._clock.now().timestamp()
        idle = now - IDLE_SECONDS
        for key in [key for key, each in self._callers.items() if each.until < idle and not each.waiting]:
            del self._callers[key]
        waiting = (caller for caller in self._callers.values() if caller.waiting)
        chosen = [(c, c.bearer) for c in waiting if c.bearer and wall < c.bearer.expires]
        for (caller, _), actor in zip(chosen, await self._sessions.actors([b for _, b in chosen]), strict=True):
            if actor is None:
                caller.until = 0.0
            else:
                caller.set_actor(actor)
                caller.trust(now, wall)

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


def _bearer(claims: dict[str, Any]) -> Bearer:
    return Bearer(UUID(claims["sid"]), _scopes(claims["scope"]), claims["client_id"], claims["exp"])


@lru_cache(maxsize=256)
def _scopes(text: str) -> frozenset[str]:
    """Give the same set for equal scope texts: thousands of tokens are cached."""
    return frozenset(text.split())
