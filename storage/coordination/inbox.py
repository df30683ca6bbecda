"""Inbox entries in PostgreSQL, placed in commit order as feed entries are."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from domain.coordination.inbox import InboxEntry
from storage.postgres.locks import INBOX
from storage.postgres.statements import Sql, Statement

_LOCK = Statement(text(f"SELECT pg_advisory_xact_lock({INBOX})"))
_PLACE = Statement(
    text("""
INSERT INTO inbox (organization_id, target, member_id, role, kind, at, note, seq)
SELECT e.*, nextval('inbox_seq') FROM unnest(
       CAST(:organizations AS uuid[]), CAST(:targets AS text[]), CAST(:members AS uuid[]), CAST(:roles AS text[]),
       CAST(:kinds AS text[]), CAST(:times AS timestamptz[]), CAST(:notes AS text[])) AS e
    ON CONFLICT (organization_id, target, addressee) DO UPDATE SET
       kind = excluded.kind, at = excluded.at, note = excluded.note, seq = excluded.seq
""")
)
_MOVE = Statement(
    text("""
INSERT INTO inbox (organization_id, target, member_id, role, kind, at, note, seq)
SELECT :successor, target, member_id, role, kind, at, note, nextval('inbox_seq')
  FROM inbox WHERE organization_id = :leaving
    ON CONFLICT (organization_id, target, addressee) DO UPDATE SET
       kind = excluded.kind, at = excluded.at, note = excluded.note, seq = excluded.seq WHERE inbox.at < excluded.at
""").bindparams(bindparam("leaving", type_=Uuid), bindparam("successor", type_=Uuid))
)


class InboxStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._waiting: dict[tuple[object, ...], InboxEntry] = {}

    def add(self, entries: Sequence[InboxEntry]) -> None:
        self._waiting |= {(e.organization_id, e.target, e.member_id, e.role): e for e in entries}

    async def place(self) -> None:
        """Write the entries under the inbox lock: their places are in commit order, so no reader misses one."""
        entries, self._waiting = list(self._waiting.values()), {}
        if not entries:
            return
        await self._sql.row(_LOCK)
        await self._sql.run(
            _PLACE,
            organizations=[each.organization_id for each in entries],
            targets=[each.target for each in entries],
            members=[each.member_id for each in entries],
            roles=[each.role for each in entries],
            kinds=[each.kind for each in entries],
            times=[each.at for each in entries],
            notes=[each.note for each in entries],
        )

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        await self._sql.row(_LOCK)
        await self._sql.run(_MOVE, leaving=leaving_id, successor=successor_id)
