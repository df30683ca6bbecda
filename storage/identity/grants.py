"""Codes, refresh tokens and devices, for Authlib's synchronous core. Everything that is spent is locked first."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Table, insert, select, update

from domain.identity.oauth_grant import CODE_LIFETIME, DEVICE_LIFETIME, REFRESH_IDLE, Code, Device, Refresh, digest_of
from domain.identity.organization import Member
from storage.identity.tables import codes, devices, refresh_tokens
from storage.postgres.rows import to_row, to_struct
from storage.postgres.tables import members, sessions


class Grants:
    """Secrets come in clear and are kept as SHA-256; two requests never spend the same one (FOR UPDATE)."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._db = connection
        self.now = now

    def _locked(self, table: Table, secret: str) -> RowMapping | None:
        query = select(table).where(table.c.hash == digest_of(secret)).with_for_update()
        return self._db.execute(query).mappings().first()

    def member(self, member_id: UUID) -> Member | None:
        """An active member, or None."""
        row = self._db.execute(select(members).where(members.c.id == member_id, members.c.active)).mappings().first()
        return to_struct(Member, row) if row else None

    def add_code(self, secret: str, code: Code) -> None:
        self._db.execute(insert(codes).values(hash=digest_of(secret), **to_row(codes, code)))

    def code(self, secret: str) -> Code | None:
        row = self._locked(codes, secret)
        return to_struct(Code, row) if row else None

    def spend_code(self, secret: str, session_id: UUID) -> None:
        spent = update(codes).where(codes.c.hash == digest_of(secret))
        self._db.execute(spent.values(used_at=self.now, session_id=session_id))

    def new_code(self, **about: Any) -> Code:
        return Code(expires_at=self.now + CODE_LIFETIME, **about)

    def add_refresh(self, secret: str, session_id: UUID, scope: str) -> None:
        values = {"session_id": session_id, "scope": scope, "expires_at": self.now + REFRESH_IDLE}
        self._db.execute(insert(refresh_tokens).values(hash=digest_of(secret), **values))

    def refresh(self, secret: str) -> Refresh | None:
        row = self._locked(refresh_tokens, secret)
        if row is None:
            return None
        of = self._db.execute(select(sessions).where(sessions.c.id == row["session_id"])).mappings().one()
        return Refresh(
            session_id=of["id"],
            client_id=of["client_id"],
            member_id=of["member_id"],
            scope=row["scope"],
            auth_time=of["auth_time"],
            expires_at=row["expires_at"],
            ends_at=of["expires_at"],
            replaced_at=row["replaced_at"],
            revoked_at=of["revoked_at"],
        )

    def replace_refresh(self, secret: str) -> None:
        replaced = update(refresh_tokens).where(refresh_tokens.c.hash == digest_of(secret))
        self._db.execute(replaced.values(replaced_at=self.now))

    def add_device(self, secret: str, user_code: str, client_id: str, scope: str) -> None:
        device = Device(client_id=client_id, scope=scope, expires_at=self.now + DEVICE_LIFETIME)
        hashes = {"hash": digest_of(secret), "user_code_hash": digest_of(user_code)}
        self._db.execute(insert(devices).values(**hashes, **to_row(devices, device)))

    def device(self, secret: str) -> Device | None:
        row = self._locked(devices, secret)
        return to_struct(Device, row) if row else None

    def save_device(self, secret: str, **changes: Any) -> None:
        self._db.execute(update(devices).where(devices.c.hash == digest_of(secret)).values(**changes))

    def slow_down(self, secret: str, device: Device, by: timedelta = timedelta(seconds=5)) -> None:
        """Ask for a longer interval from now on (RFC 8628 section 3.5)."""
        longer = device.interval_seconds + int(by.total_seconds())
        self.save_device(secret, interval_seconds=longer, polled_at=self.now)
