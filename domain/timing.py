"""When something takes place: wall time in a zone, or whole days; one time, or a series (RFC 5545).

What is stored is the wall time that people wrote; instants are derived from it, so no due time ever shifts with a zone.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta

from domain.errors import FieldError, InvalidContent
from domain.noun import Noun

DEFAULT_ZONE = "Asia/Ho_Chi_Minh"
HORIZON = timedelta(days=3 * 366)
"""How far ahead occurrences are expanded, and things can be planned."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Nothing is planned or reported outside: far ages have no zones, and their arithmetic overflows."""
LONGEST = timedelta(days=366)
MAX_EXCLUDED = 500
WallTime = Annotated[
    str, Meta(pattern=r"\A\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?\Z", examples=["2026-03-02T05:30:00", "2026-03-02"])
]
"""`2026-03-02T05:30:00`, or `2026-03-02` where whole days are meant. Without an offset: the zone is beside it."""
Zone = Annotated[str, Meta(max_length=40, examples=[DEFAULT_ZONE])]
WHOLE_DAY = re.compile(r"\A\d{4}-\d\d-\d\d\Z")


class Recurrence(Noun, frozen=True, kw_only=True):
    """`rule`: an RRULE value (RFC 5545 section 3.3.10). `added` and `excluded`: starts beside it and left out of it."""

    rule: Annotated[str, Meta(min_length=6, max_length=300, examples=["FREQ=WEEKLY;BYDAY=MO"])]
    added: Annotated[tuple[WallTime, ...], Meta(max_length=100)] = ()
    excluded: Annotated[tuple[WallTime, ...], Meta(max_length=MAX_EXCLUDED)] = ()


class Timing(Noun, frozen=True, kw_only=True):
    """Start and end as wall times of `zone`; as dates for whole days, the end being the last day.

    Every occurrence of a series lasts exactly as long as the first.
    """

    start: WallTime
    end: WallTime
    zone: Zone = DEFAULT_ZONE
    recurrence: Recurrence | None = None

    @property
    def all_day(self) -> bool:
        return WHOLE_DAY.match(self.start) is not None


class Override(Noun, frozen=True, kw_only=True):
    """One occurrence that differs: moved, renamed or cancelled. `recurrence_id`: its start in the series."""

    recurrence_id: WallTime
    start: WallTime | None = None
    end: WallTime | None = None
    title: str | None = None
    location: str | None = None
    cancelled_at: datetime | None = None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # Names without a slash, such as `localtime`, mean something else on every machine.
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def read_zone(name: str, pointer: str = "/zone") -> ZoneInfo:
    """Give a zone of the IANA database, or raise InvalidContent."""
    if name not in _zones():
        raise InvalidContent(errors=[FieldError(pointer=pointer, code="unknown_zone", facts={"value": name})])
    return ZoneInfo(name)


def read_wall_time(text: str, pointer: str = "/start") -> datetime:
    """Give the naive wall time of a text; midnight for a date. InvalidContent for a day that does not exist."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidContent(errors=[FieldError(pointer=pointer, code="no_such_time")]) from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise wrong_timing(pointer, "too_far", first=FIRST_YEAR, years=3)
    return at


def write_wall_time(at: datetime, *, all_day: bool) -> str:
    return at.date().isoformat() if all_day else at.isoformat(timespec="seconds")


def spelled(text: str, pointer: str = "/start") -> str:
    """A wall time in canonical spelling, with seconds; a date as it is."""
    return write_wall_time(read_wall_time(text, pointer), all_day="T" not in text)


def instant_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time. In a gap of the clock the offset before it counts (RFC 5545 section 3.3.5)."""
    return at.replace(tzinfo=zone).astimezone(UTC)


def wall_time_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall time of an instant."""
    return at.astimezone(zone).replace(tzinfo=None)


def due_instant(due: str, zone: str, pointer: str = "/due") -> datetime:
    """The instant of a due time; a date means the end of that day."""
    at = read_wall_time(due, pointer)
    if WHOLE_DAY.match(due):
        at = at.replace(hour=23, minute=59, second=59)
    return instant_of(at, read_zone(zone, "/zone"))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The day of an instant where the zone is: never UTC's."""
    return at.astimezone(zone).date()


def wrong_timing(pointer: str, code: str, **facts: object) -> InvalidContent:
    return InvalidContent(errors=[FieldError(pointer=pointer, code=code, facts=facts)])
