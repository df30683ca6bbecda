"""A material's content stays in its row as it is: PostgreSQL spent half of writing one on compressing it."""

from storage.postgres.migrations.script import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql(__file__)
