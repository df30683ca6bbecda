"""Every stored noun has a revision; only a scheduled version goes live by the clock."""

from storage.postgres.migrations.script import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql(__file__)
