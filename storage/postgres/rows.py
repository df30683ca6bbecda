"""Rows to structs and back: a struct's fields are a table's columns (by key), but for exceptions the store names."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from asyncpg import Record
from sqlalchemy import Select, Table, select

from domain.errors import NotFound

T = TypeVar("T", bound=msgspec.Struct)


def select_from(table: Table) -> Select[Any]:
    """SELECT all columns, named by their keys: some have another name in the database."""
    return select(*(column.label(column.key) for column in table.columns))


def to_struct(kind: type[T], row: Record | None, **instead: object) -> T:
    """Build `kind` from the columns it has fields for; NotFound for no row."""
    if row is None:
        raise NotFound
    values: dict[str, Any] = {name: row[name] for name in kind.__struct_fields__ if name in row} | instead
    return msgspec.convert({key: value for key, value in values.items() if value is not None}, kind)


def find_struct(kind: type[T], row: Record | None, **instead: object) -> T | None:
    """Like `to_struct`; None for no row."""
    return None if row is None else to_struct(kind, row, **instead)


def to_row(table: Table, struct: msgspec.Struct, **instead: object) -> Mapping[str, Any]:
    """Give the column values of `struct` by column key: tuples and sets become lists."""
    values = {name: getattr(struct, name) for name in struct.__struct_fields__ if name in table.columns} | instead
    return {
        key: sorted(v) if isinstance(v, frozenset) else list(v) if isinstance(v, tuple) else v
        for key, v in values.items()
    }
