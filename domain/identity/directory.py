"""The organizations as a list that people exchange: CSV and JSON, and what an import of it would change."""

import csv
import io
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.errors import Fault, InvalidContent
from domain.identity.organization import Organization, OrganizationKind
from domain.text import forbidden_place, normalise

MAX_LINES = 2000
Code = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{1,62}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One organization by its code. `parent` and `successor` are codes; times are RFC 3339."""

    code: Code
    kind: OrganizationKind
    name: Name
    parent: Code | None = None
    duties: tuple[str, ...] = ()
    active_from: datetime | None = None
    active_to: datetime | None = None
    successor: Code | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs: codes that are new, and for known ones the names of the fields."""

    added: tuple[str, ...] = ()
    changed: dict[str, list[str]] = {}
    unchanged: int = 0


COLUMNS = Line.__struct_fields__


def read_csv(text: str) -> list[Line]:
    """Read a table with a header line; empty cells are absent, `duties` are separated by `; `."""
    try:
        return _read(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise InvalidContent(errors=[Fault(pointer="", code="invalid_value", detail=str(error))]) from error


def _read(reader: "csv.DictReader[str]") -> list[Line]:
    header = set(reader.fieldnames or ())
    unknown = header - set(COLUMNS)
    if unknown or "code" not in header:
        raise InvalidContent(errors=[Fault(pointer="/0", code="unknown_field", detail=", ".join(sorted(unknown)))])
    return [_line(number, row) for number, row in enumerate(reader)]


def _line(number: int, row: dict[str, Any]) -> Line:
    if None in row:
        raise InvalidContent(errors=[Fault(pointer=f"/{number}", code="too_many_cells")])
    values: dict[str, Any] = {key: normalise(value) for key, value in row.items() if value not in (None, "")}
    if (place := forbidden_place(values)) is not None:
        raise InvalidContent(errors=[Fault(pointer=f"/{number}{place}", code="control_character")])
    if "duties" in values:
        values["duties"] = [duty.strip() for duty in values["duties"].split(";") if duty.strip()]
    try:
        return msgspec.convert(values, Line)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[Fault(pointer=f"/{number}", code="invalid_value", detail=str(error))]) from error


def write_csv(lines: list[Line]) -> str:
    """Write the table that `read_csv` reads."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for line in lines:
        row = msgspec.to_builtins(line)
        writer.writerow(row | {"duties": "; ".join(line.duties)})
    return out.getvalue()


def lines_of(organizations: list[Organization]) -> list[Line]:
    """Show organizations as lines, sorted by code."""
    codes = {each.id: each.code for each in organizations}
    return [
        Line(
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


def check_tree(lines: list[Line], present: list[Line]) -> None:
    """Raise InvalidContent for a code named twice, an unknown parent or successor, or a circle in the tree."""
    whole = {line.code: line for line in (*present, *lines)}
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if line.code in seen:
            faults.append(Fault(pointer=f"/{number}/code", code="repeated"))
        seen.add(line.code)
        for field in ("parent", "successor"):
            named = getattr(line, field)
            if named is not None and (named not in whole or _circles(whole, line.code, field)):
                faults.append(Fault(pointer=f"/{number}/{field}", code="invalid_value", detail=named))
    if len(lines) > MAX_LINES:
        faults.append(Fault(pointer="", code="out_of_bounds"))
    if faults:
        raise InvalidContent(errors=faults)


def _circles(whole: dict[str, Line], code: str, field: str) -> bool:
    here, steps = getattr(whole[code], field), 0
    while here is not None and here in whole:
        steps += 1
        if here == code or steps > len(whole):
            return True
        here = getattr(whole[here], field)
    return False


def difference(lines: list[Line], present: list[Line]) -> Difference:
    """Compare with what is there. Organizations that the list does not name stay as they are."""
    known = {line.code: line for line in present}
    added = tuple(line.code for line in lines if line.code not in known)
    changed = {line.code: _fields(line, known[line.code]) for line in lines if line.code in known}
    kept = {code: fields for code, fields in changed.items() if fields}
    return Difference(added=added, changed=kept, unchanged=len(changed) - len(kept))


def _fields(new: Line, old: Line) -> list[str]:
    return [name for name in COLUMNS if getattr(new, name) != getattr(old, name)]
