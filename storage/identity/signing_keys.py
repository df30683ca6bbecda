"""Signing keys in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, text, update

from domain.identity.signing_key import TOKEN_KEY_KEPT, KeyPurpose, SigningKey
from storage.identity.tables import signing_keys
from storage.postgres.locks import SIGNING_KEYS
from storage.postgres.rows import select_from, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_LOCK = Statement(text(f"SELECT pg_advisory_xact_lock({SIGNING_KEYS})"))
_LIVE = signing_keys.c.retired_at.is_(None)
_NEEDED = _LIVE | (signing_keys.c.purpose == "document")
_RECENT = signing_keys.c.retired_at > text(f"now() - interval '{TOKEN_KEY_KEPT.total_seconds()} seconds'")
_LIST = Statement(select_from(signing_keys).where(_NEEDED | _RECENT).order_by(signing_keys.c.created_at))


class SigningKeyStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def list(self) -> Sequence[SigningKey]:
        await self._sql.row(_LOCK)
        return await list_signing_keys(self._sql)

    async def add(self, key: SigningKey) -> None:
        await self._sql.run(insert(signing_keys).values(**to_row(signing_keys, key)))

    async def retire(self, purpose: KeyPurpose, at: datetime) -> None:
        live = update(signing_keys).where(signing_keys.c.purpose == purpose, _LIVE)
        await self._sql.run(live.values(retired_at=at))


async def list_signing_keys(sql: Sql) -> list[SigningKey]:
    """Every key whose signatures may still be verified, oldest first, without a lock."""
    rows = await sql.rows(_LIST)
    return [to_struct(SigningKey, row) for row in rows]
