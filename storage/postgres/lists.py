"""What every staff list shares: fixed SQL, rows as plain dicts, keyset paging, never a total."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storage.postgres.connections import as_uuid, reading

Row = dict[str, Any]
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
"""Before and after every UUID: where a list by id begins."""


class Lists:
    """Base of the readers of staff lists."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def _fetch(self, sql: str, *values: object, json: Collection[str] = ()) -> list[Row]:
        """Run a query; absent values are left out of each row, the columns named by `json` are decoded."""
        async with reading(self._pool) as connection:
            rows = [_plain(row) for row in await connection.fetch(sql, *values)]
        for row in rows:
            row.update({name: msgspec.json.decode(row[name]) for name in json if name in row})
        return rows


def _plain(row: asyncpg.Record) -> Row:
    return {
        key: as_uuid(value) if isinstance(value, UUID) else value for key, value in row.items() if value is not None
    }
