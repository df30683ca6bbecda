"""The synchronous view of a unit of work that Authlib's core works on (`adapters.sync_bridge`)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import NotFound
from domain.events import Event
from domain.identity.client import Client
from domain.identity.member import Member
from domain.identity.oauth_grant import (
    CODE_LIFETIME,
    DEVICE_LIFETIME,
    REFRESH_IDLE,
    AuthorizationCode,
    Device,
    RefreshToken,
    digest_of,
)
from domain.identity.session import Session
from domain.identity.throttle import Limit
from domain.unit_of_work import UnitOfWork

T = TypeVar("T")
Wait = Callable[[Awaitable[Any]], Any]
"""Gives the result of an awaitable to synchronous code."""
SLOW_DOWN = timedelta(seconds=5)


class Grantee(msgspec.Struct, frozen=True, kw_only=True):
    """The person a token is for. `session_id` is set when a session continues; `scope` is all that was granted."""

    member: Member
    auth_time: datetime
    scope: str
    session_id: UUID | None = None


class Transaction:
    """Secrets come in clear and are stored as SHA-256. What is spent is locked when it is read."""

    def __init__(self, work: UnitOfWork, wait: Wait) -> None:
        self._work = work
        self._wait = wait
        self.now = work.clock.now()

    def record(self, actor: str, activity: str, detail: dict[str, object]) -> None:
        """Write an audit row with the commit."""
        self._work.record(Event(actor=actor, activity=activity, target="oauth", detail=detail))

    def count_failure(self, limit: Limit) -> int:
        """Count a failed client authentication; gives the seconds to wait instead where there were too many."""
        throttle = self._wait(self._work.throttles.list([limit.key]))[limit.key]
        wait_seconds: int = throttle.wait_seconds(self.now, limit.free)
        if not wait_seconds:
            self._wait(self._work.throttles.save(limit.key, throttle.after_failure(self.now)))
        return wait_seconds

    def client(self, client_id: str) -> Client | None:
        found: Client | None = self._wait(self._work.clients.find(client_id))
        return found

    def member(self, member_id: UUID) -> Member | None:
        """An active member, or None."""
        try:
            member: Member = self._wait(self._work.members.get(member_id))
        except NotFound:
            return None
        return member if member.active else None

    def open_session(
        self,
        client_id: str,
        lifetime: timedelta,
        *,
        member_id: UUID | None = None,
        auth_time: datetime | None = None,
    ) -> UUID:
        session = Session(
            id=self._work.ids.new(),
            client_id=client_id,
            member_id=member_id,
            created_at=self.now,
            expires_at=self.now + lifetime,
            auth_time=auth_time,
        )
        self._wait(self._work.sessions.add(session))
        return session.id

    def revoke_session(self, session_id: UUID) -> None:
        self._wait(self._work.sessions.revoke(session_id, self.now))

    def session_lives(self, session_id: UUID) -> bool:
        found: Session | None = self._wait(self._work.sessions.find(session_id))
        return found is not None and found.lives_at(self.now)

    def spend_assertion(self, client_id: str, jti: str, expires: int) -> bool:
        """False when this `jti` was used before (RFC 7523 section 3)."""
        fresh: bool = self._wait(self._work.assertions.add(client_id, jti, datetime.fromtimestamp(expires, UTC)))
        return fresh

    def add_code(self, secret: str, **fields: Any) -> AuthorizationCode:
        code = AuthorizationCode(expires_at=self.now + CODE_LIFETIME, **fields)
        self._wait(self._work.authorization_codes.add(digest_of(secret), code))
        return code

    def code(self, secret: str) -> AuthorizationCode | None:
        found: AuthorizationCode | None = self._wait(self._work.authorization_codes.find(digest_of(secret)))
        return found

    def spend_code(self, secret: str, session_id: UUID) -> None:
        self._wait(self._work.authorization_codes.spend(digest_of(secret), session_id, self.now))

    def add_refresh_token(self, secret: str, session_id: UUID, scope: str) -> None:
        expires_at = self.now + REFRESH_IDLE
        self._wait(self._work.refresh_tokens.add(digest_of(secret), session_id, scope, expires_at))

    def refresh_token(self, secret: str) -> RefreshToken | None:
        found: RefreshToken | None = self._wait(self._work.refresh_tokens.find(digest_of(secret)))
        return found

    def replace_refresh_token(self, secret: str) -> None:
        self._wait(self._work.refresh_tokens.replace(digest_of(secret), self.now))

    def add_device(self, secret: str, user_code: str, client_id: str, scope: str) -> None:
        code_hash = digest_of(secret)
        device = Device(hash=code_hash, client_id=client_id, scope=scope, expires_at=self.now + DEVICE_LIFETIME)
        self._wait(self._work.devices.add(code_hash, digest_of(user_code), device))

    def device(self, secret: str) -> Device | None:
        found: Device | None = self._wait(self._work.devices.find(digest_of(secret)))
        return found

    def save_device(self, device: Device, **changes: Any) -> None:
        self._wait(self._work.devices.save(replace(device, **changes)))

    def slow_down(self, device: Device) -> None:
        """Ask for a longer interval from now on (RFC 8628 section 3.5)."""
        longer = device.interval_seconds + int(SLOW_DOWN.total_seconds())
        self.save_device(device, interval_seconds=longer, polled_at=self.now)
