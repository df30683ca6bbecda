"""Times in query parameters: with an offset, and within the years that calendars deal with."""

from datetime import date, datetime

from domain.errors import InvalidParameter
from domain.timing import FIRST_YEAR, LAST_YEAR


def check_instant(name: str, at: datetime | None) -> datetime | None:
    """Give the time, or raise InvalidParameter for one without offset or of another age."""
    if at is not None and at.tzinfo is None:
        raise InvalidParameter(parameter=name, expected="datetime")
    check_day(name, at)
    return at


def check_day(name: str, day: date | None) -> date | None:
    """Give the day, or raise InvalidParameter for one of another age."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidParameter(parameter=name, expected=f"{FIRST_YEAR}–{LAST_YEAR}")
    return day
