"""Checks of what people write of times and rules: canonical spelling, or the field that is wrong."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from domain.occurrences import MOST_EXPANDED, by_rule, first_of, length_of, starts_of, written_until
from domain.recurrence import MAX_COUNT, MAX_TOTAL, RuleExpander, produces, read_rule
from domain.timing import (
    FIRST_YEAR,
    HORIZON,
    LONGEST,
    WHOLE_DAY,
    Recurrence,
    Timing,
    instant_of,
    read_wall_time,
    read_zone,
    wall_time_of,
    write_wall_time,
    wrong_timing,
)


def check_timing(
    timing: Timing, now: datetime, expand_rule: RuleExpander, pointer: str = "/timing", *, counted: bool = True
) -> Timing:
    """Give the timing in its canonical spelling, or raise InvalidContent naming the field that is wrong.

    `counted`: a series may have at most `MAX_COUNT` occurrences from now to `HORIZON`, and `MAX_TOTAL` altogether.
    """
    zone = read_zone(timing.zone, f"{pointer}/zone")
    start, end = read_wall_time(timing.start, f"{pointer}/start"), read_wall_time(timing.end, f"{pointer}/end")
    if timing.all_day != (WHOLE_DAY.match(timing.end) is not None):
        raise wrong_timing(f"{pointer}/end", "day_and_time")
    spelled = replace(
        timing,
        start=write_wall_time(start, all_day=timing.all_day),
        end=write_wall_time(end, all_day=timing.all_day),
    )
    length = length_of(spelled, zone)
    if length <= timedelta():
        raise wrong_timing(f"{pointer}/end", "end_before_start")
    if length > LONGEST:
        raise wrong_timing(f"{pointer}/end", "out_of_bounds", maximum=f"{LONGEST.days} d")
    if instant_of(start, zone) > now + HORIZON:
        raise wrong_timing(f"{pointer}/start", "too_far", first=FIRST_YEAR, years=3)
    if timing.recurrence is None:
        return spelled
    # Calendar programs read times in UTC as times of the calendar's own zone, where a rule means other days.
    if not timing.all_day and start.replace(tzinfo=zone).tzname() == "UTC":
        raise wrong_timing(f"{pointer}/zone", "series_in_utc")
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
        raise wrong_timing(f"{pointer}/rule", "leap_day")
    if not produces(rule, start.date()):
        raise wrong_timing(f"{pointer}/rule", "start_not_in_rule", start=timing.start)
    spelled = Recurrence(
        rule=rule.text(written_until(rule, timing, zone)),
        added=_check_starts(recurrence.added, timing, f"{pointer}/added"),
        excluded=_check_starts(recurrence.excluded, timing, f"{pointer}/excluded"),
    )
    bound = most[1] + len(spelled.excluded) + 1
    ruled = set(first_of(by_rule(spelled.rule, zone, start, wall_time_of(now + HORIZON, zone), expand_rule), bound))
    spelled = replace(spelled, added=tuple(each for each in spelled.added if read_wall_time(each) not in ruled))
    starts = list(
        first_of(starts_of(replace(timing, recurrence=spelled), zone, now + HORIZON, expand_rule), most[1] + 1)
    )
    to_come = sum(instant_of(at, zone) >= now for at in starts)
    if to_come > most[0] or len(starts) > most[1]:
        raise wrong_timing(f"{pointer}/rule", "too_many_occurrences", maximum=most[0])
    if not starts:
        raise wrong_timing(f"{pointer}/excluded", "nothing_left")
    for number, each in enumerate(spelled.added):
        if instant_of(read_wall_time(each), zone) > now + HORIZON or read_wall_time(each) < start:
            raise wrong_timing(f"{pointer}/added/{number}", "too_far", first=timing.start, years=3)
    return spelled


def _check_starts(values: tuple[str, ...], timing: Timing, pointer: str) -> tuple[str, ...]:
    found = []
    for number, each in enumerate(values):
        at = read_wall_time(each, f"{pointer}/{number}")
        if (WHOLE_DAY.match(each) is not None) != timing.all_day:
            raise wrong_timing(f"{pointer}/{number}", "day_and_time")
        found.append(write_wall_time(at, all_day=timing.all_day))
    return tuple(sorted(set(found)))
