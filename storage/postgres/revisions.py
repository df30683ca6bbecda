"""The one way to save a stored noun: only where its row still has the revision that was read."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, TypeVar, cast

import msgspec
from sqlalchemy import Table, and_, bindparam, select, update

from domain.errors import NotFound, StaleVersion
from storage.postgres.statements import Sql, Statement


class Revisioned(Protocol):
    @property
    def revision(self) -> int: ...


T = TypeVar("T", bound=Revisioned)


class RevisionedTable:
    """UPDATE … WHERE key AND revision = :expected, built once for each table.

    `key` names the key columns, `fixed` the columns that only the INSERT writes.
    """

    def __init__(self, table: Table, *key: str, fixed: Collection[str] = ()) -> None:
        self._key = key
        same = and_(*(table.c[name] == bindparam(f"same_{name}", type_=table.c[name].type) for name in key))
        known = table.c.revision == bindparam("expected_revision")
        columns = [column.key for column in table.columns if column.key not in {*key, *fixed}]
        self._columns = frozenset(columns)
        self._save = Statement(update(table).where(same, known), *columns)
        self._current = Statement(select(table.c.revision).where(same))

    async def save(self, sql: Sql, noun: T, row: Mapping[str, Any]) -> T:
        """Write the next revision of `noun` and give it; StaleVersion when another transaction wrote one first.

        `row` holds the noun's columns, as `to_row` gives them.
        """
        key = {f"same_{name}": row[name] for name in self._key}
        values = {name: value for name, value in row.items() if name in self._columns}
        values["revision"] = noun.revision + 1
        if await sql.run(self._save, **values, **key, expected_revision=noun.revision) != 1:
            current = await sql.row(self._current, **key)
            if current is None:
                raise NotFound
            raise StaleVersion(current=current[0])
        return cast("T", msgspec.structs.replace(cast("Any", noun), revision=noun.revision + 1))
