"""Signing in with a browser: rules of passwords, second factors, logins and device cookies."""

import hmac
import re
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import FieldError, InvalidContent
from domain.identity.member import Role
from domain.noun import Noun

LOGIN_LIFETIME = timedelta(hours=12)
INCOMPLETE_LOGIN_LIFETIME = timedelta(minutes=10)
DEVICE_COOKIE_LIFETIME = timedelta(days=180)
RECENT = timedelta(hours=12)
"""How old a sign-in may be for what only coordinators do (RFC 9470)."""
SECOND_FACTOR: frozenset[Role] = frozenset({"coordinator", "approver"})
MIN_PASSWORD, MAX_PASSWORD = 12, 128
RECOVERY_CODES = 10
_LOGIN = re.compile(r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")


class Login(Noun, frozen=True, kw_only=True):
    """A browser that signed in. `complete` is false while the second factor is still owed."""

    member_id: UUID
    complete: bool
    auth_time: datetime
    expires_at: datetime


def check_password(password: str, *, login: str) -> str:
    """Give the password in NFC, or raise InvalidContent. Length counts, composition rules do not (ASVS 6.2)."""
    text = unicodedata.normalize("NFC", password)
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD or "\0" in text:
        raise InvalidContent(errors=[FieldError(pointer="/password", code="out_of_bounds")])
    flat = text.lower()
    if login in flat or len(set(flat)) < 5 or flat in ("matkhau123456", "password1234", "123456789012"):
        raise InvalidContent(errors=[FieldError(pointer="/password", code="too_easy")])
    return text


def check_login(login: str) -> str:
    """Give the login back, or raise InvalidContent."""
    if not _LOGIN.match(login):
        raise InvalidContent(errors=[FieldError(pointer="/login", code="invalid_value")])
    return login


def needs_second_factor(roles: tuple[Role, ...]) -> bool:
    return bool(SECOND_FACTOR & set(roles))


def device_cookie(secret: bytes, login: str, nonce: str, expires: int) -> str:
    """A cookie that says: this browser signed in as `login` before (OWASP "device cookies"). `expires`: Unix seconds.

    Attempts with it are counted under its own nonce, so that guesses from elsewhere cannot lock the person out.
    """
    mac = hmac.new(secret, f"device|{login}|{nonce}|{expires}".encode(), "sha256").hexdigest()
    return f"{nonce}.{expires}.{mac}"


def read_device_cookie(secret: bytes, login: str, cookie: str, now: datetime) -> str | None:
    """Give the nonce of a device cookie of this login; None for a forged, foreign or expired one."""
    nonce, _, rest = cookie.partition(".")
    expires, _, _ = rest.partition(".")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return None
    genuine = hmac.compare_digest(device_cookie(secret, login, nonce, int(expires)).encode(), cookie.encode())
    return nonce if genuine and int(expires) > now.timestamp() else None
