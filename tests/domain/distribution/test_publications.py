"""Publication, schedules and takedowns as actions, on stores in memory: nothing but the rules."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest

from domain.actor import Actor
from domain.content.actions import materials
from domain.content.content import MAX_RELATIONS, Content, Relation, Rights
from domain.content.material import Material, allowed_actions
from domain.distribution.actions import grants, publications
from domain.distribution.actions.publications import Publisher
from domain.distribution.channel import Channel
from domain.errors import Embargoed, Forbidden, InsufficientScope, InvalidContent, NoteRequired, NotFound, WrongState
from domain.events import CLOCK, MaterialTakenDown, TakedownOpened
from domain.identity.member import Role
from domain.identity.organization import Organization
from domain.scopes import scopes_of
from tests.support.memory import Database, FakeMarkup, FakeSigner

T = TypeVar("T")
HOME, OTHER = UUID(int=1), UUID(int=2)
PUBLISHER = Publisher(FakeMarkup(), FakeSigner())


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def person(number: int, role: Role, organization: UUID = HOME) -> Actor:
    return Actor(
        client_id="app",
        organization_id=organization,
        scopes=scopes_of((role,)),
        roles=frozenset({role}),
        member_id=UUID(int=number),
    )


EDITOR, APPROVER, COORDINATOR = person(11, "editor"), person(12, "approver"), person(13, "coordinator")


@pytest.fixture
def database() -> Database:
    made = Database()

    async def fill() -> None:
        async with made.work() as work:
            for organization_id, code in ((HOME, "stttt"), (OTHER, "bao")):
                await work.organizations.add(
                    Organization(id=organization_id, code=code, kind="department", name=code.upper())
                )
            await work.channels.add(Channel(id=UUID(int=21), slug="web", title="Web", public=True))
            await work.commit()

    run(fill())
    return made


def approved(database: Database, **changes: Any) -> Material:
    content = Content(
        kind="article",
        title="Mã OTP",
        body="Không đưa mã.",
        topics=("online_scams",),
        audiences=("general_public",),
        rights=Rights(license="CC-BY-4.0"),
        **changes,
    )
    draft = run(materials.create(database.work(), EDITOR, content))
    return _approve(database, draft)


def _approve(database: Database, draft: Material) -> Material:
    review = run(materials.move(database.work(), EDITOR, draft.id, "request_review", revision=draft.revision))
    return run(materials.move(database.work(), APPROVER, draft.id, "approve", revision=review.revision))


def tick(database: Database, material: Material) -> Material | None:
    return run(publications.run_due(database.work(), PUBLISHER, material.id))


def publish(database: Database, material: Material) -> Material:
    return run(
        publications.publish(
            database.work(), PUBLISHER, COORDINATOR, material.id, "publish", revision=material.revision
        )
    )


def schedule(database: Database, material: Material, actor: Actor = COORDINATOR, **more: Any) -> Material:
    start = more.pop("start", None)
    return run(
        materials.schedule(
            database.work(), actor, material.id, start, revision=material.revision, note=more.get("note", "")
        )
    )


def test_an_approved_material_never_goes_live_by_the_clock_alone(database: Database) -> None:
    start = database.clock.now() + timedelta(hours=1)
    material = approved(database, available_from=start)
    database.clock.move(hours=2)
    assert run(publications.list_due(database.work())) == []
    assert tick(database, material) is None
    assert database.entries == []


def test_only_a_coordinator_releases_a_material_for_its_time(database: Database) -> None:
    start = database.clock.now() + timedelta(hours=1)
    material = approved(database, available_from=start)
    with pytest.raises(InsufficientScope):
        schedule(database, material, EDITOR)
    with pytest.raises((Forbidden, InsufficientScope)):
        schedule(database, material, APPROVER)
    waiting = schedule(database, material)
    assert (waiting.state, waiting.scheduled_for) == ("scheduled", start)
    assert tick(database, waiting) is None
    database.clock.move(hours=1)
    assert run(publications.list_due(database.work())) == [material.id]
    live = tick(database, waiting)
    assert live is not None
    assert (live.state, live.live_version, live.scheduled_for) == ("published", 1, None)
    assert database.events[-1].actor == CLOCK
    assert [entry.channel_id for entry in database.entries] == [UUID(int=21)]


def test_an_unscheduled_or_returned_material_does_not_go_live(database: Database) -> None:
    start = database.clock.now() + timedelta(hours=1)
    first, second = (schedule(database, approved(database), start=start) for _ in range(2))
    back = run(materials.move(database.work(), COORDINATOR, first.id, "unschedule", revision=first.revision))
    assert back.state == "approved"
    with pytest.raises(NoteRequired):
        run(materials.move(database.work(), APPROVER, second.id, "return", revision=second.revision))
    returned = run(
        materials.move(database.work(), APPROVER, second.id, "return", revision=second.revision, note="Sai số")
    )
    assert (returned.state, returned.scheduled_for, returned.approved_by) == ("draft", None, None)
    database.clock.move(hours=2)
    assert [tick(database, each) for each in (first, second)] == [None, None]


@pytest.mark.parametrize(
    ("start", "changes", "code"),
    [
        (None, {}, "required"),
        (-1, {}, "in_the_past"),
        (1, {"available_from": 2}, "before_available_from"),
        (3, {"expires_at": 2}, "after_expires_at"),
    ],
)
def test_an_impossible_time_is_named(database: Database, start: int | None, changes: dict[str, int], code: str) -> None:
    now = database.clock.now()
    material = approved(database, **{name: now + timedelta(hours=hours) for name, hours in changes.items()})
    when = None if start is None else now + timedelta(hours=start)
    with pytest.raises(InvalidContent) as refused:
        schedule(database, material, start=when)
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/at", code)]


def test_a_correction_keeps_its_hour(database: Database) -> None:
    live = publish(database, approved(database))
    draft = run(materials.move(database.work(), EDITOR, live.id, "revise", revision=live.revision))
    start = database.clock.now() + timedelta(hours=1)
    patched = run(
        materials.patch(database.work(), EDITOR, draft.id, {"available_from": start.isoformat()}, draft.revision)
    )
    ready = _approve(database, patched)
    with pytest.raises(Embargoed):
        run(
            publications.publish(
                database.work(), PUBLISHER, COORDINATOR, ready.id, "correct", revision=ready.revision, note="Sửa số"
            )
        )
    with pytest.raises(NoteRequired):
        schedule(database, ready)
    waiting = schedule(database, ready, note="Sửa số")
    assert waiting.live_version == 1
    database.clock.move(hours=1)
    corrected = tick(database, waiting)
    assert corrected is not None
    assert (corrected.live_version, corrected.state) == (2, "published")
    document = run(_document(database, ready.id, 2))
    assert b'"correction_note":"S\xe1\xbb\xada s\xe1\xbb\x91"' in document


async def _document(database: Database, material_id: UUID, version: int) -> bytes:
    async with database.work() as work:
        return await work.publications.get_document(material_id, version)


def test_a_version_whose_end_passed_while_nothing_ran_never_goes_live(database: Database) -> None:
    now = database.clock.now()
    waiting = schedule(
        database, approved(database, expires_at=now + timedelta(hours=2)), start=now + timedelta(hours=1)
    )
    database.clock.move(hours=3)
    missed = tick(database, waiting)
    assert missed is not None
    assert (missed.state, missed.live_version, missed.due_at) == ("approved", None, None)
    assert run(publications.list_due(database.work())) == []


def test_a_kill_opens_the_takedown_in_the_same_commit(database: Database) -> None:
    live = publish(database, approved(database))
    database.recipients[live.id] = [OTHER]
    killed = run(
        publications.take_down(database.work(), COORDINATOR, live.id, "kill", revision=None, note="Sai số điện thoại")
    )
    [takedown] = database.tables["takedowns"].values()
    assert (takedown.material_id, takedown.reason, takedown.closed_at) == (killed.id, "killed", None)
    assert [each.organization_id for each in takedown.obligations] == [OTHER]
    assert [type(each) for each in database.events[-2:]] == [MaterialTakenDown, TakedownOpened]


@pytest.mark.parametrize("version", [None, 1])
def test_what_was_killed_comes_back_as_a_new_draft_that_replaces_it(database: Database, version: int | None) -> None:
    live = publish(database, approved(database))
    run(publications.take_down(database.work(), COORDINATOR, live.id, "kill", revision=None, note="Sai"))
    draft = run(publications.duplicate(database.work(), EDITOR, live.id, version))
    assert (draft.state, draft.version, draft.content.title) == ("draft", 1, live.content.title)
    assert draft.id != live.id
    assert [(r.rel, r.id) for r in draft.content.relations] == [("replaces", str(live.id))]
    with pytest.raises(NotFound):
        run(publications.duplicate(database.work(), person(31, "editor", OTHER), live.id, version))
    again = run(publications.duplicate(database.work(), EDITOR, draft.id, None))
    assert [r.id for r in again.content.relations] == [str(draft.id)]


def test_allowed_actions_are_those_that_succeed(database: Database) -> None:
    material = approved(database)
    now = database.clock.now()
    assert allowed_actions(material, EDITOR, now) == ["duplicate"]
    assert allowed_actions(material, APPROVER, now) == ["return"]
    assert set(allowed_actions(material, COORDINATOR, now)) == {"return", "publish", "schedule", "duplicate"}
    waiting = schedule(database, material, start=now + timedelta(hours=1))
    assert set(allowed_actions(waiting, COORDINATOR, now)) == {"return", "unschedule", "duplicate"}
    with pytest.raises(WrongState):
        publish(database, waiting)


def test_a_grant_is_given_once_and_revoked_once(database: Database) -> None:
    given = [run(grants.give(database.work(), COORDINATOR, "web", OTHER)) for _ in range(2)]
    assert given[0] == given[1]
    assert [event.activity for event in database.events].count("grant.give") == 1


def test_a_correction_cannot_be_scheduled_for_after_the_live_versions_end(database: Database) -> None:
    end = database.clock.now() + timedelta(hours=2)
    live = publish(database, approved(database, expires_at=end))
    draft = run(materials.move(database.work(), EDITOR, live.id, "revise", revision=live.revision))
    patched = run(materials.patch(database.work(), EDITOR, draft.id, {"expires_at": None}, draft.revision))
    ready = _approve(database, patched)
    with pytest.raises(InvalidContent) as refused:
        schedule(database, ready, start=end + timedelta(hours=1), note="Sửa số")
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/at", "after_expires_at")]


def test_nothing_that_has_expired_is_offered_for_publication(database: Database) -> None:
    now = database.clock.now()
    material = approved(database, expires_at=now + timedelta(hours=1))
    assert "publish" in allowed_actions(material, COORDINATOR, now)
    assert set(allowed_actions(material, COORDINATOR, now + timedelta(hours=2))) == {"return", "duplicate"}


def test_a_duplicate_of_a_material_with_all_relations_can_be_read_again(database: Database) -> None:
    relations = tuple(Relation(rel="part_of", id=str(UUID(int=n))) for n in range(MAX_RELATIONS))
    original = approved(database, relations=relations)
    draft = run(publications.duplicate(database.work(), EDITOR, original.id, None))
    assert msgspec.convert(msgspec.to_builtins(draft.content), Content) == draft.content
    assert draft.content.relations[-1].id == str(original.id)
