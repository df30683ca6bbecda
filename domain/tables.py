"""Tables that people send: CSV in UTF-8 (byte-order mark or not) or Windows-1258; comma, semicolon or tab."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from domain.errors import FieldError, ImportRefused
from domain.merge_patch import field_error
from domain.text import normalise, text_error

T = TypeVar("T", bound=msgspec.Struct)
MAX_ERRORS = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DATE = re.compile(r"\A(\d{1,2})/(\d{1,2})/(\d{4})\Z")
_YES, _NO = ("true", "1", "x", "có", "co", "yes", "y"), ("false", "0", "không", "khong", "no", "n")


def refuse(pointer: str, code: str, **facts: object) -> ImportRefused:
    return ImportRefused(errors=[FieldError(pointer=pointer, code=code, facts=facts)])


def decode_text(raw: bytes) -> str:
    """Give the text of a file: UTF-8 where it is that, else Windows-1258. ImportRefused for what is no text."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("cp1258")
        except UnicodeDecodeError as error:
            raise refuse("", "not_text") from error
    if _CONTROL.search(text):
        raise refuse("", "not_text")
    return str(normalise(text))


def read_yes_no(text: str) -> bool:
    """Raise ValueError for neither."""
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(text)


def read_rows(raw: bytes, most: int) -> tuple[list[str], list[list[str]]]:
    """Give the header and the rows that are not empty. ImportRefused when it is no table or has too many rows."""
    text = decode_text(raw)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    found: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if len(found) > most:
                raise refuse("", "out_of_bounds", maximum=most)
            if any(cell.strip() for cell in row):
                found.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise refuse("", "not_csv", row=reader.line_num) from error
    if not found:
        raise refuse("", "required")
    return found[0], found[1:]


def read_table(
    raw: bytes,
    kind: type[T],
    columns: Mapping[str, Sequence[str]],
    most: int,
    readers: Mapping[str, Callable[[str], object]],
) -> list[T]:
    """Give a struct for each row; pointers count rows from 0, as in a JSON list. ImportRefused names every wrong cell.

    `columns`: field → column titles; `readers` turn the text of some fields into their values.
    """
    header, rows = read_rows(raw, most)
    titles = {title: field for field, names in columns.items() for title in names}
    fields = [titles.get(title.lower()) for title in header]
    for title, field in zip(header, fields, strict=True):
        if field is None:
            raise refuse(f"/0/{title[:40]}", "unknown_column", value=title[:40])
        if fields.count(field) > 1:
            raise refuse(f"/0/{field}", "repeated")
    errors: list[FieldError] = []
    made: list[T] = []
    for number, row in enumerate(rows):
        found = _struct(kind, [str(field) for field in fields], row, readers)
        if isinstance(found, FieldError):
            errors.append(replace(found, pointer=f"/{number}{found.pointer}"))
        else:
            made.append(found)
    if errors:
        raise ImportRefused(errors=errors[:MAX_ERRORS])
    return made


def _struct(
    kind: type[T], fields: Sequence[str], row: Sequence[str], readers: Mapping[str, Callable[[str], object]]
) -> T | FieldError:
    if len(row) > len(fields):
        return FieldError(pointer="", code="too_many_cells")
    values: dict[str, Any] = {field: cell for field, cell in zip(fields, row, strict=False) if cell}
    if (found := text_error(values)) is not None:
        return found
    for field, cell in values.items():
        try:
            values[field] = readers[field](cell) if field in readers else _DATE.sub(_iso_date, cell)
        except ValueError:
            return FieldError(pointer=f"/{field}", code="invalid_value", facts={"value": cell[:40]})
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        return field_error(error, kind)


def _iso_date(found: "re.Match[str]") -> str:
    """Vietnamese dates put the day first."""
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
