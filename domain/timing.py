"""When something takes place: wall time in a zone, or whole days; one time, or a series (RFC 5545).

What is stored is the wall time that people wrote; instants are derived from it, so no due time ever shifts with a zone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from domain.errors import FieldError, InvalidContent
from domain.noun import Noun
from domain.recurrence import MAX_COUNT, MAX_TOTAL, Rule, RuleExpander, produces, read_rule

DEFAULT_ZONE = "Asia/Ho_Chi_Minh"
HORIZON = timedelta(days=3 * 366)
"""How far ahead occurrences are expanded, and things can be planned."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Nothing is planned or reported outside: far ages have no zones, and their arithmetic overflows."""
LONGEST = timedelta(days=366)
MOST_EXPANDED = 40_000
"""Bounds what is expanded of a slot, which may be daily and older than the service."""
WallTime = Annotated[
    str, Meta(pattern=r"\A\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?\Z", examples=["2026-03-02T05:30:00", "2026-03-02"])
]
"""`2026-03-02T05:30:00`, or `2026-03-02` where whole days are meant. Without an offset: the zone is beside it."""
Zone = Annotated[str, Meta(max_length=40, examples=[DEFAULT_ZONE])]
_WHOLE = re.compile(r"\A\d{4}-\d\d-\d\d\Z")


class Recurrence(Noun, frozen=True, kw_only=True):
    """`rule`: an RRULE value (RFC 5545 section 3.3.10). `added` and `excluded`: starts beside it and left out of it."""

    rule: Annotated[str, Meta(min_length=6, max_length=300, examples=["FREQ=WEEKLY;BYDAY=MO"])]
    added: Annotated[tuple[WallTime, ...], Meta(max_length=100)] = ()
    excluded: Annotated[tuple[WallTime, ...], Meta(max_length=500)] = ()


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
        return _WHOLE.match(self.start) is not None


class Override(Noun, frozen=True, kw_only=True):
    """One occurrence that differs: moved, renamed or cancelled. `recurrence_id`: its start in the series."""

    recurrence_id: WallTime
    start: WallTime | None = None
    end: WallTime | None = None
    title: str | None = None
    location: str | None = None
    cancelled_at: datetime | None = None


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
        raise _wrong(pointer, "too_far", first=FIRST_YEAR, years=3)
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
    if _WHOLE.match(due):
        at = at.replace(hour=23, minute=59, second=59)
    return instant_of(at, read_zone(zone, "/zone"))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The day of an instant where the zone is: never UTC's."""
    return at.astimezone(zone).date()


def check_timing(
    timing: Timing, now: datetime, expand_rule: RuleExpander, pointer: str = "/timing", *, counted: bool = True
) -> Timing:
    """Give the timing in its canonical spelling, or raise InvalidContent naming the field that is wrong.

    `counted`: a series may have at most `MAX_COUNT` occurrences from now to `HORIZON`, and `MAX_TOTAL` altogether.
    """
    zone = read_zone(timing.zone, f"{pointer}/zone")
    start, end = read_wall_time(timing.start, f"{pointer}/start"), read_wall_time(timing.end, f"{pointer}/end")
    if timing.all_day != (_WHOLE.match(timing.end) is not None):
        raise _wrong(f"{pointer}/end", "day_and_time")
    spelled = replace(
        timing,
        start=write_wall_time(start, all_day=timing.all_day),
        end=write_wall_time(end, all_day=timing.all_day),
    )
    length = _length(spelled, zone)
    if length <= timedelta():
        raise _wrong(f"{pointer}/end", "end_before_start")
    if length > LONGEST:
        raise _wrong(f"{pointer}/end", "out_of_bounds", maximum=f"{LONGEST.days} d")
    if instant_of(start, zone) > now + HORIZON:
        raise _wrong(f"{pointer}/start", "too_far", first=FIRST_YEAR, years=3)
    if timing.recurrence is None:
        return spelled
    most = (MAX_COUNT, MAX_TOTAL) if counted else (MOST_EXPANDED, MOST_EXPANDED)
    checked = _check_recurrence(spelled, zone, now, expand_rule, f"{pointer}/recurrence", most)
    return replace(spelled, recurrence=checked)


def _check_recurrence(
    timing: Timing, zone: ZoneInfo, now: datetime, expand_rule: RuleExpander, pointer: str, most: tuple[int, int]
) -> Recurrence:
    recurrence = timing.recurrence
    assert recurrence is not None
    start, rule = read_wall_time(timing.start), read_rule(recurrence.rule, f"{pointer}/rule")
    if rule.frequency == "YEARLY" and (start.month, start.day) == (2, 29) and not (rule.by_month_day or rule.by_day):
        raise _wrong(f"{pointer}/rule", "leap_day")
    if not produces(rule, start.date()):
        raise _wrong(f"{pointer}/rule", "start_not_in_rule", start=timing.start)
    spelled = Recurrence(
        rule=rule.text(_written_until(rule, timing, zone)),
        added=_check_starts(recurrence.added, timing, f"{pointer}/added"),
        excluded=_check_starts(recurrence.excluded, timing, f"{pointer}/excluded"),
    )
    bound = most[1] + len(spelled.excluded) + 1
    ruled = set(_first(_by_rule(spelled.rule, zone, start, wall_time_of(now + HORIZON, zone), expand_rule), bound))
    spelled = replace(spelled, added=tuple(each for each in spelled.added if read_wall_time(each) not in ruled))
    starts = list(_first(_starts(replace(timing, recurrence=spelled), zone, now + HORIZON, expand_rule), most[1] + 1))
    to_come = sum(instant_of(at, zone) >= now for at in starts)
    if to_come > most[0] or len(starts) > most[1]:
        raise _wrong(f"{pointer}/rule", "too_many_occurrences", maximum=most[0])
    if not starts:
        raise _wrong(f"{pointer}/excluded", "nothing_left")
    for number, each in enumerate(spelled.added):
        if instant_of(read_wall_time(each), zone) > now + HORIZON or read_wall_time(each) < start:
            raise _wrong(f"{pointer}/added/{number}", "too_far", first=timing.start, years=3)
    return spelled


def _check_starts(values: tuple[str, ...], timing: Timing, pointer: str) -> tuple[str, ...]:
    found = []
    for number, each in enumerate(values):
        at = read_wall_time(each, f"{pointer}/{number}")
        if (_WHOLE.match(each) is not None) != timing.all_day:
            raise _wrong(f"{pointer}/{number}", "day_and_time")
        found.append(write_wall_time(at, all_day=timing.all_day))
    return tuple(sorted(set(found)))


def _wrong(pointer: str, code: str, **facts: object) -> InvalidContent:
    return InvalidContent(errors=[FieldError(pointer=pointer, code=code, facts=facts)])


def _written_until(rule: Rule, timing: Timing, zone: ZoneInfo) -> str | None:
    """UNTIL as RFC 5545 wants it: a date for whole days, else in UTC."""
    if rule.until is None:
        return None
    return _end_of(_last_day(_local_until(rule, zone), timing), timing, zone)


def _last_day(until: datetime, timing: Timing) -> date:
    """The last day on which an occurrence may start."""
    in_time = timing.all_day or until.time() >= read_wall_time(timing.start).time()
    return until.date() if in_time else until.date() - timedelta(days=1)


def _end_of(day: date, timing: Timing, zone: ZoneInfo) -> str:
    """UNTIL that includes a day to its end: the same days are meant when the clock time of the series changes."""
    if timing.all_day:
        return day.strftime("%Y%m%d")
    return instant_of(datetime.combine(day, time(23, 59, 59)), zone).strftime("%Y%m%dT%H%M%SZ")


def _local_until(rule: Rule, zone: ZoneInfo) -> datetime:
    assert rule.until is not None
    return wall_time_of(rule.until.at.replace(tzinfo=UTC), zone) if rule.until.utc else rule.until.at


def _length(timing: Timing, zone: ZoneInfo) -> timedelta:
    start, end = read_wall_time(timing.start), read_wall_time(timing.end)
    if timing.all_day:
        return end - start + timedelta(days=1)
    return instant_of(end, zone) - instant_of(start, zone)


def _first(values: Iterable[datetime], most: int) -> Iterator[datetime]:
    for number, each in enumerate(values):
        if number == most:
            return
        yield each


def _starts(timing: Timing, zone: ZoneInfo, horizon: datetime, expand_rule: RuleExpander) -> Iterator[datetime]:
    """The wall-time starts of a series up to `horizon`, in their order."""
    start, last = read_wall_time(timing.start), wall_time_of(horizon, zone)
    recurrence = timing.recurrence
    if recurrence is None:
        yield start
        return
    excluded = {read_wall_time(each) for each in recurrence.excluded}
    added = sorted({read_wall_time(each) for each in recurrence.added})
    for at in _merged(added, _by_rule(recurrence.rule, zone, start, last, expand_rule)):
        if at > last:
            return
        if at not in excluded:
            yield at


def _caught_up(timing: Timing, day: date) -> Timing:
    """A series with the same occurrences from `day` on, that begins shortly before it.

    Only daily and weekly rules without COUNT, whose periods are all alike, are moved on.
    """
    recurrence = timing.recurrence
    rule = None if recurrence is None else read_rule(recurrence.rule, "")
    if rule is None or rule.count is not None or rule.frequency not in ("DAILY", "WEEKLY"):
        return timing
    start, period = read_wall_time(timing.start), rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
    # A day that the rule does not produce may be the new start: it is its periods that count.
    later = start + timedelta(days=max(0, (day - start.date()).days // period * period))
    return replace(timing, start=write_wall_time(later, all_day=timing.all_day))


def _by_rule(
    text: str, zone: ZoneInfo, start: datetime, last: datetime, expand_rule: RuleExpander
) -> Iterator[datetime]:
    rule = read_rule(text, "")
    until = None if rule.until is None else _local_until(rule, zone).strftime("%Y%m%dT%H%M%S")
    for at in expand_rule(rule.text(until), start):
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
    length, by_id = _length(timing, zone), {each.recurrence_id: each for each in overrides}
    found = []
    series = timing if since is None else _caught_up(timing, since)
    for at in _first(_starts(series, zone, horizon, expand_rule), MOST_EXPANDED):
        recurrence_id = write_wall_time(at, all_day=timing.all_day)
        found.append(_occurrence(timing, zone, recurrence_id, length, by_id.get(recurrence_id)))
    return found


def _occurrence(
    timing: Timing, zone: ZoneInfo, recurrence_id: str, length: timedelta, override: Override | None
) -> Occurrence:
    if override is not None and override.start is not None and override.end is not None:
        moved = replace(timing, start=override.start, end=override.end)
        start, length = read_wall_time(override.start), _length(moved, zone)
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


def same_day(recurrence_id: str, old: Timing, new: Timing) -> str:
    """The place of an occurrence after the clock time of its series has changed: the same day at the new time."""
    at, before, after = (read_wall_time(each) for each in (recurrence_id, old.start, new.start))
    if old.all_day or new.all_day or at.time() != before.time():
        return recurrence_id
    return write_wall_time(datetime.combine(at.date(), after.time()), all_day=False)


def follow_clock(old: Timing, new: Timing) -> Timing:
    """Let added and excluded starts that were not sent anew follow a new clock time: a day left out stays left out."""
    if old.recurrence is None or new.recurrence is None:
        return new
    lists = {}
    for name in ("added", "excluded"):
        before, after = getattr(old.recurrence, name), getattr(new.recurrence, name)
        lists[name] = tuple(same_day(each, old, new) if each in before else each for each in after)
    return replace(new, recurrence=replace(new.recurrence, **lists))


class Split(msgspec.Struct, frozen=True):
    """A series cut in two; None where nothing is left on that side."""

    before: Timing
    after: Timing


def split(timing: Timing, recurrence_id: str, expand_rule: RuleExpander) -> Split:
    """Cut a series before one of its occurrences: together the halves have exactly its occurrences, each once."""
    recurrence, zone = timing.recurrence, ZoneInfo(timing.zone)
    assert recurrence is not None
    cut, rule = read_wall_time(recurrence_id), read_rule(recurrence.rule, "")
    ruled = list(_by_rule(recurrence.rule, zone, read_wall_time(timing.start), cut, expand_rule))
    earlier = [at for at in ruled if at < cut]
    until = _end_of(cut.date() - timedelta(days=1), timing, zone)
    ended = replace(rule, count=None)
    left = None if rule.count is None else rule.count - len(earlier)
    before = Recurrence(
        rule=ended.text(until),
        added=tuple(each for each in recurrence.added if read_wall_time(each) < cut),
        excluded=tuple(each for each in recurrence.excluded if read_wall_time(each) < cut),
    )
    after = Recurrence(
        rule=replace(rule, count=left).text(_written_until(rule, timing, zone)),
        added=tuple(each for each in recurrence.added if read_wall_time(each) > cut),
        excluded=tuple(each for each in recurrence.excluded if read_wall_time(each) > cut),
    )
    if cut not in ruled:  # the cut is an added start: the rule of the second half begins later
        raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="cannot_split_here")])
    length = _length(timing, zone)
    second = _occurrence(replace(timing, recurrence=None), zone, recurrence_id, length, None)
    return Split(
        replace(timing, recurrence=before), replace(timing, start=second.start, end=second.end, recurrence=after)
    )
