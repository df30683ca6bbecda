"""Rows to structs and back. Plain: a struct's fields are a row's columns, with the exceptions named by the store."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from asyncpg import Record
from sqlalchemy import RowMapping, Table

from domain.errors import NotFound

T = TypeVar("T", bound=msgspec.Struct)


def to_struct(kind: type[T], row: RowMapping | Record | None, **instead: object) -> T:
    """Build `kind` from the columns it has fields for; NotFound for no row."""
    if row is None:
        raise NotFound
    values: dict[str, Any] = {name: row[name] for name in kind.__struct_fields__ if name in row} | instead
    return msgspec.convert({key: value for key, value in values.items() if value is not None}, kind)


def to_row(table: Table, struct: msgspec.Struct, **instead: object) -> Mapping[str, Any]:
    """Give the column values of `struct`: tuples and sets become lists."""
    values = {name: getattr(struct, name) for name in struct.__struct_fields__ if name in table.columns} | instead
    return {
        key: sorted(v) if isinstance(v, frozenset) else list(v) if isinstance(v, tuple) else v
        for key, v in values.items()
    }
