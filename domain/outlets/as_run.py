"""As-run logs: what a playout program says it aired. Three documented formats and any CSV with a mapping.

LibreTime: Playout History, Log Sheet (Start Time, End Time, Title, Creator). AzuraCast: Song Playback Timeline (Date,
Time, …, Track, …). Rivendell: RDAirPlay Playout Report as text, whose titles are cut to 23 characters.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from domain.errors import FieldError, ImportRefused
from domain.tables import MAX_ERRORS, decode_text, read_rows, refuse
from domain.timing import FIRST_YEAR, LAST_YEAR

AsRunFormat = Literal["libretime", "azuracast", "rivendell", "csv"]
MAX_LINES = 5000
TITLE_COLUMN = slice(23, 46)
"""Rivendell: where the title stands in a row of the report, after time, cart and cut."""
_COLUMNS: dict[AsRunFormat, dict[str, str]] = {
    "libretime": {"start": "Start Time", "end": "End Time", "title": "Title"},
    "azuracast": {"date": "Date", "time": "Time", "title": "Track", "reach": "Listeners"},
    "csv": {"start": "start", "end": "end", "title": "title", "reach": "reach"},
}
_FIELDS = ("start", "end", "date", "time", "title", "reach")
_NEEDED = {"libretime": ("start", "title"), "azuracast": ("date", "time", "title"), "csv": ("title",)}
_TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M%p",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
)
_REPORT_DAY = re.compile(r"Report for (\d\d)/(\d\d)/(\d{4})\s*$")
_REPORT_ROW = re.compile(r"\A\s?(\d{1,2}:\d\d:\d\d)  ")


class AsRunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One airing. `row`: its line in the file, from 1. Times are wall times where the outlet is."""

    row: int
    start: datetime
    title: str
    end: datetime | None = None
    reach: int | None = None


def read_log(raw: bytes, kind: AsRunFormat, columns: Mapping[str, str]) -> list[AsRunLine]:
    """Read a log. `columns` (field → column title) is the mapping of a `csv`. ImportRefused names row and field."""
    if kind == "rivendell":
        return _read_report(decode_text(raw))
    if wrong := sorted(set(columns) - set(_FIELDS)):
        raise ImportRefused(errors=[FieldError(pointer=f"/columns/{wrong[0]}", code="unknown_field", allowed=_FIELDS)])
    header, rows = read_rows(raw, MAX_LINES)
    titles = {**_COLUMNS[kind], **columns}
    places = {field: header.index(title) for field, title in titles.items() if title in header}
    for field in (*_NEEDED[kind], *(() if "start" in places else ("date", "time"))):
        if field not in places:
            raise refuse(f"/0/{field}", "required", value=titles.get(field, field))
    errors: list[FieldError] = []
    lines = []
    for number, row in enumerate(rows, 2):
        found = _line(number, {field: row[at] for field, at in places.items() if at < len(row)})
        if isinstance(found, FieldError):
            errors.append(found)
        else:
            lines.append(found)
    if errors:
        raise ImportRefused(errors=errors[:MAX_ERRORS])
    return lines


def _line(number: int, cells: Mapping[str, str]) -> AsRunLine | FieldError:
    start = _time(cells.get("start") or f"{cells.get('date', '')} {cells.get('time', '')}")
    if start is None:
        return FieldError(pointer=f"/{number}/start", code="no_such_time")
    end = _time(cells["end"]) if cells.get("end") else None
    if cells.get("end") and (end is None or end < start):
        return FieldError(pointer=f"/{number}/end", code="no_such_time" if end is None else "end_before_start")
    if not cells.get("title"):
        return FieldError(pointer=f"/{number}/title", code="required")
    reach = cells.get("reach", "")
    if reach and not (reach.isascii() and reach.isdigit() and len(reach) < 10):
        return FieldError(pointer=f"/{number}/reach", code="invalid_value")
    return AsRunLine(row=number, start=start, end=end, title=cells["title"], reach=int(reach) if reach else None)


def _time(text: str) -> datetime | None:
    for form in _TIMES:
        try:
            at = datetime.strptime(text.strip(), form)  # noqa: DTZ007 -- wall time
        except ValueError:
            continue
        return at if FIRST_YEAR <= at.year <= LAST_YEAR else None
    return None


def _read_report(text: str) -> list[AsRunLine]:
    rows = text.splitlines()
    if len(rows) > MAX_LINES:
        raise refuse("", "out_of_bounds", maximum=MAX_LINES)
    day = next((found for row in rows[:5] if (found := _REPORT_DAY.search(row))), None)
    if day is None:
        raise refuse("/1", "no_report_day")
    date = f"{day[3]}-{day[1]}-{day[2]}"
    lines = []
    for number, row in enumerate(rows, 1):
        found = _REPORT_ROW.match(row)
        at = _time(f"{date} {found[1]}") if found else None
        title = row[TITLE_COLUMN].strip()
        if at is not None and title:
            lines.append(AsRunLine(row=number, start=at, title=title))
    return lines


def title_keys(lines: Sequence[AsRunLine]) -> list[str]:
    """The titles that a log names, each once."""
    return list(dict.fromkeys(line.title for line in lines))
