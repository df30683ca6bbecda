"""`storage/postgres/tables.py` says what the migrations made."""

import asyncio
import secrets
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection, inspect, text

from harness.installation import Installation
from storage.identity import tables as identity_tables  # noqa: F401 -- declares its tables
from storage.postgres.connections import make_engine
from storage.postgres.migrate import migrate, newest
from storage.postgres.schema import REVISION, OldSchema, check_schema
from storage.postgres.tables import metadata


def columns_of(connection: Connection) -> dict[str, dict[str, tuple[str, bool, bool]]]:
    inspector = inspect(connection)
    found: dict[str, dict[str, tuple[str, bool, bool]]] = {}
    for table in inspector.get_table_names():
        keys = set(inspector.get_pk_constraint(table)["constrained_columns"])
        found[table] = {
            c["name"]: (str(c["type"].compile(connection.dialect)), c["nullable"], c["name"] in keys)
            for c in inspector.get_columns(table)
        }
    return found


def test_tables_and_migrations_agree(installation: Installation) -> None:
    async def look() -> tuple[dict[str, Any], dict[str, Any]]:
        engine = make_engine(installation.environ["LANTOA_DATABASE_URL"], size=1)
        async with engine.connect() as connection:
            made = await connection.run_sync(columns_of)
        declared = {
            table.name: {
                c.name: (str(c.type.compile(engine.dialect)), bool(c.nullable), c.primary_key) for c in table.columns
            }
            for table in metadata.sorted_tables
        }
        await engine.dispose()
        return made, declared

    made, declared = asyncio.run(look())
    assert set(made) - set(declared) <= {"alembic_version", "feed_epoch"}
    for table, columns in declared.items():
        assert made[table] == columns, table


def test_migrating_again_from_many_sides_changes_nothing(installation: Installation) -> None:
    async def work() -> set[str]:
        engines = [make_engine(installation.environ["LANTOA_DATABASE_URL"], size=1) for _ in range(4)]
        revisions = await asyncio.gather(*(migrate(engine) for engine in engines))
        for engine in engines:
            await engine.dispose()
        return set(revisions)

    assert len(asyncio.run(work())) == 1


def test_the_program_needs_the_newest_migration() -> None:
    assert newest() == REVISION


def test_no_other_schema_is_served(installation: Installation) -> None:
    """Neither an empty database nor an older one."""
    name = f"old_{secrets.token_hex(4)}"
    installation.sql(f"CREATE DATABASE {name}")
    url = urlsplit(installation.environ["LANTOA_DATABASE_URL"])._replace(path=f"/{name}").geturl()

    async def check(*statements: str) -> None:
        engine = make_engine(url, size=1)
        try:
            async with engine.begin() as connection:
                for each in statements:
                    await connection.execute(text(each))
            await check_schema(engine)
        finally:
            await engine.dispose()

    with pytest.raises(OldSchema, match="schema is None"):
        asyncio.run(check())
    with pytest.raises(OldSchema, match="schema is 0001"):
        asyncio.run(
            check("CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('0001')")
        )
    installation.sql(f"DROP DATABASE {name}")
