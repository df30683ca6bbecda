"""OAuth grants: redirect URIs, PKCE, lifetimes, and when a code or token is spent."""

import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from domain.noun import Noun

CODE_LIFETIME = timedelta(seconds=60)
REFRESH_IDLE = timedelta(days=14)
REFRESH_ABSOLUTE = timedelta(days=90)
REFRESH_GRACE = timedelta(seconds=15)
"""How long a replaced refresh token may come once more (two tabs, a lost answer) without ending the session."""
DEVICE_LIFETIME = timedelta(minutes=15)
DEVICE_INTERVAL = 5
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("client_credentials", "authorization_code", "refresh_token", DEVICE_GRANT)

_UNRESERVED = re.compile(r"\A[A-Za-z0-9\-._~]{43,128}\Z")
_CUSTOM_SCHEME = re.compile(r"\A[a-z][a-z0-9-]*(\.[a-z0-9-]+)+\Z")
_LOOPBACK = ("127.0.0.1", "[::1]")


def digest_of(secret: str) -> bytes:
    """SHA-256, as codes and tokens are stored: 256 random bits need no slow hash."""
    return sha256(secret.encode()).digest()


def is_redirect_uri(uri: str) -> bool:
    """Whether a client may register it: https, http on loopback, or an app's reverse-domain scheme; no fragment."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not uri.isascii() or not uri.isprintable() or set(uri) & set(' "<>\\^`{}|*') or "#" in uri or parts.username:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return parts.netloc.rpartition(":")[0] in _LOOPBACK or parts.netloc in _LOOPBACK
    return bool(_CUSTOM_SCHEME.match(parts.scheme)) and not parts.netloc and parts.path.startswith("/")


def redirect_matches(registered: str, asked: str) -> bool:
    """Exact comparison; on loopback http the port is free (RFC 8252 section 7.3)."""
    if registered == asked:
        return True
    one, two = urlsplit(registered), urlsplit(asked)
    try:
        hosts = (one.hostname, two.hostname, two.port is not None)
    except ValueError:
        return False
    if one.scheme != "http" or hosts[0] not in ("127.0.0.1", "::1") or hosts[0] != hosts[1] or "@" in two.netloc:
        return False
    return registered.replace(one.netloc, "", 1) == asked.replace(two.netloc, "", 1)


def origin_of(uri: str) -> str | None:
    """The web origin of a redirect URI, None for apps."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") else None


def is_challenge(text: str | None) -> bool:
    return bool(text and _UNRESERVED.match(text))


def verifies(verifier: str, challenge: str) -> bool:
    """PKCE with S256 (RFC 7636 section 4.6)."""
    if not _UNRESERVED.match(verifier):
        return False
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return compare_digest(made, challenge)


class AuthorizationCode(Noun, frozen=True, kw_only=True):
    """An authorization code. `session_id` is set once it was redeemed: a replay ends that session."""

    client_id: str
    member_id: UUID
    redirect_uri: str | None = None
    scope: str
    challenge: str
    auth_time: datetime
    expires_at: datetime
    used_at: datetime | None = None
    session_id: UUID | None = None


class RefreshToken(Noun, frozen=True, kw_only=True):
    """A refresh token of a session (the family). `ends_at` is the session's own end."""

    session_id: UUID
    client_id: str
    member_id: UUID
    scope: str
    auth_time: datetime
    expires_at: datetime
    ends_at: datetime
    replaced_at: datetime | None = None
    revoked_at: datetime | None = None

    def judge(self, client_id: str, now: datetime) -> Literal["good", "refused", "stolen"]:
        """`stolen`: it was replaced long enough ago that somebody else must have it; the family ends."""
        if self.client_id != client_id or self.revoked_at is not None:
            return "refused"
        if self.replaced_at is not None:
            return "refused" if now - self.replaced_at <= REFRESH_GRACE else "stolen"
        return "good" if now < min(self.expires_at, self.ends_at) else "refused"


class Device(Noun, frozen=True, kw_only=True):
    """A device that waits for its person (RFC 8628). `hash` is the SHA-256 of its device code."""

    hash: bytes
    client_id: str
    scope: str
    state: Literal["pending", "approved", "denied", "used"] = "pending"
    member_id: UUID | None = None
    auth_time: datetime | None = None
    interval_seconds: int = DEVICE_INTERVAL
    polled_at: datetime | None = None
    expires_at: datetime
    revision: int = 1

    def polls_too_fast(self, now: datetime) -> bool:
        return self.polled_at is not None and now - self.polled_at < timedelta(seconds=self.interval_seconds)

    def waits_at(self, now: datetime) -> bool:
        return self.state == "pending" and now < self.expires_at
