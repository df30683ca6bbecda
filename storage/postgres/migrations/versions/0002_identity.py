"""People sign in: credentials, codes, refresh tokens, devices, invitations; the audit trail is sealed."""

from storage.postgres.migrations.script import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql(__file__)
