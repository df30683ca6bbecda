"""Assignments: one truth with their coverage, an answer only by whom they were given to, a history that stays."""

import contextlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from domain.content.content import Content
from domain.content.material import Material
from domain.coordination.actions import activities, assignments, bulk_assignments, coverages
from domain.coordination.activity import Evidence
from domain.coordination.assignment import OPEN, Assignee, Assignment, AssignmentRequest, BulkRequest, BulkSelection
from domain.coordination.coverage import CoveragePlan
from domain.errors import Forbidden, IdTaken, InvalidContent, NoteRequired, NotFound, WrongState
from domain.events import MaterialTakenDown
from tests.support.memory import START, Database
from tests.support.planners import COMMUNE, COORDINATOR, HOME, MANAGER, STATION, actor, database, planned, run


def given(made: Database, by: Any = COORDINATOR, **more: Any) -> Assignment:
    activity = planned(made, "2026-12-07T05:30:00", "2026-12-07T06:00:00")
    terms = {"activity_id": activity.id, "due": "2026-12-06", "assignee": Assignee(organization_id=STATION)} | more
    return run(assignments.put(made.work(), by, made.ids.new(), AssignmentRequest(**terms)))[0]


def moved(made: Database, one: Assignment, action: Any, by: Any = MANAGER, **more: Any) -> Assignment:
    return run(assignments.move(made.work(), by, one.id, action, revision=one.revision, **more))


def test_an_assignment_is_accepted_done_and_keeps_its_history() -> None:
    made = database()
    one = moved(made, moved(made, given(made), "accept"), "start")
    done = moved(made, one, "complete", evidence=(Evidence(url="https://example.org/da-phat"),))
    assert (done.state, [step.action for step in done.history]) == (
        "completed",
        ["assign", "accept", "start", "complete"],
    )
    with pytest.raises(WrongState):
        moved(made, done, "decline", note="muộn")


def test_declining_needs_a_reason_and_completing_evidence_or_a_note() -> None:
    made = database()
    one = given(made)
    with pytest.raises(NoteRequired):
        moved(made, one, "decline")
    with pytest.raises(NoteRequired):
        moved(made, moved(made, one, "accept"), "complete")


def test_only_whom_it_was_given_to_answers() -> None:
    made = database()
    for assignee in (Assignee(organization_id=STATION, member_id=None, role="coordinator"),):
        one = given(made, assignee=assignee)
        with pytest.raises(Forbidden):
            moved(made, one, "accept")
    with pytest.raises(NotFound):
        moved(made, given(made), "accept", by=actor("outlet_manager", COMMUNE))


def test_giving_it_to_another_keeps_those_who_had_it_and_asks_anew() -> None:
    made = database()
    one = moved(made, given(made), "decline", note="Không đủ người")
    again = moved(made, one, "reassign", by=COORDINATOR, assignee=Assignee(organization_id=COMMUNE))
    assert (again.state, again.assignee.organization_id) == ("assigned", COMMUNE)
    assert [step.assignee.organization_id for step in again.history] == [STATION, STATION, COMMUNE]


def test_a_previous_assignee_gets_an_entry_and_delegated_work_is_cancelled_too() -> None:
    made = database()
    one = moved(made, given(made), "accept")
    child = run(
        assignments.delegate(made.work(), MANAGER, one.id, made.ids.new(), Assignee(organization_id=COMMUNE), note="")
    )
    parent = run(made.work().assignments.get(one.id))
    moved(made, parent, "cancel", by=COORDINATOR, note="Thôi")
    assert run(made.work().assignments.get(child.id)).state == "cancelled"
    other = moved(made, given(made), "accept")
    moved(made, other, "reassign", by=COORDINATOR, assignee=Assignee(organization_id=COMMUNE))
    entries = {(each.organization_id, each.kind) for each in made.inbox if each.target == f"assignment:{other.id}"}
    assert {(STATION, "change"), (COMMUNE, "assignment")} <= entries


def test_one_delegates_downward_only() -> None:
    made = database()
    one = moved(made, given(made), "accept")
    with pytest.raises(InvalidContent):
        run(assignments.delegate(made.work(), MANAGER, one.id, made.ids.new(), Assignee(organization_id=HOME), note=""))
    child = run(
        assignments.delegate(made.work(), MANAGER, one.id, made.ids.new(), Assignee(organization_id=COMMUNE), note="x")
    )
    assert (child.parent_id, child.owner_id) == (one.id, STATION)
    assert made.tables["assignments"][one.id].state == "in_progress"


def test_a_bulk_assignment_reports_for_each_and_sent_again_doubles_nothing() -> None:
    made = database()
    activity = planned(made, "2026-12-07T05:30:00", "2026-12-07T06:00:00")
    nobody = UUID(int=999)
    request = BulkRequest(
        key=made.ids.new(),
        activity_id=activity.id,
        due="2026-12-06",
        to=BulkSelection(kinds=("radio_station", "commune"), organization_ids=(nobody,)),
    )
    answers = run(bulk_assignments.put(made.work(), COORDINATOR, request))
    assert {(a.organization_id, a.new, a.refused) for a in answers} == {
        (STATION, True, ""), (COMMUNE, True, ""), (nobody, False, "unknown_reference"),
    }  # fmt: skip
    again = run(bulk_assignments.put(made.work(), COORDINATOR, request))
    assert not any(answer.new for answer in again)
    assert len(made.tables["assignments"]) == 2


def test_a_due_time_stands_once_in_the_coverage_or_in_the_assignment() -> None:
    made = database()
    activity = planned(made, "2026-12-07T05:30:00", "2026-12-07T06:00:00")
    plan = CoveragePlan(kind="article", due="2026-12-05")
    coverage, _ = run(coverages.put(made.work(), COORDINATOR, activity.id, made.ids.new(), plan, None))
    for more, code in (({"due": None}, "required"), ({"coverage_id": coverage.id}, "due_of_coverage")):
        with pytest.raises(InvalidContent) as refused:
            given(made, activity_id=activity.id, **more)
        assert refused.value.errors[0].code == code


def test_the_same_request_again_is_answered_alike_another_is_refused() -> None:
    made = database()
    activity = planned(made, "2026-12-07T05:30:00", "2026-12-07T06:00:00")
    request = AssignmentRequest(activity_id=activity.id, due="2026-12-06", assignee=Assignee(organization_id=STATION))
    identifier = made.ids.new()
    first, new = run(assignments.put(made.work(), COORDINATOR, identifier, request))
    assert new
    assert run(assignments.put(made.work(), COORDINATOR, identifier, request)) == (first, False)
    with pytest.raises(IdTaken):
        run(assignments.put(made.work(), COORDINATOR, identifier, replace(request, due="2026-12-05")))


class OneTruth(RuleBasedStateMachine):
    """Whatever is done to activities, coverages and materials: an open assignment's coverage is live, its due alike."""

    @initialize()
    def begin(self) -> None:
        self.database = database()
        self.activity = planned(self.database, "2026-12-07T05:30:00", "2026-12-07T06:00:00")
        self.materials: list[UUID] = []
        for _ in range(2):
            self.materials.append(self._material())

    def _material(self) -> UUID:
        made = Material(
            id=self.database.ids.new(),
            owner_id=HOME,
            content=Content(kind="article", title="Bài"),
            edited_by="x",
            created_at=START,
            updated_at=START,
        )

        async def add() -> None:
            async with self.database.work() as work:
                await work.materials.add(made)
                await work.commit()

        run(add())
        return made.id

    def _coverages(self) -> list[Any]:
        return list(self.database.tables.get("coverages", {}).values())

    def _attempt(self, work: Any) -> None:
        with contextlib.suppress(WrongState, InvalidContent, IdTaken):
            run(work)

    @rule(day=st.integers(1, 28), material=st.sampled_from([None, 0, 1]))
    def plan(self, day: int, material: int | None) -> None:
        plan = CoveragePlan(
            kind="article", due=f"2026-12-{day:02}", material_id=None if material is None else self.materials[material]
        )
        identifier = self.database.ids.new()
        self._attempt(coverages.put(self.database.work(), COORDINATOR, self.activity.id, identifier, plan, None))

    @rule(data=st.data(), day=st.integers(1, 28))
    def change(self, data: Any, day: int) -> None:
        assume(self._coverages())
        one = data.draw(st.sampled_from(self._coverages()))
        plan = replace(one.plan, due=f"2027-01-{day:02}")
        self._attempt(coverages.put(self.database.work(), COORDINATOR, self.activity.id, one.id, plan, one.revision))

    @rule(data=st.data())
    def assign(self, data: Any) -> None:
        assume(self._coverages())
        one = data.draw(st.sampled_from(self._coverages()))
        request = AssignmentRequest(
            activity_id=self.activity.id, coverage_id=one.id, assignee=Assignee(organization_id=STATION)
        )
        self._attempt(assignments.put(self.database.work(), COORDINATOR, self.database.ids.new(), request))

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        assume(self._coverages())
        one = data.draw(st.sampled_from(self._coverages()))
        self._attempt(coverages.cancel(self.database.work(), COORDINATOR, self.activity.id, one.id))

    @rule(number=st.integers(0, 1))
    def kill(self, number: int) -> None:
        async def take_down() -> None:
            async with self.database.work() as work:
                material = await work.materials.get(self.materials[number])
                await work.materials.save(replace(material, state="killed"))
                await work.commit(
                    MaterialTakenDown(
                        actor="x",
                        activity="material.kill",
                        target="m",
                        material_id=material.id,
                        reason="killed",
                        note="",
                    )
                )

        self._attempt(take_down())

    @rule(really=st.sampled_from([False, False, False, True]))
    def cancel_activity(self, really: bool) -> None:
        current = self.database.tables["activities"][self.activity.id]
        assume(really and current.state != "cancelled")
        run(
            activities.move(
                self.database.work(), COORDINATOR, current.id, "cancel", revision=current.revision, note="Mưa"
            )
        )

    @invariant()
    def assignment_and_coverage_agree(self) -> None:
        if not hasattr(self, "database"):
            return
        live = {c.id: c for c in self._coverages() if c.state != "cancelled"}
        for each in self.database.tables.get("assignments", {}).values():
            assert each.due_at is None, "the due time is the coverage's"
            if each.state in OPEN:
                assert each.terms.coverage_id in live
        for each in live.values():
            if each.plan.material_id is not None:
                assert self.database.tables["materials"][each.plan.material_id].state != "killed"


TestOneTruth = OneTruth.TestCase
TestOneTruth.settings = settings(max_examples=60, stateful_step_count=15, deadline=None, derandomize=True)


def test_a_reminder_is_due_its_time_before_the_due_time() -> None:
    one = given(database(), reminders=(60, 3600, 60))
    assert one.terms.reminders == (3600, 60)
    assert one.due_at is not None
    assert one.due_at - START > timedelta(days=9)
