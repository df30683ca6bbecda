"""The first schema: organizations, materials, channels, the feed, takedowns, uploads, keys, audit."""

from storage.postgres.migrations.script import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql(__file__)
