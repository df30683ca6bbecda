"""The organizations as a table that people exchange: CSV and JSON, and the changes that an import makes."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from domain.errors import FieldError, InvalidContent
from domain.identity.organization import Organization, OrganizationKind
from domain.merge_patch import field_error
from domain.text import normalise, text_error

MAX_ROWS = 2000
Code = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{1,62}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class OrganizationRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One organization by its code. `parent` and `successor` are codes; times are RFC 3339."""

    code: Code
    kind: OrganizationKind
    name: Name
    parent: Code | None = None
    duties: tuple[str, ...] = ()
    active_from: datetime | None = None
    active_to: datetime | None = None
    successor: Code | None = None


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """Differences of a table from what is stored: codes that are new, and for known ones the names of the fields."""

    added: tuple[str, ...] = ()
    changed: dict[str, list[str]] = {}
    unchanged: int = 0


COLUMNS = OrganizationRow.__struct_fields__


def read_csv(text: str) -> list[OrganizationRow]:
    """Read a table with a header row; empty cells are absent, `duties` are separated by `; `."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        return _read(reader)
    except csv.Error as error:
        raise InvalidContent(errors=[FieldError(pointer="", code="not_csv", facts={"row": reader.line_num})]) from error


def _read(reader: "csv.DictReader[str]") -> list[OrganizationRow]:
    header = set(reader.fieldnames or ())
    unknown = header - set(COLUMNS)
    if unknown or "code" not in header:
        pointer = f"/0/{min(unknown)}" if unknown else "/0/code"
        code = "unknown_field" if unknown else "required"
        raise InvalidContent(errors=[FieldError(pointer=pointer, code=code, allowed=COLUMNS if unknown else ())])
    return [_row(number, row) for number, row in enumerate(reader)]


def _row(number: int, row: dict[str, Any]) -> OrganizationRow:
    if None in row:
        raise InvalidContent(errors=[FieldError(pointer=f"/{number}", code="too_many_cells")])
    values: dict[str, Any] = {key: normalise(value) for key, value in row.items() if value not in (None, "")}
    if (found := text_error(values)) is not None:
        raise InvalidContent(errors=[replace(found, pointer=f"/{number}{found.pointer}")])
    if "duties" in values:
        values["duties"] = [duty.strip() for duty in values["duties"].split(";") if duty.strip()]
    try:
        return msgspec.convert(values, OrganizationRow)
    except msgspec.ValidationError as error:
        found = field_error(error, OrganizationRow)
        raise InvalidContent(errors=[replace(found, pointer=f"/{number}{found.pointer}")]) from error


def write_csv(rows: list[OrganizationRow]) -> str:
    """Write the table that `read_csv` reads."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(msgspec.to_builtins(row) | {"duties": "; ".join(row.duties)})
    return out.getvalue()


def rows_of(organizations: Sequence[Organization]) -> list[OrganizationRow]:
    """Show organizations as rows, sorted by code."""
    codes = {each.id: each.code for each in organizations}
    return [
        OrganizationRow(
            code=each.code,
            kind=each.kind,
            name=each.name,
            parent=codes[each.parent_id] if each.parent_id else None,
            duties=each.duties,
            active_from=each.active_from,
            active_to=each.active_to,
            successor=codes[each.successor_id] if each.successor_id else None,
        )
        for each in sorted(organizations, key=lambda each: each.code)
    ]


def check_tree(rows: list[OrganizationRow], present: list[OrganizationRow]) -> None:
    """Raise InvalidContent for a code named twice, an unknown parent or successor, or a cycle in the tree."""
    whole = {row.code: row for row in (*present, *rows)}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.code in seen:
            errors.append(FieldError(pointer=f"/{number}/code", code="repeated"))
        seen.add(row.code)
        for field in ("parent", "successor"):
            named = getattr(row, field)
            if named is not None and (named not in whole or _is_cyclic(whole, row.code, field)):
                errors.append(FieldError(pointer=f"/{number}/{field}", code="invalid_value", facts={"value": named}))
    if len(rows) > MAX_ROWS:
        errors.append(FieldError(pointer="", code="out_of_bounds", facts={"maximum": MAX_ROWS}))
    if errors:
        raise InvalidContent(errors=errors)


def _is_cyclic(whole: dict[str, OrganizationRow], code: str, field: str) -> bool:
    here, steps = getattr(whole[code], field), 0
    while here is not None and here in whole:
        steps += 1
        if here == code or steps > len(whole):
            return True
        here = getattr(whole[here], field)
    return False


def import_report(rows: list[OrganizationRow], present: list[OrganizationRow]) -> ImportReport:
    """Compare with what is there. Organizations that the list does not name stay as they are."""
    known = {row.code: row for row in present}
    added = tuple(row.code for row in rows if row.code not in known)
    changed = {row.code: _fields(row, known[row.code]) for row in rows if row.code in known}
    kept = {code: fields for code, fields in changed.items() if fields}
    return ImportReport(added=added, changed=kept, unchanged=len(changed) - len(kept))


def _fields(new: OrganizationRow, old: OrganizationRow) -> list[str]:
    return [name for name in COLUMNS if getattr(new, name) != getattr(old, name)]
