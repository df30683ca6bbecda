"""The first schema: organizations, materials, channels, the feed, takedowns, uploads, keys, audit."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    connection = op.get_bind()
    for statement in _SQL.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
