"""Migrations: forward only, one at a time under an advisory lock, with time limits on every lock."""

from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK = 3250_2021
"""Any number that only migrations use."""


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
