"""Filling tables without their secondary indexes and foreign keys, and making those again after; also after a crash.

Meanwhile commits do not wait for the disk: nobody reads a feed that is being made up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bench.copies import TABLES

Ask = Callable[[str], Awaitable[list[Any]]]
"""Runs one statement on a connection of its own."""
_MEANWHILE = ("synchronous_commit = off", "maintenance_work_mem = '512MB'")
"""Sorting 2,700,000 entries takes a quarter of that memory; nobody else is there."""
_NAMES = ", ".join(f"'{table}'::regclass" for table in TABLES)
_NOTE = f"""
CREATE TABLE IF NOT EXISTS bench_dropped AS
SELECT conrelid::regclass::text AS on_table, conname::text AS key,
       format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
  FROM pg_constraint WHERE contype = 'f' AND conrelid IN ({_NAMES})
UNION ALL
SELECT indrelid::regclass::text, NULL,
       format('DROP INDEX IF EXISTS %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  FROM pg_index i WHERE indrelid IN ({_NAMES})
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
"""


async def drop_indexes(ask: Ask) -> None:
    """Note what there is in a table of its own, then drop it."""
    await ask(_NOTE)
    for setting in _MEANWHILE:
        await _set(ask, f"SET {setting}")
    for row in await ask("SELECT drop FROM bench_dropped"):
        await ask(row["drop"])


async def vacuum(ask: Ask) -> None:
    """Mark what was filled as visible to all while its pages are at hand: later they would be logged once more."""
    await ask(f"VACUUM (BUFFER_USAGE_LIMIT 0) {', '.join(TABLES)}")


async def make_indexes(ask: Ask) -> None:
    """Make again what was dropped, vacuum and analyse the tables. Where nothing was dropped there is nothing to do."""
    if not (await ask("SELECT to_regclass('bench_dropped') IS NOT NULL AS noted"))[0]["noted"]:
        return
    rows = await ask("SELECT on_table, key, make FROM bench_dropped")

    async def finish(table: str) -> None:
        for row in rows:
            if row["on_table"] == table and row["key"] is None:
                await ask(row["make"].replace(" INDEX ", " INDEX IF NOT EXISTS ", 1))
        await ask(f"VACUUM (ANALYZE, BUFFER_USAGE_LIMIT 0) {table}")

    await asyncio.gather(*map(finish, TABLES))
    made = {row["key"] for row in await ask("SELECT conname::text AS key FROM pg_constraint")}
    for row in rows:
        if row["key"] is not None and row["key"] not in made:
            await ask(row["make"])
    for setting in _MEANWHILE:
        await _set(ask, f"RESET {setting.split()[0]}")
    await ask("DROP TABLE bench_dropped")


async def _set(ask: Ask, setting: str) -> None:
    """For every new session of this database."""
    [(database,)] = await ask("SELECT quote_ident(current_database())")
    await ask(f"ALTER DATABASE {database} {setting}")
