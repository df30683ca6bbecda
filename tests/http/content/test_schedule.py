"""Time publishes only what a coordinator has released; approvals can be taken back; what is gone can come back."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person

DESK = "/v1/desk/materials"


def act(who: Person, material: dict[str, Any], action: str, **body: Any) -> httpx.Response:
    return who.post(f"{DESK}/{material['id']}/{action}", json=body, headers={"if-match": f'"{material["revision"]}"'})


def verdict(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def live_within(reader: Person, material: dict[str, Any], seconds: float, version: int = 1) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = reader.get(f"/v1/materials/{material['id']}")
        if answer.status_code == 200 and answer.json()["version"] == version:
            return True
        time.sleep(0.1)
    return False


def test_an_approved_embargo_that_nobody_released_stays_private(installation: Installation, newsroom: Newsroom) -> None:
    approved = newsroom.approved(newsroom.draft(available_from=soon(2), title="Chưa phát hành"))
    assert not live_within(Person(installation.url), approved, 5)
    assert newsroom.editor.get(f"{DESK}/{approved['id']}").json()["state"] == "approved"


def test_a_coordinator_schedules_and_the_clock_publishes(installation: Installation, newsroom: Newsroom) -> None:
    approved = newsroom.approved(newsroom.draft(title="Hẹn giờ"))
    assert verdict(act(newsroom.editor, approved, "schedule", at=soon(60))) == (403, "insufficient_scope")
    assert verdict(act(newsroom.coordinator, approved, "schedule")) == (422, "invalid_content")
    assert verdict(act(newsroom.coordinator, approved, "schedule", at="2020-01-01T00:00:00Z")) == (
        422,
        "invalid_content",
    )
    assert verdict(act(newsroom.coordinator, approved, "schedule", at="2030-01-01T00:00:00")) == (
        422,
        "invalid_content",
    )
    assert verdict(act(newsroom.coordinator, approved, "schedule", when=soon(9))) == (422, "invalid_content")
    assert newsroom.editor.get(f"{DESK}/{approved['id']}").json()["revision"] == approved["revision"]
    scheduled = act(newsroom.coordinator, approved, "schedule", at=soon(1.5)).json()
    assert scheduled["state"] == "scheduled"
    assert live_within(Person(installation.url), approved, 6)
    history = newsroom.editor.get(f"{DESK}/{approved['id']}/history").json()["items"]
    assert [(line["action"], line["by"]) for line in history[-1:]] == [("publish", "clock")]


def test_unscheduled_and_returned_materials_stay_private(installation: Installation, newsroom: Newsroom) -> None:
    at = soon(4)
    first, second = (
        act(newsroom.coordinator, newsroom.approved(newsroom.draft(title=f"Rút lại {n}")), "schedule", at=at).json()
        for n in range(2)
    )
    assert verdict(act(newsroom.editor, first, "unschedule")) == (403, "insufficient_scope")
    assert act(newsroom.coordinator, first, "unschedule").json()["state"] == "approved"
    assert verdict(act(newsroom.approver, second, "return")) == (422, "note_required")
    back = act(newsroom.approver, second, "return", note="Sai số điện thoại").json()
    assert (back["state"], "scheduled_for" in back) == ("draft", False)
    assert not live_within(Person(installation.url), first, 5)
    assert Person(installation.url).get(f"/v1/materials/{second['id']}").status_code == 404


def test_an_approval_can_be_taken_back(newsroom: Newsroom) -> None:
    approved = newsroom.approved(newsroom.draft())
    back = act(newsroom.approver, approved, "return", note="Nguồn chưa rõ").json()
    assert (back["state"], back.get("approved_by")) == ("draft", None)
    live = newsroom.published()
    assert verdict(act(newsroom.approver, live, "return", note="Muộn rồi")) == (409, "wrong_state")


def test_a_correction_waits_for_its_hour(installation: Installation, newsroom: Newsroom) -> None:
    live = newsroom.published(title="Bản đầu")
    draft = newsroom.do(newsroom.editor, live, "revise")
    patched = newsroom.editor.patch(
        f"{DESK}/{draft['id']}", json={"available_from": soon(3)}, headers={"if-match": f'"{draft["revision"]}"'}
    ).json()
    ready = newsroom.approved(patched)
    assert verdict(act(newsroom.coordinator, ready, "correct", note="Sửa số")) == (409, "embargoed")
    assert verdict(act(newsroom.coordinator, ready, "schedule")) == (422, "note_required")
    assert act(newsroom.coordinator, ready, "schedule", note="Sửa số").json()["state"] == "scheduled"
    reader = Person(installation.url)
    assert reader.get(f"/v1/materials/{live['id']}").json()["version"] == 1
    assert live_within(reader, live, 8, version=2)
    assert reader.get(f"/v1/materials/{live['id']}").json()["correction_note"] == "Sửa số"


def test_a_killed_material_comes_back_as_a_new_draft(installation: Installation, newsroom: Newsroom) -> None:
    live = newsroom.published(title="Sẽ bị gỡ")
    newsroom.killed(live)
    made = newsroom.editor.post(f"{DESK}/{live['id']}/duplicate", json={"version": 1})
    assert made.status_code == 201, made.text
    draft = made.json()
    assert (draft["state"], draft["content"]["title"]) == ("draft", "Sẽ bị gỡ")
    assert draft["content"]["relations"] == [{"rel": "replaces", "id": live["id"]}]
    assert made.headers["location"].endswith(draft["id"])
    unknown = newsroom.editor.post(f"{DESK}/{live['id']}/duplicate", json={"version": 9})
    assert verdict(unknown) == (404, "not_found")
    stranger = Person(installation.url, installation.member_token("bientap.congan"))
    assert verdict(stranger.post(f"{DESK}/{live['id']}/duplicate", json={})) == (404, "not_found")


def test_the_working_copy_lists_the_callers_allowed_actions(newsroom: Newsroom) -> None:
    approved = newsroom.approved(newsroom.draft())
    path = f"{DESK}/{approved['id']}"
    reported = {
        name: set(person.get(path).json()["allowed_actions"])
        for name, person in (
            ("editor", newsroom.editor),
            ("approver", newsroom.approver),
            ("boss", newsroom.coordinator),
        )
    }
    assert reported == {
        "editor": {"duplicate"},
        "approver": {"return"},
        "boss": {"return", "publish", "schedule", "duplicate"},
    }


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("schedule", {"at": 7}, "/at"),
        ("schedule", {"at": "tomorrow"}, "/at"),
        ("schedule", {"note": 3}, "/note"),
        ("schedule", {"time": "2030-01-01T00:00:00Z"}, "/time"),
        ("unschedule", {"note": "a\x00"}, "/note"),
        ("duplicate", {"version": 0}, "/version"),
        ("duplicate", {"version": "1"}, "/version"),
        ("duplicate", {"versions": 1}, "/versions"),
    ],
)
def test_bad_bodies_of_the_new_actions_name_the_field_and_change_nothing(
    installation: Installation, newsroom: Newsroom, action: str, body: dict[str, Any], pointer: str
) -> None:
    material = newsroom.approved(newsroom.draft())
    before = installation.sql("SELECT count(*) AS n FROM materials")
    answer = act(newsroom.coordinator, material, action, **body)
    assert verdict(answer) == (422, "invalid_content"), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["errors"][0]["detail"]
    after = newsroom.coordinator.get(f"{DESK}/{material['id']}").json()
    assert (after["revision"], after["state"]) == (material["revision"], "approved")
    assert installation.sql("SELECT count(*) AS n FROM materials") == before


@pytest.mark.parametrize("action", ["schedule", "unschedule"])
def test_the_new_actions_need_the_present_revision(newsroom: Newsroom, action: str) -> None:
    material = newsroom.approved(newsroom.draft())
    path = f"{DESK}/{material['id']}/{action}"
    missing = newsroom.coordinator.post(path, json={})
    stale = newsroom.coordinator.post(path, json={}, headers={"if-match": '"99"'})
    assert [verdict(missing), verdict(stale)] == [(428, "precondition_required"), (412, "stale_version")]
