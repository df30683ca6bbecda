"""iCalendar (RFC 5545, RFC 7986) of activities, bookings and due times.

A series stays one: RRULE and EXDATE as they are stored, and a component with RECURRENCE-ID for each occurrence that
differs; occurrences beside the rule are entries of their own. Nothing depends on the time of rendering, so equal
calendars are equal bytes.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, MutableMapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Alarm, Calendar, Event, vDuration, vRecur

from api.representations.timezones import timezone_component
from domain.coordination.activity import ActivityPlan, ActivityState, added_uid
from domain.occurrences import expand
from domain.timing import DEFAULT_ZONE, Override, Timing, read_wall_time, wall_time_of
from domain.vocabulary import ACTIVITY_KINDS

PRODUCT = "-//Lan Toa//Lich chuong trinh//VI"
COLOR = "teal"
REFRESH = timedelta(hours=1)
_STATUS: dict[ActivityState, str] = {
    "planned": "TENTATIVE",
    "confirmed": "CONFIRMED",
    "done": "CONFIRMED",
    "cancelled": "CANCELLED",
    "postponed": "CANCELLED",
}
Row = dict[str, Any]


class Rendered(NamedTuple):
    """The bytes of one entry's components, and the zone that they name."""

    body: bytes
    zone: str


Known = MutableMapping[Hashable, Rendered]
"""Entries that were rendered before, by everything that their bytes depend on."""


def render(
    name: str,
    activities: Iterable[Row],
    bookings: Iterable[Row],
    assignments: Iterable[Row],
    *,
    alarm_minutes: int | None = None,
    known: Known | None = None,
) -> bytes:
    """Give the calendar as bytes.

    `known` keeps the entries: after a change only what has changed is rendered anew.
    """
    kept = {} if known is None else known
    entries = _entries(activities, bookings, assignments)
    parts = [_kept(kept, (*key, alarm_minutes), make, alarm_minutes) for key, make in entries]
    calendar = _empty(name)
    for zone in sorted({DEFAULT_ZONE, *(part.zone for part in parts)} - {"UTC"}):
        calendar.add_component(timezone_component(zone))
    head, end, _ = bytes(calendar.to_ical()).rpartition(b"END:VCALENDAR")
    return head + b"".join(part.body for part in parts) + end + b"\r\n"


def _entries(
    activities: Iterable[Row], bookings: Iterable[Row], assignments: Iterable[Row]
) -> Iterator[tuple[tuple[Hashable, ...], Callable[[], list[Event]]]]:
    """Each entry's key, which holds everything that its bytes depend on, and how its components are made."""
    for row in activities:
        overrides = msgspec.convert(row["overrides"], tuple[Override, ...])
        yield ("activity", row["id"], row["revision"]), partial(_activity, row, overrides)
    for row in bookings:
        yield ("booking", row["id"], row["revision"]), partial(_booking, row)
    for row in assignments:
        yield ("assignment", row["id"], row["revision"]), partial(_due, row)


def _kept(known: Known, key: Hashable, make: Callable[[], list[Event]], alarm_minutes: int | None) -> Rendered:
    found = known.get(key)
    if found is None:
        events = make()
        zone = str(events[0]["_zone"])
        for event in events:
            event.pop("_zone", None)
            if alarm_minutes is not None and event.get("status") != "CANCELLED":
                event.add_component(_alarm(alarm_minutes, str(event.get("summary", ""))))
        known[key] = found = Rendered(b"".join(bytes(event.to_ical()) for event in events), zone)
    return found


def _empty(name: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", DEFAULT_ZONE)
    calendar.add("color", COLOR)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    return calendar


def _alarm(minutes: int, summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary or "Lan Tỏa")
    alarm.add("trigger", timedelta(minutes=-minutes))
    return alarm


def _event(row: Row, zone: str) -> Event:
    event = Event()
    event["_zone"] = zone
    event.add("uid", str(row["id"]))
    event.add("dtstamp", row["updated_at"].astimezone(UTC).replace(microsecond=0))
    event.add("created", row["created_at"].astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", row["updated_at"].astimezone(UTC).replace(microsecond=0))
    event.add("sequence", row["revision"] - 1)
    return event


def _when(text: str, zone: str) -> date | datetime:
    at = read_wall_time(text)
    return at.replace(tzinfo=ZoneInfo(zone)) if "T" in text else at.date()


def _add_span(event: Event, start: str, end: str, zone: str) -> None:
    event.add("dtstart", _when(start, zone))
    last = _when(end, zone)
    event.add("dtend", last if isinstance(last, datetime) else last + timedelta(days=1))


def _activity(row: Row, overrides: tuple[Override, ...]) -> list[Event]:
    plan = msgspec.convert(row["plan"], ActivityPlan)
    timing, recurrence = plan.timing, plan.timing.recurrence
    series = _described(row, plan, plan.title, plan.location)
    _add_span(series, timing.start, timing.end, timing.zone)
    if recurrence is None:
        return [series]
    series.add("rrule", vRecur.from_ical(recurrence.rule))
    if excluded := sorted(set(recurrence.excluded) - set(recurrence.added)):
        series.add("exdate", [_when(each, timing.zone) for each in excluded])
    by_id = {o.recurrence_id: o for o in overrides}
    alone = [at for at in recurrence.added if at not in recurrence.excluded]
    changed = [o for at, o in by_id.items() if at not in recurrence.added]
    return [
        series,
        *(_overridden(row, plan, each) for each in changed),
        *(_added(row, plan, by_id.get(at, Override(recurrence_id=at))) for at in alone),
    ]


def _added(row: Row, plan: ActivityPlan, override: Override) -> Event:
    """An occurrence beside the rule, as an entry of its own."""
    event = _overridden(row, plan, override)
    del event["recurrence-id"]
    event["uid"] = str(added_uid(row["id"], override.recurrence_id))
    event.add("related-to", str(row["id"]))
    return event


def _described(row: Row, plan: ActivityPlan, title: str, location: str) -> Event:
    event = _event(row, plan.timing.zone)
    event.add("summary", title)
    if location:
        event.add("location", location)
    description = "\n\n".join(each for each in (plan.summary, row.get("note", "")) if each)
    if description:
        event.add("description", description)
    event.add("categories", [ACTIVITY_KINDS[plan.kind][0]])
    event.add("status", _STATUS[row["state"]])
    return event


def _overridden(row: Row, plan: ActivityPlan, override: Override) -> Event:
    event = _described(row, plan, override.title or plan.title, override.location or plan.location)
    timing = plan.timing
    event.add("recurrence-id", _when(override.recurrence_id, timing.zone))
    start, end = (override.start, override.end) if override.start else _usual(timing, override.recurrence_id)
    _add_span(event, str(start), str(end), timing.zone)
    if override.cancelled_at is not None:
        event["status"] = "CANCELLED"
    return event


def _usual(timing: Timing, recurrence_id: str) -> tuple[str, str]:
    """Start and end of an occurrence that was not moved."""
    moved = msgspec.structs.replace(timing, recurrence=None)
    first = expand(moved, (), datetime.max.replace(tzinfo=UTC) - timedelta(days=400), lambda _, start: iter([start]))[0]
    length = first.ends_at - first.starts_at
    if timing.all_day:
        end = read_wall_time(recurrence_id) + (read_wall_time(timing.end) - read_wall_time(timing.start))
        return recurrence_id, end.date().isoformat()
    zone = ZoneInfo(timing.zone)
    ends_at = read_wall_time(recurrence_id).replace(tzinfo=zone).astimezone(UTC) + length
    return recurrence_id, wall_time_of(ends_at, zone).isoformat(timespec="seconds")


def _booking(row: Row) -> list[Event]:
    zone = ZoneInfo(row["zone"])
    event = _event(row, row["zone"])
    event.add("summary", row["title"])
    event.add("location", row["location"])
    if row.get("note"):
        event.add("description", row["note"])
    event.add("dtstart", row["starts_at"].astimezone(zone))
    event.add("dtend", row["ends_at"].astimezone(zone))
    event.add("status", {"held": "TENTATIVE", "confirmed": "CONFIRMED", "cancelled": "CANCELLED"}[row["state"]])
    return [event]


def _due(row: Row) -> list[Event]:
    event = _event(row, row["zone"])
    event.add("summary", f"Hạn: {row['title']}")
    if row.get("note"):
        event.add("description", row["note"])
    event.add("dtstart", row["due_at"].astimezone(ZoneInfo(row["zone"])))
    event.add("status", "CANCELLED" if row["state"] == "cancelled" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return [event]
