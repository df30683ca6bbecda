"""Authorization codes, refresh tokens and devices in PostgreSQL. Whatever can be spent is locked when it is read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from domain.identity.oauth_grant import AuthorizationCode, Device, RefreshToken
from storage.identity.tables import authorization_codes, devices, refresh_tokens, sessions
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row
from storage.postgres.statements import Sql, Statement

_DEVICES = RevisionedTable(devices, "hash", fixed=["user_code_hash"])
_SPEND_CODE = Statement(
    update(authorization_codes).where(authorization_codes.c.hash == bindparam("spent")), "used_at", "session_id"
)
_ADD_REFRESH_TOKEN = Statement(insert(refresh_tokens), "hash", "session_id", "scope", "expires_at")


class AuthorizationCodeStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, code_hash: bytes) -> AuthorizationCode | None:
        query = select(authorization_codes).where(authorization_codes.c.hash == code_hash).with_for_update()
        return find_struct(AuthorizationCode, await self._sql.row(query))

    async def add(self, code_hash: bytes, code: AuthorizationCode) -> None:
        row = to_row(authorization_codes, code)
        await self._sql.run(insert(authorization_codes).values(hash=code_hash, **row))

    async def spend(self, code_hash: bytes, session_id: UUID, at: datetime) -> None:
        # Deferred with the session that it refers to.
        self._sql.defer(_SPEND_CODE, spent=code_hash, used_at=at, session_id=session_id)

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(authorization_codes).where(authorization_codes.c.expires_at < before))


class RefreshTokenStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, token_hash: bytes) -> RefreshToken | None:
        table, session = refresh_tokens.c, sessions.c
        query = (
            select(
                table.session_id,
                session.client_id,
                session.member_id,
                table.scope,
                session.auth_time,
                table.expires_at,
                session.expires_at.label("ends_at"),
                table.replaced_at,
                session.revoked_at,
            )
            .join(sessions, session.id == table.session_id)
            .where(table.hash == token_hash)
            .with_for_update(of=refresh_tokens)
        )
        return find_struct(RefreshToken, await self._sql.row(query))

    async def add(self, token_hash: bytes, session_id: UUID, scope: str, expires_at: datetime) -> None:
        # Deferred with the session that it belongs to.
        values = {"hash": token_hash, "session_id": session_id, "scope": scope, "expires_at": expires_at}
        self._sql.defer(_ADD_REFRESH_TOKEN, **values)

    async def replace(self, token_hash: bytes, at: datetime) -> None:
        replaced = update(refresh_tokens).where(refresh_tokens.c.hash == token_hash)
        await self._sql.run(replaced.values(replaced_at=at))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(refresh_tokens).where(refresh_tokens.c.expires_at < before))


class DeviceStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, code_hash: bytes) -> Device | None:
        query = select(devices).where(devices.c.hash == code_hash).with_for_update()
        return find_struct(Device, await self._sql.row(query))

    async def find_by_user_code(self, user_code_hash: bytes) -> Device | None:
        query = select(devices).where(devices.c.user_code_hash == user_code_hash).with_for_update()
        return find_struct(Device, await self._sql.row(query))

    async def add(self, code_hash: bytes, user_code_hash: bytes, device: Device) -> None:
        row = dict(to_row(devices, device)) | {"hash": code_hash, "user_code_hash": user_code_hash}
        await self._sql.run(insert(devices).values(**row))

    async def save(self, device: Device) -> Device:
        return await _DEVICES.save(self._sql, device, to_row(devices, device))

    async def purge(self, before: datetime) -> int:
        return await self._sql.run(delete(devices).where(devices.c.expires_at < before))
