"""What an iCalendar file holds, as an import needs it."""

from collections.abc import Callable

import msgspec

from domain.timing import Timing

MAX_EVENTS = 1000
MAX_DEPTH = 4
MAX_LINES = 30_000


class ImportedOverride(msgspec.Struct, frozen=True, kw_only=True):
    """One changed or cancelled occurrence; wall times of the series' zone."""

    recurrence_id: str
    start: str
    end: str
    title: str
    location: str
    cancelled: bool


class ImportedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One VEVENT with its overrides. `row`: its place among the file's events, from 0."""

    row: int
    uid: str
    title: str
    summary: str
    location: str
    timing: Timing
    cancelled: bool = False
    overrides: tuple[ImportedOverride, ...] = ()


CalendarFileReader = Callable[[bytes], list[ImportedEvent]]
"""Raises ImportRefused naming row and field; `MAX_EVENTS`, `MAX_LINES` and `MAX_DEPTH` bound its time and memory."""


class CalendarImport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import changed, or would change: titles that are new, and for known UIDs the names of the fields."""

    added: tuple[str, ...] = ()
    changed: dict[str, list[str]] = {}
    cancelled: tuple[str, ...] = ()
    unchanged: int = 0
