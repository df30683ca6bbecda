"""Encoded feed entries are stored; every change of read access is notified."""

from alembic import op
from sqlalchemy import RowMapping, text

from domain.distribution.publication import Signature
from storage.distribution.feed_entries import EncodedEntry, entry_suffix
from storage.postgres.migrations.script import run_sql

revision = "0003"
down_revision = "0002"

_AFTER = text("""
SELECT e.channel_id, e.material_id, e.version, e.changed_at, e.reason, e.note, d.sha256, d.signature, d.kid
  FROM entries e LEFT JOIN editions d ON e.reason IS NULL AND d.material_id = e.material_id AND d.version = e.version
 WHERE e.line IS NULL LIMIT 1000
""")
_SET = text("""
UPDATE entries e SET line = convert_to('{"seq":' || e.seq || t.tail, 'UTF8')
  FROM unnest(CAST(:channels AS uuid[]), CAST(:materials AS uuid[]), CAST(:tails AS text[]))
       AS t (channel_id, material_id, tail)
 WHERE e.channel_id = t.channel_id AND e.material_id = t.material_id
""")


def _suffix(row: RowMapping) -> str:
    signed = row["reason"] is None
    return entry_suffix(
        EncodedEntry(
            material_id=row["material_id"],
            version=row["version"],
            changed_at=row["changed_at"],
            reason=row["reason"],
            note=row["note"],
            signature=Signature(sha256=row["sha256"], value=row["signature"], kid=row["kid"]) if signed else None,
        )
    )


def upgrade() -> None:
    run_sql(__file__)
    connection = op.get_bind()
    while rows := connection.execute(_AFTER).mappings().all():
        keys = {"channels": [r["channel_id"] for r in rows], "materials": [r["material_id"] for r in rows]}
        connection.execute(_SET, keys | {"tails": [_suffix(row) for row in rows]})
    connection.exec_driver_sql("ALTER TABLE entries ALTER line SET NOT NULL")
