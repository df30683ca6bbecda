"""Refusing to run on another schema. Apart from `storage.postgres.migrate`: who only looks needs no Alembic."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

REVISION = "0006"
"""The newest of `storage/migrations/versions`."""
_MIGRATED = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_FOUND = text("SELECT version_num FROM alembic_version")


class OldSchema(Exception):  # noqa: N818
    """The database is not at the schema this code needs."""


async def check_schema(engine: AsyncEngine) -> None:
    """Raise OldSchema unless the database is exactly at `REVISION`."""
    async with engine.connect() as connection:
        migrated = (await connection.execute(_MIGRATED)).scalar_one()
        found = (await connection.execute(_FOUND)).scalar() if migrated else None
    if found != REVISION:
        raise OldSchema(f"database schema is {found}, this program needs {REVISION}: run `lantoa migrate`")
