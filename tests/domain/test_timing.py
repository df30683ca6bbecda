"""Times and series: wall time is kept, instants are derived, rules are bounded."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.recurrence import expand_rule
from domain.errors import InvalidContent
from domain.occurrences import expand
from domain.recurrence import produces, read_rule
from domain.series import split
from domain.timing import HORIZON, Override, Recurrence, Timing, day_of, due_instant, read_zone
from domain.timing_checks import check_timing

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def series(rule: str, start: str = "2026-12-07T05:30:00", end: str = "2026-12-07T06:00:00", **more: Any) -> Timing:
    zone = more.pop("zone", "Asia/Ho_Chi_Minh")
    return Timing(start=start, end=end, zone=zone, recurrence=Recurrence(rule=rule, **more))


def refusal(timing: Timing) -> tuple[str, str]:
    with pytest.raises(InvalidContent) as refused:
        check_timing(timing, NOW, expand_rule)
    [error] = refused.value.errors
    return error.pointer, error.code


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("", "rule_syntax"),
        ("WEEKLY", "rule_syntax"),
        ("FREQ=", "rule_syntax"),
        ("INTERVAL=2", "rule_frequency"),
        ("FREQ=SECONDLY", "rule_frequency"),
        ("FREQ=MINUTELY;COUNT=3", "rule_frequency"),
        ("FREQ=HOURLY;BYSECOND=1", "rule_part"),
        ("FREQ=DAILY;BYSECOND=0,1,2,3", "rule_part"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "rule_part"),
        ("FREQ=DAILY;BYYEARDAY=1", "rule_part"),
        ("FREQ=DAILY;COUNT=1000000000", "rule_value"),
        ("FREQ=DAILY;COUNT=0", "rule_value"),
        ("FREQ=DAILY;COUNT=-1", "rule_value"),
        ("FREQ=DAILY;COUNT=99999999999999999999999", "rule_value"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", "rule_value"),
        ("FREQ=DAILY;COUNT=3;COUNT=4", "rule_part_twice"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "rule_count_and_until"),
        ("FREQ=DAILY;UNTIL=20271301", "rule_value"),
        ("FREQ=DAILY;UNTIL=tomorrow", "rule_value"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "rule_value"),
        ("FREQ=WEEKLY;BYDAY=XX", "rule_value"),
        ("FREQ=WEEKLY;BYDAY=1MO", "rule_value"),
        ("FREQ=MONTHLY;BYDAY=6MO", "rule_value"),
        ("FREQ=WEEKLY;BYMONTHDAY=7", "rule_part_here"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "rule_part_here"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "rule_value"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "rule_value"),
        ("FREQ=YEARLY;BYMONTH=13", "rule_value"),
        ("FREQ=WEEKLY;WKST=XX", "rule_value"),
        ("FREQ=DAILY", "too_many_occurrences"),
        ("FREQ=DAILY;INTERVAL=2", "too_many_occurrences"),
        ("FREQ=WEEKLY;BYDAY=TU", "start_not_in_rule"),
        ("FREQ=MONTHLY;BYMONTHDAY=8", "start_not_in_rule"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "start_not_in_rule"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=7", "start_not_in_rule"),
        ("FREQ=MONTHLY;BYMONTHDAY=7;BYSETPOS=300", "start_not_in_rule"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "start_not_in_rule"),
        ("FREQ=DAILY;X-TRICK=1", "rule_part"),
        (f"FREQ=DAILY;COUNT={'9' * 400}", "out_of_bounds"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_at_once_with_its_code(rule: str, code: str) -> None:
    began = time.monotonic()
    assert refusal(series(rule)) == ("/timing/recurrence/rule", code)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("timing", "pointer", "code"),
    [
        (Timing(start="2026-12-07T05:30:00", end="2026-12-07T05:00:00"), "/timing/end", "end_before_start"),
        (Timing(start="2026-12-07T05:30:00", end="2026-12-07T05:30:00"), "/timing/end", "end_before_start"),
        (Timing(start="2026-12-07", end="2026-12-06"), "/timing/end", "end_before_start"),
        (Timing(start="2026-12-07", end="2026-12-07T05:30:00"), "/timing/end", "day_and_time"),
        (Timing(start="2026-02-30T05:30:00", end="2026-12-07T05:30:00"), "/timing/start", "no_such_time"),
        (Timing(start="2026-12-07T25:30:00", end="2026-12-07T05:30:00"), "/timing/start", "no_such_time"),
        (Timing(start="2026-12-07T05:30:00", end="2028-12-09T05:30:00"), "/timing/end", "out_of_bounds"),
        (Timing(start="1999-12-07", end="1999-12-07"), "/timing/start", "too_far"),
        (Timing(start="0001-01-01T00:00:00", end="0001-01-01T01:00:00"), "/timing/start", "too_far"),
        (Timing(start="2026-01-01T00:00:00", end="9999-12-31T23:00:00"), "/timing/end", "too_far"),
        (Timing(start="2031-12-07", end="2031-12-07"), "/timing/start", "too_far"),
        (Timing(start="2026-12-07", end="2026-12-07", zone="Asia/Saigonn"), "/timing/zone", "unknown_zone"),
        (Timing(start="2026-12-07", end="2026-12-07", zone="../../etc/passwd"), "/timing/zone", "unknown_zone"),
        (Timing(start="2026-12-07", end="2026-12-07", zone="localtime"), "/timing/zone", "unknown_zone"),
        (series("FREQ=WEEKLY;COUNT=3", zone="Etc/UTC"), "/timing/zone", "series_in_utc"),
    ],
)
def test_a_time_that_is_none_is_refused_naming_its_field(timing: Timing, pointer: str, code: str) -> None:
    assert refusal(timing) == (pointer, code)


def test_29_february_every_year_must_be_written_in_full_for_programs_disagree() -> None:
    leap = series("FREQ=YEARLY", "2024-02-29", "2024-02-29")
    assert refusal(leap) == ("/timing/recurrence/rule", "leap_day")
    explicit = check_timing(series("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29", "2024-02-29"), NOW, expand_rule)
    assert [o.start for o in expand(explicit, (), NOW + HORIZON, expand_rule)] == ["2024-02-29", "2028-02-29"]


def test_wall_time_is_kept_across_a_clock_change() -> None:
    berlin = series("FREQ=WEEKLY;COUNT=3", "2027-03-22T08:00:00", "2027-03-22T09:00:00", zone="Europe/Berlin")
    found = expand(check_timing(berlin, NOW, expand_rule), (), NOW + HORIZON, expand_rule)
    assert [o.start[11:] for o in found] == ["08:00:00"] * 3
    assert [o.starts_at.hour for o in found] == [7, 6, 6]


def test_a_day_is_the_outlets_and_never_utcs() -> None:
    late = datetime(2026, 12, 1, 18, tzinfo=UTC)
    assert day_of(late, read_zone("Asia/Ho_Chi_Minh")) == date(2026, 12, 2)
    assert day_of(late, read_zone("America/New_York")) == date(2026, 12, 1)


def test_a_due_day_lasts_until_its_end() -> None:
    assert due_instant("2026-12-06", "Asia/Ho_Chi_Minh") == datetime(2026, 12, 6, 16, 59, 59, tzinfo=UTC)


def test_until_is_written_as_the_standard_wants_it() -> None:
    timed = check_timing(series("FREQ=WEEKLY;UNTIL=20261228"), NOW, expand_rule)
    assert timed.recurrence is not None
    assert timed.recurrence.rule == "FREQ=WEEKLY;UNTIL=20261228T165959Z"
    whole = check_timing(series("FREQ=WEEKLY;UNTIL=20261228T165959Z", "2026-12-07", "2026-12-07"), NOW, expand_rule)
    assert whole.recurrence is not None
    assert whole.recurrence.rule == "FREQ=WEEKLY;UNTIL=20261228"


def test_what_is_excluded_is_left_out_what_is_added_comes_once() -> None:
    timing = series(
        "FREQ=WEEKLY;COUNT=3", excluded=("2026-12-14T05:30:00",), added=("2026-12-15T05:30:00", "2026-12-21T05:30:00")
    )
    checked = check_timing(timing, NOW, expand_rule)
    starts = [o.start for o in expand(checked, (), NOW + HORIZON, expand_rule)]
    assert starts == ["2026-12-07T05:30:00", "2026-12-15T05:30:00", "2026-12-21T05:30:00"]
    assert refusal(series("FREQ=WEEKLY;COUNT=1", excluded=("2026-12-07T05:30:00",)))[1] == "nothing_left"


RULES = st.sampled_from(
    [
        ("FREQ=DAILY;COUNT={n}", "2026-12-07"), ("FREQ=DAILY;INTERVAL=3;COUNT={n}", "2026-12-07"),
        ("FREQ=WEEKLY;COUNT={n}", "2026-12-07"), ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT={n}", "2026-12-07"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,FR;UNTIL=20271231", "2026-12-07"), ("FREQ=MONTHLY;BYDAY=-1FR;COUNT={n}", "2026-12-25"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT={n}", "2026-12-31"), ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-12-31"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT={n}", "2026-12-31"),
        ("FREQ=WEEKLY;UNTIL=20280101T000000Z", "2026-12-07"), ("FREQ=YEARLY", "2026-12-07"),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU;COUNT={n}", "2026-12-01"),
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(RULES, st.integers(2, 30), st.booleans(), st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin"]), st.data())
def test_a_cut_loses_no_occurrence_and_doubles_none(
    rule: tuple[str, str], count: int, all_day: bool, zone: str, data: st.DataObject
) -> None:
    text, day = rule
    start, end = (day, day) if all_day else (f"{day}T05:30:00", f"{day}T07:00:00")
    timing = check_timing(series(text.format(n=count), start, end, zone=zone), NOW, expand_rule)
    whole = expand(timing, (), NOW + HORIZON, expand_rule)
    places = [each.recurrence_id for each in whole]
    left_out = data.draw(st.sets(st.sampled_from(places), max_size=len(places) // 3))
    assert timing.recurrence is not None
    timing = Timing(
        start=start,
        end=end,
        zone=zone,
        recurrence=Recurrence(rule=timing.recurrence.rule, excluded=tuple(sorted(left_out))),
    )
    whole = expand(timing, (), NOW + HORIZON, expand_rule)
    if len(whole) < 2:
        return
    at = data.draw(st.sampled_from([each.recurrence_id for each in whole[1:]]))
    halves = split(timing, at, expand_rule)
    both = [expand(half, (), NOW + HORIZON, expand_rule) for half in (halves.before, halves.after)]
    assert both[0] + both[1] == whole
    assert both[1][0].recurrence_id == at
    for half in (halves.before, halves.after):
        check_timing(half, NOW, expand_rule)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=3, unique=True),
    st.lists(st.integers(-31, 31).filter(bool), max_size=2, unique=True),
    st.lists(st.integers(1, 12), max_size=2, unique=True),
    st.sampled_from([None, 1, -1, 2]),
    st.dates(date(2025, 1, 1), date(2028, 12, 31)),
)
def test_whether_a_rule_produces_its_start_is_found_as_the_library_finds_it(
    frequency: str, days: list[str], month_days: list[int], months: list[int], position: int | None, start: date
) -> None:
    parts = [f"FREQ={frequency}"]
    parts += [f"BYDAY={','.join(days)}"] if days else []
    parts += [f"BYMONTHDAY={','.join(map(str, month_days))}"] if month_days and frequency != "WEEKLY" else []
    parts += [f"BYMONTH={','.join(map(str, months))}"] if months else []
    parts += (
        [f"BYSETPOS={position}"] if position and frequency in ("MONTHLY", "YEARLY") and (days or month_days) else []
    )
    try:
        rule = read_rule(";".join(parts), "")
    except InvalidContent:
        return
    at = datetime.combine(start, datetime.min.time())
    until = (at + timedelta(days=400)).strftime("%Y%m%dT%H%M%S")
    first = next(expand_rule(f"{';'.join(parts)};UNTIL={until}", at), None)
    assert produces(rule, start) == (first == at), parts


def test_an_occurrence_that_was_moved_keeps_its_place_in_the_series() -> None:
    timing = series("FREQ=WEEKLY;COUNT=2")
    moved = Override(recurrence_id="2026-12-14T05:30:00", start="2026-12-15T18:00:00", end="2026-12-15T19:30:00")
    [_, second] = expand(timing, [moved], NOW + HORIZON, expand_rule)
    assert (second.recurrence_id, second.start, second.end) == (moved.recurrence_id, moved.start, moved.end)
    assert second.ends_at - second.starts_at == timedelta(minutes=90)


@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 5),
    st.sets(st.integers(0, 6), max_size=3),
    st.dates(date(2015, 1, 1), date(2026, 6, 1)),
    st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin"]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_an_old_series_is_expanded_from_a_day_on_as_from_its_beginning(
    frequency: str, interval: int, days: set[int], first: date, zone: str
) -> None:
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    by_day = ",".join(names[each] for each in sorted(days | {first.weekday()})) if days else ""
    rule = f"FREQ={frequency};INTERVAL={interval}" + (f";BYDAY={by_day}" if by_day else "")
    timing = Timing(start=f"{first}T01:30:00", end=f"{first}T04:00:00", zone=zone, recurrence=Recurrence(rule=rule))
    since, horizon = date(2026, 10, 20), NOW + timedelta(days=200)
    whole = [each for each in expand(timing, (), horizon, expand_rule) if each.start[:10] >= str(since)]
    late = [each for each in expand(timing, (), horizon, expand_rule, since=since) if each.start[:10] >= str(since)]
    assert whole == late


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;INTERVAL=400;BYMONTH=12;BYMONTHDAY=7;BYDAY=MO", "FREQ=MONTHLY;INTERVAL=400;BYMONTHDAY=7;COUNT=400"],
)
def test_a_rule_that_finds_nothing_more_ends_at_the_horizon(rule: str) -> None:
    ends = []

    def watched(text: str, start: datetime) -> Iterator[datetime]:
        ends.append(text)
        return expand_rule(text, start)

    check_timing(series(rule), NOW, watched)
    assert ends
    for text in ends:
        assert "COUNT" not in text
        assert f"UNTIL={(NOW + HORIZON).year}" in text


def test_a_weekly_series_of_many_years_can_still_be_changed() -> None:
    old = Timing(start="2015-01-05T05:30:00", end="2015-01-05T06:00:00", recurrence=Recurrence(rule="FREQ=WEEKLY"))
    assert check_timing(old, NOW, expand_rule) == old
    daily = Timing(start="2026-01-05T05:30:00", end="2026-01-05T06:00:00", recurrence=Recurrence(rule="FREQ=DAILY"))
    with pytest.raises(InvalidContent):
        check_timing(daily, NOW, expand_rule)
