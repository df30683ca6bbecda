"""Reading iCalendar files with the `icalendar` library, after a look that bounds what it has to do."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar import Event as LibraryEvent

from domain.coordination.calendar_file import MAX_DEPTH, MAX_EVENTS, MAX_LINES, ImportedEvent, ImportedOverride
from domain.errors import FieldError, ImportRefused
from domain.recurrence import MAX_RULE_LENGTH
from domain.tables import refuse
from domain.text import normalise
from domain.timing import DEFAULT_ZONE, FIRST_YEAR, LAST_YEAR, LONGEST, Recurrence, Timing

_LINE = re.compile(rb"^(BEGIN|END):", re.MULTILINE | re.IGNORECASE)
MAX_UID = 255
Event = Any
"""A component of the library: its values may be of any kind, each is checked where it is read."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RULES = ("rrule", "rdate", "exdate")


def read_calendar_file(raw: bytes) -> list[ImportedEvent]:
    """Implements `domain.coordination.calendar_file.CalendarFileReader`."""
    _check_size(raw)
    try:
        calendar = Calendar.from_ical(raw)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise refuse("", "not_icalendar") from error
    masters: dict[str, tuple[int, Event]] = {}
    changes: dict[str, list[tuple[int, Event]]] = {}
    for row, event in enumerate(_events(calendar)):
        uid = str(event.get("uid", "")).strip()
        if not 0 < len(uid) <= MAX_UID:
            raise refuse(f"/{row}/uid", "required")
        if "recurrence-id" in event:
            changes.setdefault(uid, []).append((row, event))
        elif uid in masters:
            raise refuse(f"/{row}/uid", "repeated", value=uid)
        else:
            masters[uid] = (row, event)
    if orphan := sorted(set(changes) - set(masters)):
        raise refuse(f"/{changes[orphan[0]][0][0]}/recurrence-id", "no_series", value=orphan[0])
    return [_imported(row, uid, event, changes.get(uid, [])) for uid, (row, event) in masters.items()]


def _check_size(raw: bytes) -> None:
    """Count lines, events and depth before anything is parsed."""
    if b"\x00" in raw:
        raise refuse("", "not_text")
    depth = events = 0
    for found in _LINE.finditer(raw):
        opens = found[1].upper() == b"BEGIN"
        depth += 1 if opens else -1
        events += opens and raw[found.end() : found.end() + 6].upper() == b"VEVENT"
        if depth > MAX_DEPTH:
            raise refuse("", "too_deep", maximum=MAX_DEPTH)
        if events > MAX_EVENTS:
            raise refuse("", "too_many_events", maximum=MAX_EVENTS)
    if raw.count(b"\n") + raw.count(b"\r") > 2 * MAX_LINES:
        raise refuse("", "too_many_lines", maximum=MAX_LINES)


def _events(calendar: Any) -> Iterator[Event]:
    return (each for each in calendar.walk("VEVENT") if isinstance(each, LibraryEvent))


def _text(event: Event, name: str, most: int) -> str:
    value = event.get(name)
    text = " ".join(str(normalise(str(value))).split()) if value is not None else ""
    return "".join(each for each in text if each.isprintable())[:most]


def _imported(row: int, uid: str, event: Event, changes: list[tuple[int, Event]]) -> ImportedEvent:
    title = _text(event, "summary", 200)
    if not title:
        raise refuse(f"/{row}/summary", "required")
    zone, start, end = _span(row, event)
    timing = Timing(start=_wall(start, zone), end=_last(end, zone), zone=zone, recurrence=_recurrence(row, event, zone))
    return ImportedEvent(
        row=row,
        uid=uid,
        title=title,
        summary=_text(event, "description", 2000),
        location=_text(event, "location", 200),
        timing=timing,
        cancelled=str(event.get("status", "")).upper() == "CANCELLED",
        overrides=tuple(_override(number, each, zone, timing.recurrence) for number, each in changes),
    )


def _span(row: int, event: Event) -> tuple[str, date, date]:
    """The zone, the start and the end (of whole days: the day after)."""
    if "dtstart" not in event:
        raise refuse(f"/{row}/dtstart", "required")
    start = _value(row, event, "dtstart")
    zone = _zone_of(row, start)
    if "dtend" in event:
        end = _value(row, event, "dtend")
    elif "duration" in event:
        end = start + _duration(row, event)
    else:
        end = start + (timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1))
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise refuse(f"/{row}/dtend", "day_and_time")
    return zone, start, end


def _value(row: int, event: Event, name: str) -> date:
    try:
        value = event[name].dt
    except (AttributeError, ValueError) as error:
        raise refuse(f"/{row}/{name}", "no_such_time") from error
    if not isinstance(value, date):
        raise refuse(f"/{row}/{name}", "no_such_time")
    zone = event[name].params.get("TZID")
    if zone is not None and isinstance(value, datetime) and value.tzinfo is None:
        raise refuse(f"/{row}/{name}", "unknown_zone", value=str(zone)[:40])
    return _checked(row, name, value)


def _checked(row: int, name: str, value: date) -> date:
    """Far ages have no zones, and their arithmetic overflows."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise refuse(f"/{row}/{name}", "too_far", first=FIRST_YEAR, years=3)
    return value


def _duration(row: int, event: Event) -> timedelta:
    try:
        value = event["duration"].dt
    except (AttributeError, ValueError) as error:
        raise refuse(f"/{row}/duration", "no_such_time") from error
    if not isinstance(value, timedelta):
        raise refuse(f"/{row}/duration", "no_such_time")
    if not timedelta() <= value <= LONGEST:
        raise refuse(f"/{row}/duration", "out_of_bounds", maximum=f"{LONGEST.days} d")
    return value


def _zone_of(row: int, start: date) -> str:
    """The IANA name of a time's zone. UTC and floating times become wall times of the programme's zone."""
    if not isinstance(start, datetime) or start.tzinfo is None or start.tzname() == "UTC":
        return DEFAULT_ZONE
    name = getattr(start.tzinfo, "key", None)
    if name is None:
        raise refuse(f"/{row}/dtstart", "unknown_zone", value=str(start.tzinfo)[:40])
    return str(name)


def _wall(at: date, zone: str) -> str:
    if not isinstance(at, datetime):
        return at.isoformat()
    local = at if at.tzinfo is None else at.astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=None).isoformat(timespec="seconds")


def _last(end: date, zone: str) -> str:
    return _wall(end if isinstance(end, datetime) else end - timedelta(days=1), zone)


def _recurrence(row: int, event: Event, zone: str) -> Recurrence | None:
    rule = event.get("rrule")
    if rule is None:
        if any(name in event for name in _RULES):
            raise refuse(f"/{row}/rdate", "rule_needed")
        return None
    if isinstance(rule, list):
        raise refuse(f"/{row}/rrule", "repeated")
    text = rule.to_ical().decode()
    if not text:
        raise refuse(f"/{row}/rrule", "rule_syntax", value="")
    if len(text) > MAX_RULE_LENGTH:
        raise refuse(f"/{row}/rrule", "out_of_bounds", maximum=MAX_RULE_LENGTH)
    if _shift(event, zone):
        text = _a_day_later(row, text)
    return Recurrence(rule=text, added=_dates(row, event, "rdate", zone), excluded=_dates(row, event, "exdate", zone))


def _shift(event: Event, zone: str) -> int:
    """By how many days the start of a series moves when it becomes a wall time of the programme's zone."""
    start = event["dtstart"].dt
    if not isinstance(start, datetime) or start.tzinfo is None:
        return 0
    return (start.astimezone(ZoneInfo(zone)).date() - start.date()).days


def _a_day_later(row: int, text: str) -> str:
    """A rule in UTC for the same instants in the programme's zone, where its days are the next ones.

    That is so for days of the week; days of a month differ by its length.
    """
    parts = dict(each.split("=", 1) for each in text.split(";"))
    if parts.get("FREQ") not in ("DAILY", "WEEKLY") or {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} & parts.keys():
        raise refuse(f"/{row}/rrule", "series_in_utc")
    parts.setdefault("WKST", "MO")
    if "UNTIL" in parts and not parts["UNTIL"].endswith("Z"):
        parts["UNTIL"] = _until_a_day_later(row, parts["UNTIL"])
    for name in {"BYDAY", "WKST"} & parts.keys():
        if not set(parts[name].split(",")) <= set(_DAYS):
            raise refuse(f"/{row}/rrule", "rule_value", part=name, value=parts[name][:20])
        parts[name] = ",".join(_DAYS[(_DAYS.index(day) + 1) % 7] for day in parts[name].split(","))
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _until_a_day_later(row: int, text: str) -> str:
    """A day, or a time without zone, moved on like the days of its rule."""
    form = "%Y%m%d" if len(text) == len("20261231") else "%Y%m%dT%H%M%S"
    try:
        return (datetime.strptime(text, form) + timedelta(days=1)).strftime(form)  # noqa: DTZ007 -- wall time
    except (ValueError, OverflowError) as error:
        raise refuse(f"/{row}/rrule", "rule_value", part="UNTIL", value=text[:20]) from error


def _dates(row: int, event: Event, name: str, zone: str) -> tuple[str, ...]:
    lists = event.get(name, [])
    try:
        values = [each.dt for each_list in (lists if isinstance(lists, list) else [lists]) for each in each_list.dts]
    except (AttributeError, ValueError) as error:
        raise refuse(f"/{row}/{name}", "no_such_time") from error
    if len(values) > 100 or not all(isinstance(value, date) for value in values):
        raise ImportRefused(errors=[FieldError(pointer=f"/{row}/{name}", code="out_of_bounds", facts={"maximum": 100})])
    return tuple(_wall(_checked(row, name, value), zone) for value in values)


def _override(row: int, event: Event, zone: str, recurrence: Recurrence | None) -> ImportedOverride:
    if recurrence is None:
        raise refuse(f"/{row}/recurrence-id", "no_series")
    if "RANGE" in event["recurrence-id"].params:
        raise refuse(f"/{row}/recurrence-id", "range_of_occurrences")
    _, start, end = _span(row, event)
    return ImportedOverride(
        recurrence_id=_wall(_value(row, event, "recurrence-id"), zone),
        start=_wall(start, zone),
        end=_last(end, zone),
        title=_text(event, "summary", 200),
        location=_text(event, "location", 200),
        cancelled=str(event.get("status", "")).upper() == "CANCELLED",
    )
