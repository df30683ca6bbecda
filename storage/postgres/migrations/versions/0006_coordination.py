"""Campaigns, activities, assignments, outlets, bookings, placements, inboxes and calendar feeds."""

from storage.postgres.migrations.script import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql(__file__)
