"""Series under random edits, against a simple model of dated entries."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from domain.coordination.actions import activities, assignments, coverages
from domain.coordination.actions.series import CANCELLED_FOR, Part, leave_out_cancelled
from domain.coordination.activity import Activity, without_cancelled
from domain.coordination.assignment import Assignee, AssignmentRequest
from domain.coordination.coverage import CoveragePlan
from domain.errors import InvalidContent, StaleVersion, WrongState
from domain.timing import MAX_EXCLUDED, Override
from tests.support.memory import Database
from tests.support.planners import COMMUNE, COORDINATOR, STATION, actor, database, planned, run

MONDAY = date(2026, 12, 7)


class Entry:
    """One dated entry of the model."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.start: datetime | None = None
        self.title: str | None = None
        self.cancelled = False


class Line:
    """A series of the model: what its entries share, and the entries."""

    def __init__(self, entries: list[Entry], clock: time, title: str) -> None:
        self.entries, self.clock, self.title, self.stopped = entries, clock, title, False

    def shown(self) -> set[tuple[str, str, bool]]:
        return {
            (
                (each.start or datetime.combine(each.day, self.clock)).isoformat(),
                each.title or self.title,
                each.cancelled or self.stopped,
            )
            for each in self.entries
        }


class Series(RuleBasedStateMachine):
    """Edits one occurrence, it and all that follow, or all; after each step both have the same entries."""

    @initialize(count=st.integers(3, 12), weekly=st.booleans())
    def begin(self, count: int, weekly: bool) -> None:
        self.database: Database = database()
        step = timedelta(days=7 if weekly else 1)
        frequency = "WEEKLY" if weekly else "DAILY"
        made = planned(self.database, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", f"FREQ={frequency};COUNT={count}")
        entries = [Entry(MONDAY + number * step) for number in range(count)]
        self.lines = {made.id: Line(entries, time(5, 30), "Gốc")}
        self.revisions: dict[UUID, int] = {made.id: made.revision}

    def _pick(self, data: Any) -> tuple[Activity, Line, Entry]:
        choices = [(k, e) for k, line in self.lines.items() if not line.stopped for e in line.entries]
        assume(choices)  # else everything is cancelled
        identifier, entry = data.draw(st.sampled_from(choices))
        activity: Activity = self.database.tables["activities"][identifier]
        return activity, self.lines[identifier], entry

    def _place(self, line: Line, entry: Entry) -> str:
        return datetime.combine(entry.day, line.clock).isoformat()

    def _saved(self, activity: Activity) -> None:
        known = self.revisions.get(activity.id)
        assert known is None or activity.revision > known, "the sequence did not rise"
        for identifier, stored in self.database.tables["activities"].items():
            self.revisions[identifier] = stored.revision

    def _patch(self, activity: Activity, changes: dict[str, object], part: Part) -> Activity:
        saved = run(activities.patch(self.database.work(), COORDINATOR, activity.id, changes, activity.revision, part))
        self._saved(saved)
        return saved

    @rule(data=st.data(), days=st.integers(-2, 2), hour=st.integers(6, 20))
    def move_one(self, data: Any, days: int, hour: int) -> None:
        activity, line, entry = self._pick(data)
        start = datetime.combine(entry.day + timedelta(days=days), time(hour))
        times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        self._patch(activity, {"timing": times}, Part("this", self._place(line, entry)))
        entry.start = start

    @rule(data=st.data(), number=st.integers(1, 99))
    def rename_one(self, data: Any, number: int) -> None:
        activity, line, entry = self._pick(data)
        self._patch(activity, {"title": f"Riêng {number}"}, Part("this", self._place(line, entry)))
        entry.title = f"Riêng {number}"

    @rule(data=st.data())
    def cancel_one(self, data: Any) -> None:
        activity, line, entry = self._pick(data)
        action: Any = "resume" if entry.cancelled else "cancel"
        part = Part("this", self._place(line, entry))
        moved = activities.move(
            self.database.work(), COORDINATOR, activity.id, action, revision=activity.revision, note="x", part=part
        )
        self._saved(run(moved))
        entry.cancelled = not entry.cancelled

    @rule(data=st.data())
    def put_one_back(self, data: Any) -> None:
        activity, line, entry = self._pick(data)
        changes = {"title": None, "timing": {"start": None, "end": None}}
        self._patch(activity, changes, Part("this", self._place(line, entry)))
        entry.title = entry.start = None

    @rule(data=st.data(), number=st.integers(1, 99))
    def rename_following(self, data: Any, number: int) -> None:
        activity, line, entry = self._pick(data)
        part = Part("this_and_following", self._place(line, entry))
        saved = self._patch(activity, {"title": f"Mùa {number}"}, part)
        self._cut(activity, saved, line, entry).title = f"Mùa {number}"

    def _cut(self, before: Activity, after: Activity, line: Line, entry: Entry) -> Line:
        if after.id == before.id:
            assert entry is line.entries[0]
            return line
        assert after.id not in self.lines, "an id was used again"
        at = line.entries.index(entry)
        rest = Line(line.entries[at:], line.clock, line.title)
        line.entries = line.entries[:at]
        self.lines[after.id] = rest
        return rest

    @rule(data=st.data())
    def cancel_following(self, data: Any) -> None:
        activity, line, entry = self._pick(data)
        part = Part("this_and_following", self._place(line, entry))
        saved = run(
            activities.move(
                self.database.work(),
                COORDINATOR,
                activity.id,
                "cancel",
                revision=activity.revision,
                note="x",
                part=part,
            )
        )
        self._saved(saved)
        self._cut(activity, saved, line, entry).stopped = True

    @rule(data=st.data(), hour=st.integers(4, 21))
    def move_all(self, data: Any, hour: int) -> None:
        activity, line, _ = self._pick(data)
        start = datetime.combine(line.entries[0].day, time(hour, 15))
        times = {"start": start.isoformat(), "end": (start + timedelta(minutes=30)).isoformat()}
        self._patch(activity, {"timing": times}, Part())
        line.clock = start.time()

    @rule(data=st.data())
    def edit_what_was_read_before(self, data: Any) -> None:
        activity, _, _ = self._pick(data)
        if activity.revision > 1:
            with pytest.raises(StaleVersion):
                run(
                    activities.patch(
                        self.database.work(), COORDINATOR, activity.id, {"title": "Cũ"}, activity.revision - 1
                    )
                )

    @invariant()
    def both_have_the_same_entries(self) -> None:
        if not hasattr(self, "lines"):
            return
        for identifier, line in self.lines.items():
            activity = self.database.tables["activities"][identifier]
            found = self.database.tables["occurrences"][identifier]
            assert len(found) == len(line.entries)
            shown = {(o.start, o.title or activity.plan.title, o.cancelled_at is not None) for o in found}
            assert shown == line.shown()


TestSeries = Series.TestCase
TestSeries.settings = settings(max_examples=60, stateful_step_count=12, deadline=None, derandomize=True)


def test_one_occurrence_may_differ_in_times_title_and_place_only() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=3")
    part = Part("this", f"{MONDAY + timedelta(days=7)}T05:30:00")
    for changes in ({"kind": "seminar"}, {"timing": {"zone": "UTC"}}, {"topics": []}):
        with pytest.raises(InvalidContent) as refused:
            run(activities.patch(made.work(), COORDINATOR, series.id, changes, 1, part))  # type: ignore[arg-type]
        assert refused.value.errors[0].code == "of_the_series"


def test_what_hangs_on_the_later_part_of_a_series_goes_with_it_when_it_is_cut() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=4")
    second_day = MONDAY + timedelta(days=14)
    tasks = {}
    for due in (MONDAY, second_day):
        made_id = made.ids.new()
        plan = CoveragePlan(kind="article", due=due.isoformat())
        run(coverages.put(made.work(), COORDINATOR, series.id, made_id, plan, None))
        request = AssignmentRequest(
            activity_id=series.id, coverage_id=made_id, assignee=Assignee(organization_id=STATION)
        )
        tasks[made_id] = run(assignments.put(made.work(), COORDINATOR, made.ids.new(), request))[0]
    whole = AssignmentRequest(activity_id=series.id, due="2026-12-01", assignee=Assignee(organization_id=COMMUNE))
    run(assignments.put(made.work(), COORDINATOR, made.ids.new(), whole))
    part = Part("this_and_following", f"{second_day}T05:30:00")
    half = run(activities.patch(made.work(), COORDINATOR, series.id, {"title": "Mùa hai"}, 1, part))
    early, late = (made.tables["coverages"][each] for each in tasks)
    assert (early.activity_id, late.activity_id) == (series.id, half.id)
    assert [made.tables["assignments"][task.id].terms.activity_id for task in tasks.values()] == [series.id, half.id]
    for organization in (STATION, COMMUNE):
        reader = actor("outlet_manager", organization, 13)
        assert run(activities.read(made.work(), reader, half.id)).id == half.id


def test_what_hangs_on_an_occurrence_that_was_moved_past_the_cut_stays_with_it() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=5")
    places = [f"{MONDAY + timedelta(days=7 * week)}T05:30:00" for week in range(5)]
    moved_to = MONDAY + timedelta(days=23)
    times = {"timing": {"start": f"{moved_to}T05:30:00", "end": f"{moved_to}T06:00:00"}}
    changes: dict[str, object] = {**times}
    run(activities.patch(made.work(), COORDINATOR, series.id, changes, 1, Part("this", places[1])))
    ids = made.ids.new(), made.ids.new()
    for each, due in zip(ids, (moved_to, MONDAY + timedelta(days=21)), strict=True):
        run(coverages.put(made.work(), COORDINATOR, series.id, each, CoveragePlan(kind="article", due=f"{due}"), None))
    part = Part("this_and_following", places[2])
    run(activities.move(made.work(), COORDINATOR, series.id, "cancel", revision=2, note="x", part=part))
    assert [made.tables["coverages"][each].state for each in ids] == ["planned", "cancelled"]


def test_a_part_of_a_part_is_seen_by_those_assigned_to_the_part_between() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=6")
    parts = [Part("this_and_following", f"{MONDAY + timedelta(days=days)}T05:30:00") for days in (14, 28)]
    second = run(activities.patch(made.work(), COORDINATOR, series.id, {"title": "Hai"}, 1, parts[0]))
    terms = AssignmentRequest(activity_id=second.id, due="2026-12-01", assignee=Assignee(organization_id=STATION))
    run(assignments.put(made.work(), COORDINATOR, made.ids.new(), terms))
    third = run(activities.patch(made.work(), COORDINATOR, second.id, {"title": "Ba"}, second.revision, parts[1]))
    for each in (series, second, third):
        assert run(activities.read(made.work(), actor("outlet_manager", STATION, 13), each.id)).id == each.id
    assert {(STATION, f"activity:{each.id}") for each in (second, third)} <= {
        (entry.organization_id, entry.target) for entry in made.inbox
    }


def test_a_series_leaves_out_no_more_than_it_can_hold() -> None:
    made = database()
    left_out = tuple(f"{MONDAY + timedelta(days=7 * week)}T05:30:00" for week in range(1, 140))
    plan = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY", excluded=left_out)
    recurrence = plan.plan.timing.recurrence
    assert recurrence is not None
    old = [f"2020-01-01T00:{n // 60:02}:{n % 60:02}" for n in range(MAX_EXCLUDED - len(left_out) - 1)]
    full = replace(recurrence, excluded=tuple(sorted((*old, *left_out))))
    overrides = tuple(
        Override(recurrence_id=f"{MONDAY + timedelta(days=7 * week)}T05:30:00", cancelled_at=made.clock.now())
        for week in (141, 142)
    )
    timing = replace(plan.plan.timing, recurrence=full)
    activity = replace(plan, plan=replace(plan.plan, timing=timing), overrides=overrides)
    left = without_cancelled(activity, made.clock.now() + timedelta(days=1))
    assert left.plan.timing.recurrence is not None
    assert (len(left.plan.timing.recurrence.excluded), len(left.overrides)) == (MAX_EXCLUDED, 1)


def test_what_was_cancelled_sixty_days_ago_is_left_out_of_its_series() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=4")
    at = f"{MONDAY + timedelta(days=7)}T05:30:00"
    cancelled = run(
        activities.move(made.work(), COORDINATOR, series.id, "cancel", revision=1, note="x", part=Part("this", at))
    )
    made.clock.at += CANCELLED_FOR
    assert run(leave_out_cancelled(made.work())) == 0
    made.clock.at += timedelta(seconds=1)
    assert run(leave_out_cancelled(made.work())) == 1
    left = made.tables["activities"][series.id]
    assert (left.revision, left.overrides, left.plan.timing.recurrence.excluded) == (cancelled.revision + 1, (), (at,))
    assert len(made.tables["occurrences"][series.id]) == 3
    assert run(leave_out_cancelled(made.work())) == 0


def test_what_is_over_is_not_edited_and_cancelling_needs_a_reason() -> None:
    made = database()
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00")
    with pytest.raises(InvalidContent):
        run(activities.move(made.work(), COORDINATOR, series.id, "cancel", revision=1))
    gone = run(activities.move(made.work(), COORDINATOR, series.id, "cancel", revision=1, note="Mưa bão"))
    with pytest.raises(WrongState):
        run(activities.patch(made.work(), COORDINATOR, series.id, {"title": "x"}, gone.revision))


def test_days_left_out_stay_left_out_when_the_clock_time_changes() -> None:
    made = database()
    left_out = f"{MONDAY + timedelta(days=7)}T05:30:00"
    series = planned(made, f"{MONDAY}T05:30:00", f"{MONDAY}T06:00:00", "FREQ=WEEKLY;COUNT=3", excluded=(left_out,))
    times = {"timing": {"start": f"{MONDAY}T07:00:00", "end": f"{MONDAY}T08:00:00"}}
    run(activities.patch(made.work(), COORDINATOR, series.id, times, 1))  # type: ignore[arg-type]
    days = [o.start[:10] for o in made.tables["occurrences"][series.id]]
    assert days == [str(MONDAY), str(MONDAY + timedelta(days=14))]
