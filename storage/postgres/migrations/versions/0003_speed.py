"""The speed of the machine: a change's bytes are made once, delivery can hear of every change to who may read what."""

from alembic import op
from sqlalchemy import text

from storage.distribution.feed_entries import Line, tail_of
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


def upgrade() -> None:
    run_sql(__file__)
    connection = op.get_bind()
    while rows := connection.execute(_AFTER).mappings().all():
        tails = [tail_of(Line(**{k: v for k, v in row.items() if k != "channel_id"})) for row in rows]
        told = {"channels": [r["channel_id"] for r in rows], "materials": [r["material_id"] for r in rows]}
        connection.execute(_SET, told | {"tails": tails})
    connection.exec_driver_sql("ALTER TABLE entries ALTER line SET NOT NULL")
