"""The rules of signing in, pure: passwords, second factors, and how guessing is slowed down."""

import re
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.errors import Fault, InvalidContent
from domain.identity.organization import Role

LOGIN_LIFETIME = timedelta(hours=12)
RECENT = timedelta(hours=12)
"""How old a sign-in may be for what only coordinators do (RFC 9470)."""
SECOND_FACTOR: frozenset[Role] = frozenset({"coordinator", "approver"})
MIN_PASSWORD, MAX_PASSWORD = 12, 128
RECOVERY_CODES = 10
_LOGIN = re.compile(r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")

FREE_FAILURES = 5
_FORGET = timedelta(minutes=30)
_LONGEST = timedelta(minutes=15)


class Throttle(msgspec.Struct, frozen=True):
    """Failures in a row under one key (an account, an address), and when the last one was."""

    failures: int
    last_at: datetime

    def wait(self, now: datetime, free: int = FREE_FAILURES) -> timedelta:
        """How long to wait before the next try: nothing for the first few, then doubling up to 15 minutes."""
        if self.failures < free or now - self.last_at > _FORGET:
            return timedelta(0)
        pause = min(timedelta(seconds=15 * (1 << min(self.failures - free, 10))), _LONGEST)
        return max(self.last_at + pause - now, timedelta(0))

    def after_failure(self, now: datetime) -> "Throttle":
        return Throttle(1 if now - self.last_at > _FORGET else self.failures + 1, now)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that signed in. `complete` is false while the second factor is still owed."""

    member_id: UUID
    complete: bool
    auth_time: datetime
    expires_at: datetime


def check_password(password: str, *, login: str) -> str:
    """Give the password in NFC, or raise InvalidContent. Length counts, composition rules do not (ASVS 6.2)."""
    text = unicodedata.normalize("NFC", password)
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD or "\0" in text:
        raise InvalidContent(errors=[Fault(pointer="/password", code="out_of_bounds")])
    flat = text.lower()
    if login in flat or len(set(flat)) < 5 or flat in ("matkhau123456", "password1234", "123456789012"):
        raise InvalidContent(errors=[Fault(pointer="/password", code="too_easy")])
    return text


def check_login(login: str) -> str:
    if not _LOGIN.match(login):
        raise InvalidContent(errors=[Fault(pointer="/login", code="invalid_value")])
    return login


def needs_second_factor(roles: tuple[Role, ...]) -> bool:
    return bool(SECOND_FACTOR & set(roles))
