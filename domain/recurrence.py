"""Recurrence rules (RFC 5545 section 3.3.10), restricted to what every calendar program reads in the same way."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NoReturn

import msgspec

from domain.errors import FieldError, InvalidContent

MAX_COUNT = 400
"""The most occurrences of one series that are still to come."""
MAX_TOTAL = 1000
"""The most occurrences of one series with those that are over."""
MAX_INTERVAL = 400
MAX_RULE_LENGTH = 300
FIRST_UNTIL, LAST_UNTIL = 2000, 2100
RuleExpander = Callable[[str, datetime], Iterator[datetime]]
"""(rule, start) → the wall times of a rule in their order, without end where the rule has none.

`UNTIL` in the rule is a wall time of the same zone as `start`.
"""
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"\A([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)\Z")
_NUMBER = re.compile(r"\A[+-]?\d{1,9}\Z")
_UNTIL = re.compile(r"\A(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?\Z")


class Until(msgspec.Struct, frozen=True):
    """The end of a rule as it was written. `utc`: the time is in UTC. `day_only`: the whole day is included."""

    at: datetime
    utc: bool
    day_only: bool


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed RRULE. `by_day` holds (ordinal or None, weekday from 0 for Monday)."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: Until | None = None
    by_day: tuple[tuple[int | None, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: str = "MO"

    def text(self, until: str | None) -> str:
        """The rule as RFC 5545 writes it, with this UNTIL (None: without)."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if until is not None:
            parts.append(f"UNTIL={until}")
        days = [f"{'' if number is None else number}{_DAYS[day]}" for number, day in self.by_day]
        lists = (("BYDAY", days), ("BYMONTHDAY", self.by_month_day), ("BYMONTH", self.by_month))
        for name, values in (*lists, ("BYSETPOS", self.by_set_pos)):
            if values:
                parts.append(f"{name}={','.join(map(str, values))}")
        if self.week_start != "MO":
            parts.append(f"WKST={self.week_start}")
        return ";".join(parts)


def read_rule(text: str, pointer: str) -> Rule:
    """Parse an RRULE value. InvalidContent names the part that is wrong; see `_PARTS` for those that are known."""
    parts = _parts(text, pointer)
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        _refuse(pointer, "rule_frequency", allowed=_FREQUENCIES)
    if "COUNT" in parts and "UNTIL" in parts:
        _refuse(pointer, "rule_count_and_until")
    rule = Rule(
        frequency=frequency,
        interval=_number(parts, "INTERVAL", pointer, 1, MAX_INTERVAL) or 1,
        count=_number(parts, "COUNT", pointer, 1, MAX_COUNT),
        until=_until(parts["UNTIL"], pointer) if "UNTIL" in parts else None,
        by_day=tuple(_day(each, frequency, pointer) for each in _split(parts, "BYDAY")),
        by_month_day=_numbers(parts, "BYMONTHDAY", pointer, 31),
        by_month=_numbers(parts, "BYMONTH", pointer, 12, least=1),
        by_set_pos=_numbers(parts, "BYSETPOS", pointer, 366),
        week_start=parts.get("WKST", "MO"),
    )
    if rule.week_start not in _DAYS:
        _refuse(pointer, "rule_value", part="WKST", value=rule.week_start[:20])
    if frequency == "WEEKLY" and rule.by_month_day:
        _refuse(pointer, "rule_part_here", part="BYMONTHDAY", frequency=frequency)
    if rule.by_set_pos and (frequency in ("DAILY", "WEEKLY") or not (rule.by_day or rule.by_month_day)):
        _refuse(pointer, "rule_part_here", part="BYSETPOS", frequency=frequency)
    return rule


def _parts(text: str, pointer: str) -> dict[str, str]:
    if len(text) > MAX_RULE_LENGTH:
        _refuse(pointer, "out_of_bounds", maximum=MAX_RULE_LENGTH)
    parts: dict[str, str] = {}
    for each in text.upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, separator, value = each.partition("=")
        if not separator or not value:
            _refuse(pointer, "rule_syntax", value=each[:40])
        if name not in _PARTS:
            _refuse(pointer, "rule_part", allowed=_PARTS, part=name[:20])
        if name in parts:
            _refuse(pointer, "rule_part_twice", part=name)
        parts[name] = value
    return parts


def _split(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _number(parts: dict[str, str], name: str, pointer: str, least: int, most: int) -> int | None:
    found = _numbers(parts, name, pointer, most, least=least)
    if len(found) > 1:
        _refuse(pointer, "rule_value", part=name, value=parts[name][:20])
    return found[0] if found else None


def _numbers(parts: dict[str, str], name: str, pointer: str, most: int, *, least: int | None = None) -> tuple[int, ...]:
    values = _split(parts, name)
    for each in values:
        number = int(each) if _NUMBER.match(each) else 0
        if number == 0 or not (-most if least is None else least) <= number <= most:
            _refuse(pointer, "rule_value", part=name, value=each[:20], maximum=most)
    return tuple(sorted({int(each) for each in values}))


def _day(text: str, frequency: str, pointer: str) -> tuple[int | None, int]:
    found = _BY_DAY.match(text)
    if found is None:
        _refuse(pointer, "rule_value", part="BYDAY", value=text[:20])
    number = int(found[1]) if found[1] else None
    if number is not None and (frequency not in ("MONTHLY", "YEARLY") or abs(number) > (5, 53)[frequency == "YEARLY"]):
        _refuse(pointer, "rule_value", part="BYDAY", value=text[:20])
    return number, _DAYS.index(found[2])


def _until(text: str, pointer: str) -> Until:
    found = _UNTIL.match(text)
    if found is None:
        _refuse(pointer, "rule_value", part="UNTIL", value=text[:20])
    day_only = found[4] is None
    clock = (23, 59, 59) if day_only else (int(found[4]), int(found[5]), int(found[6]))
    try:
        at = datetime(int(found[1]), int(found[2]), int(found[3]), *clock)  # noqa: DTZ001 -- wall time
    except ValueError:
        _refuse(pointer, "rule_value", part="UNTIL", value=text[:20])
    if not FIRST_UNTIL <= at.year <= LAST_UNTIL:
        _refuse(pointer, "rule_value", part="UNTIL", value=text[:20])
    return Until(at, utc=found[7] is not None, day_only=day_only)


def _refuse(pointer: str, code: str, *, allowed: tuple[str, ...] = (), **facts: object) -> NoReturn:
    raise InvalidContent(errors=[FieldError(pointer=pointer, code=code, facts=facts, allowed=allowed)])


def produces(rule: Rule, start: date) -> bool:
    """Whether the rule produces its own start: some calendar programs show a start that it does not, others do not.

    Looks at the one period (week, month or year) that `start` lies in, so it ends also for a rule that never produces
    anything.
    """
    chosen = [day for day in _period(rule, start) if _matches(rule, day, start)]
    if rule.by_set_pos:
        chosen = [chosen[n - 1 if n > 0 else n] for n in rule.by_set_pos if abs(n) <= len(chosen)]
    return start in chosen


def _period(rule: Rule, start: date) -> list[date]:
    first, days = start, 1
    match rule.frequency:
        case "WEEKLY":
            first, days = start - timedelta(days=(start.weekday() - _DAYS.index(rule.week_start)) % 7), 7
        case "MONTHLY":
            first, days = start.replace(day=1), monthrange(start.year, start.month)[1]
        case "YEARLY":
            first = start.replace(month=1, day=1)
            days = (start.replace(month=12, day=31) - first).days + 1
    return [first + timedelta(days=each) for each in range(days)]


def _matches(rule: Rule, day: date, start: date) -> bool:
    """Whether the BY parts let `day` through; where none narrows it, it must fall as `start` does in its period."""
    if rule.by_month and day.month not in rule.by_month:
        return False
    length = monthrange(day.year, day.month)[1]
    if rule.by_month_day and not {day.day, day.day - length - 1} & set(rule.by_month_day):
        return False
    if rule.by_day:
        return any(weekday == day.weekday() and _is_nth(rule, day, number) for number, weekday in rule.by_day)
    if rule.by_month_day or rule.frequency == "DAILY":
        return True
    if rule.frequency == "WEEKLY":
        return day.weekday() == start.weekday()
    return day.day == start.day and (bool(rule.by_month) or rule.frequency == "MONTHLY" or day.month == start.month)


def _is_nth(rule: Rule, day: date, number: int | None) -> bool:
    """Whether `day` is the nth of its weekday: in its month, or in its year for a yearly rule without months."""
    if number is None:
        return True
    if rule.frequency == "YEARLY" and not rule.by_month:
        place, days = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
    else:
        place, days = day.day, monthrange(day.year, day.month)[1]
    return number in ((place - 1) // 7 + 1, -((days - place) // 7 + 1))
