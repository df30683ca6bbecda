"""Migrations: forward only, one at a time under an advisory lock, with time limits on every lock."""

from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK = 3250_2021
"""Any number that only migrations use."""


class OldSchema(Exception):  # noqa: N818
    """The database is not at the schema this code needs."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def newest() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def migrate(engine: AsyncEngine) -> str:
    """Bring the schema up to date; safe to run from many processes at once. Gives the revision."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        await connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        await connection.run_sync(_upgrade)
    return newest()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    upgrade(config, "head")


async def check_schema(engine: AsyncEngine) -> None:
    """Raise OldSchema unless the database is exactly at our newest revision."""
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    if found != newest():
        raise OldSchema(f"database schema is {found}, this program needs {newest()}: run `lantoa migrate`")
