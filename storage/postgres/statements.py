"""SQLAlchemy Core statements compiled once and run by asyncpg: no layer is between the two when they run."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import asyncpg
import msgspec
from sqlalchemy import ClauseElement, Insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def json_value(text: str | None) -> object:
    """Decode a jsonb column; None for SQL and JSON null."""
    return None if text is None else msgspec.json.decode(text)


_DIALECT = dialect(json_serializer=json_text)  # type: ignore[no-untyped-call]
_PLACE = re.compile(r"\$(\d+)")


class Statement:
    """A compiled Core statement. `columns`: the columns that an INSERT or UPDATE without values of its own sets."""

    __slots__ = ("_places", "sql")

    def __init__(self, core: ClauseElement, *columns: str) -> None:
        if isinstance(core, Insert):
            core = core.inline()
        made = cast("Any", core).compile(
            dialect=_DIALECT, column_keys=columns or None, compile_kwargs={"render_postcompile": True}
        )
        self.sql: str = made.string
        given, binds = made.params, made.binds
        self._places = [
            (name, given[name], name in binds and binds[name].required, _processor(binds.get(name)))
            for name in made.positiontup or ()
        ]

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return len(self._places)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Give the parameters in their order. KeyError when one without a value of its own is not given."""
        found = [
            (values[name] if required else values.get(name, given), process)
            for name, given, required, process in self._places
        ]
        return [value if process is None else process(value) for value, process in found]


def _processor(bind: Any) -> Any:
    return None if bind is None else bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


class Sql:
    """Runs statements on a connection that is opened with the first of them. Values built in need not be given."""

    def __init__(self, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]) -> None:
        self._connect = connect
        self._deferred: list[tuple[Statement, list[object]]] = []

    async def rows(self, core: Statement | ClauseElement, **values: object) -> Sequence[asyncpg.Record]:
        statement = _built(core)
        return await (await self._connect()).fetch(statement.sql, *statement.arguments(values))

    async def row(self, core: Statement | ClauseElement, **values: object) -> asyncpg.Record | None:
        statement = _built(core)
        return await (await self._connect()).fetchrow(statement.sql, *statement.arguments(values))

    async def column(self, core: Statement | ClauseElement, **values: object) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in await self.rows(core, **values)]

    async def run(self, core: Statement | ClauseElement, **values: object) -> int:
        """Give the number of rows that it wrote."""
        statement = _built(core)
        done = await (await self._connect()).execute(statement.sql, *statement.arguments(values))
        return int(done.rpartition(" ")[2]) if done[-1].isdigit() else 0

    def defer(self, statement: Statement, **values: object) -> None:
        """Keep a write that nothing in this transaction reads, to go with others in one round trip."""
        self._deferred.append((statement, statement.arguments(values)))

    def take_deferred(self) -> tuple[str, list[object]] | None:
        """Give all deferred writes as one statement with its arguments, and forget them; None when there are none."""
        deferred, self._deferred = self._deferred, []
        if not deferred:
            return None
        together = _together(tuple(statement for statement, _ in deferred))
        return together, [value for _, values in deferred for value in values]


def _built(core: Statement | ClauseElement) -> Statement:
    return core if isinstance(core, Statement) else Statement(core)


@lru_cache(maxsize=64)
def _together(statements: tuple[Statement, ...]) -> str:
    """One statement for all: the others become common table expressions of the last."""
    texts, taken = [], 0
    for statement in statements:
        texts.append(_PLACE.sub(lambda place, taken=taken: f"${int(place[1]) + taken}", statement.sql))  # type: ignore[misc]
        taken += statement.size
    *others, last = texts
    if not others:
        return last
    return f"WITH {', '.join(f'w{number} AS ({each})' for number, each in enumerate(others))} {last}"
