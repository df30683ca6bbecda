"""Core statements run by asyncpg: SQLAlchemy builds each once, and no layer is between the two when they run."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import asyncpg
import msgspec
from sqlalchemy import ClauseElement, Insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


_DIALECT = dialect(json_serializer=json_text)  # type: ignore[no-untyped-call]
_PLACE = re.compile(r"\$(\d+)")


class Statement:
    """A Core statement as PostgreSQL reads it. `columns`: what an INSERT or UPDATE without values of its own sets."""

    __slots__ = ("_places", "sql")

    def __init__(self, core: ClauseElement, *columns: str) -> None:
        if isinstance(core, Insert):
            core = core.inline()
        made = cast("Any", core).compile(
            dialect=_DIALECT, column_keys=columns or None, compile_kwargs={"render_postcompile": True}
        )
        self.sql: str = made.string
        given, binds = made.params, made.binds
        self._places = [(name, given[name], _processor(binds.get(name))) for name in made.positiontup or ()]

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return len(self._places)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Give the parameters in their order."""
        found = [(values.get(name, given), process) for name, given, process in self._places]
        return [value if process is None else process(value) for value, process in found]


def _processor(bind: Any) -> Any:
    return None if bind is None else bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


class Sql:
    """Runs statements on a connection, in whatever transaction it is. Values that were built in need not be given."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._later: list[tuple[Statement, list[object]]] = []

    async def rows(self, core: Statement | ClauseElement, **values: object) -> Sequence[asyncpg.Record]:
        statement = _built(core)
        return await self._connection.fetch(statement.sql, *statement.arguments(values))

    async def row(self, core: Statement | ClauseElement, **values: object) -> asyncpg.Record | None:
        statement = _built(core)
        return await self._connection.fetchrow(statement.sql, *statement.arguments(values))

    async def column(self, core: Statement | ClauseElement, **values: object) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in await self.rows(core, **values)]

    async def run(self, core: Statement | ClauseElement, **values: object) -> int:
        """Give the number of rows that it wrote."""
        statement = _built(core)
        done = await self._connection.execute(statement.sql, *statement.arguments(values))
        return int(done.rpartition(" ")[2]) if done[-1].isdigit() else 0

    def later(self, statement: Statement, **values: object) -> None:
        """Keep a write that nothing in this transaction reads, to go with others in one round trip."""
        self._later.append((statement, statement.arguments(values)))

    async def write_later(self, last: Statement | None = None, **values: object) -> None:
        """Send what was kept, and with it one more."""
        if last is not None:
            self.later(last, **values)
        kept, self._later = self._later, []
        if kept:
            together = _together(tuple(statement for statement, _ in kept))
            await self._connection.execute(together, *(value for _, values in kept for value in values))


def _built(core: Statement | ClauseElement) -> Statement:
    return core if isinstance(core, Statement) else Statement(core)


@lru_cache(maxsize=64)
def _together(statements: tuple[Statement, ...]) -> str:
    """One statement that does all: the others are common table expressions of the last."""
    texts, taken = [], 0
    for statement in statements:
        texts.append(_PLACE.sub(lambda place, taken=taken: f"${int(place[1]) + taken}", statement.sql))  # type: ignore[misc]
        taken += statement.size
    *others, last = texts
    if not others:
        return last
    return f"WITH {', '.join(f'w{number} AS ({each})' for number, each in enumerate(others))} {last}"
