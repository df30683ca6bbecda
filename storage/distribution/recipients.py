"""The recipient ledger as takedowns read it: which organization received what."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from storage.postgres.locks import LOST_CHANNELS
from storage.postgres.statements import Sql, Statement

# Once a takedown is open only those count who had asked before it: a newcomer never receives a tombstoned material.
_OF_MATERIAL = Statement(
    text("""
SELECT l.organization_id
  FROM entries e JOIN ledger l ON l.channel_id = e.channel_id AND l.seq >= e.first_seq
       LEFT JOIN takedowns t ON t.material_id = e.material_id
 WHERE e.material_id = :material AND (t.id IS NULL OR l.first_asked_at <= t.opened_at)
UNION
SELECT d.organization_id
  FROM downloads d JOIN edition_assets a USING (asset_id)
 WHERE a.material_id = :material
 ORDER BY 1
""").bindparams(bindparam("material", type_=Uuid))
)
_LOCK = Statement(text(f"SELECT pg_advisory_xact_lock({LOST_CHANNELS})"))
_LOST_CHANNELS = Statement(
    text("""
SELECT g.channel_id, g.organization_id
  FROM grants g
 WHERE g.revoked_at IS NOT NULL
   AND EXISTS (SELECT 1 FROM ledger l WHERE l.channel_id = g.channel_id AND l.organization_id = g.organization_id)
   AND NOT EXISTS (
       SELECT 1 FROM takedowns t JOIN obligations o ON o.takedown_id = t.id
        WHERE t.channel_id = g.channel_id AND o.organization_id = g.organization_id AND t.opened_at >= g.revoked_at)
""")
)
_MOVES = [
    Statement(text(sql).bindparams(*(bindparam(name, type_=Uuid) for name in names)))
    for sql, names in (
        (
            """INSERT INTO ledger SELECT :successor, client_id, channel_id, seq, first_asked_at, asked_at FROM ledger
                WHERE organization_id = :leaving ON CONFLICT DO NOTHING""",
            ("successor", "leaving"),
        ),
        ("DELETE FROM ledger WHERE organization_id = :leaving", ("leaving",)),
        (
            """INSERT INTO downloads SELECT :successor, asset_id, first_at, last_at, count FROM downloads
                WHERE organization_id = :leaving ON CONFLICT (organization_id, asset_id) DO UPDATE
                  SET last_at = greatest(downloads.last_at, EXCLUDED.last_at),
                      count = downloads.count + EXCLUDED.count""",
            ("successor", "leaving"),
        ),
        ("DELETE FROM downloads WHERE organization_id = :leaving", ("leaving",)),
    )
]
"""Copies belong to the machines that hold them: what was pulled must be asked back from the successor."""


class RecipientStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def list_of_material(self, material_id: UUID) -> Sequence[UUID]:
        return await self._sql.column(_OF_MATERIAL, material=material_id)

    async def list_lost_channels(self) -> Sequence[tuple[UUID, UUID]]:
        await self._sql.row(_LOCK)
        return [(row["channel_id"], row["organization_id"]) for row in await self._sql.rows(_LOST_CHANNELS)]

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        values = {"leaving": leaving_id, "successor": successor_id}
        for statement in _MOVES:
            await self._sql.run(statement, **values)
