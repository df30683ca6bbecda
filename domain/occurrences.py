"""Occurrences: when the entries of a series take place."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from domain.recurrence import Rule, RuleExpander, read_rule
from domain.timing import Override, Timing, instant_of, read_wall_time, wall_time_of, write_wall_time

MOST_EXPANDED = 40_000
"""Bounds what is expanded of a slot, which may be daily and older than the service."""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One expanded occurrence. `start`, `end`: as in Timing. `starts_at`, `ends_at`: instants, the end excluded."""

    recurrence_id: str
    start: str
    end: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    title: str | None = None
    location: str | None = None
    cancelled_at: datetime | None = None


def length_of(timing: Timing, zone: ZoneInfo) -> timedelta:
    start, end = read_wall_time(timing.start), read_wall_time(timing.end)
    if timing.all_day:
        return end - start + timedelta(days=1)
    return instant_of(end, zone) - instant_of(start, zone)


def first_of(values: Iterable[datetime], most: int) -> Iterator[datetime]:
    for number, each in enumerate(values):
        if number == most:
            return
        yield each


def starts_of(timing: Timing, zone: ZoneInfo, horizon: datetime, expand_rule: RuleExpander) -> Iterator[datetime]:
    """The wall-time starts of a series up to `horizon`, in their order."""
    start, last = read_wall_time(timing.start), wall_time_of(horizon, zone)
    recurrence = timing.recurrence
    if recurrence is None:
        yield start
        return
    excluded = {read_wall_time(each) for each in recurrence.excluded}
    added = sorted({read_wall_time(each) for each in recurrence.added})
    for at in _merged(added, by_rule(recurrence.rule, zone, start, last, expand_rule)):
        if at > last:
            return
        if at not in excluded:
            yield at


def _caught_up(timing: Timing, day: date) -> Timing:
    """A series with the same occurrences from `day` on, that begins some whole periods later. Rules with COUNT stay."""
    recurrence = timing.recurrence
    rule = None if recurrence is None else read_rule(recurrence.rule, "")
    start = read_wall_time(timing.start)
    if rule is None or rule.count is not None or day <= start.date():
        return timing
    # A day that the rule does not produce may be the new start: it is its periods that count.
    if rule.frequency in ("DAILY", "WEEKLY"):
        period = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
        later = start + timedelta(days=(day - start.date()).days // period * period)
    else:
        later = _months_later(start, day, rule.interval * (12 if rule.frequency == "YEARLY" else 1))
    return replace(timing, start=write_wall_time(later, all_day=timing.all_day))


def _months_later(start: datetime, day: date, period: int) -> datetime:
    """The last whole number of periods after `start`, up to `day`, at which its day of the month exists."""
    months = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
    for moved in range(months // period * period, 0, -period):
        year, month = divmod(start.year * 12 + start.month - 1 + moved, 12)
        if start.day <= monthrange(year, month + 1)[1]:
            return start.replace(year=year, month=month + 1)
    return start


def by_rule(
    text: str, zone: ZoneInfo, start: datetime, last: datetime, expand_rule: RuleExpander
) -> Iterator[datetime]:
    """The starts of a rule alone, up to `last`.

    The expander is always given an end, so that a rule that finds nothing more ends there; COUNT is counted here.
    """
    rule, end = read_rule(text, ""), last + timedelta(days=1)
    if rule.until is not None:
        end = min(end, _local_until(rule, zone))
    found = expand_rule(replace(rule, count=None).text(end.strftime("%Y%m%dT%H%M%S")), start)
    for at in found if rule.count is None else islice(found, rule.count):
        if at > last:
            return
        yield at


def _merged(added: Sequence[datetime], ruled: Iterator[datetime]) -> Iterator[datetime]:
    """Both in one order, each time once."""
    waiting = list(added)
    for at in ruled:
        while waiting and waiting[0] <= at:
            earlier = waiting.pop(0)
            if earlier != at:
                yield earlier
        yield at
    yield from waiting


def is_nearer(at: datetime, these: Iterable[Occurrence], those: Iterable[Occurrence]) -> bool:
    """Whether an instant is nearer to one of these occurrences than to any of those; within one is nearest."""

    def distance(occurrence: Occurrence) -> timedelta:
        return max(occurrence.starts_at - at, at - occurrence.ends_at, timedelta())

    farthest = timedelta.max
    return min(map(distance, these), default=farthest) < min(map(distance, those), default=farthest)


def expand(
    timing: Timing,
    overrides: Sequence[Override],
    horizon: datetime,
    expand_rule: RuleExpander,
    *,
    since: date | None = None,
) -> list[Occurrence]:
    """Every occurrence up to `horizon`, overrides applied, in the order of their places in the series.

    With `since` those that begin before that day may be missing: the past of an old series is not expanded anew.
    """
    zone = ZoneInfo(timing.zone)
    length, by_id = length_of(timing, zone), {each.recurrence_id: each for each in overrides}
    found = []
    series = timing if since is None else _caught_up(timing, since)
    for at in first_of(starts_of(series, zone, horizon, expand_rule), MOST_EXPANDED):
        recurrence_id = write_wall_time(at, all_day=timing.all_day)
        found.append(occurrence_at(timing, zone, recurrence_id, length, by_id.get(recurrence_id)))
    return found


def occurrence_at(
    timing: Timing, zone: ZoneInfo, recurrence_id: str, length: timedelta, override: Override | None
) -> Occurrence:
    if override is not None and override.start is not None and override.end is not None:
        moved = replace(timing, start=override.start, end=override.end)
        start, length = read_wall_time(override.start), length_of(moved, zone)
    else:
        start = read_wall_time(recurrence_id)
    starts_at = instant_of(start, zone)
    if timing.all_day:
        ends_at, end = instant_of(start + length, zone), start + length - timedelta(days=1)
    else:
        ends_at = starts_at + length
        end = wall_time_of(ends_at, zone)
    return Occurrence(
        recurrence_id=recurrence_id,
        start=write_wall_time(start, all_day=timing.all_day),
        end=write_wall_time(end, all_day=timing.all_day),
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=timing.all_day,
        title=override.title if override else None,
        location=override.location if override else None,
        cancelled_at=override.cancelled_at if override else None,
    )


def written_until(rule: Rule, timing: Timing, zone: ZoneInfo) -> str | None:
    """UNTIL as RFC 5545 wants it: a date for whole days, else in UTC."""
    if rule.until is None:
        return None
    return end_of(_last_day(_local_until(rule, zone), timing), timing, zone)


def _last_day(until: datetime, timing: Timing) -> date:
    """The last day on which an occurrence may start."""
    in_time = timing.all_day or until.time() >= read_wall_time(timing.start).time()
    return until.date() if in_time else until.date() - timedelta(days=1)


def end_of(day: date, timing: Timing, zone: ZoneInfo) -> str:
    """UNTIL that includes a day to its end: the same days are meant when the clock time of the series changes."""
    if timing.all_day:
        return day.strftime("%Y%m%d")
    return instant_of(datetime.combine(day, time(23, 59, 59)), zone).strftime("%Y%m%dT%H%M%SZ")


def _local_until(rule: Rule, zone: ZoneInfo) -> datetime:
    assert rule.until is not None
    return wall_time_of(rule.until.at.replace(tzinfo=UTC), zone) if rule.until.utc else rule.until.at
