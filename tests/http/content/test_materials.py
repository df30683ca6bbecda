"""The life of a material: who may do what, when, and what the world then sees."""

import time
from datetime import UTC, datetime, timedelta

from harness.installation import Installation
from harness.people import Newsroom, Person, pull

DRAFTS = "/v1/desk/materials"


def tried(who: Person, material: dict, action: str, note: str = "") -> tuple[int, str]:
    answer = who.post(
        f"{DRAFTS}/{material['id']}/{action}", json={"note": note}, headers={"if-match": f'"{material["revision"]}"'}
    )
    return answer.status_code, answer.json().get("code", "")


def test_nobody_approves_what_they_edited_last(installation: Installation, newsroom: Newsroom) -> None:
    token = installation.member_token("dieuphoi.stttt")
    both = Person(installation.url, token)
    content = newsroom.draft()["content"]
    draft = both.post(DRAFTS, json=content).json()
    review = newsroom.do(both, draft, "request_review")
    assert tried(both, review, "approve") == (403, "four_eyes")
    assert newsroom.do(newsroom.approver, review, "approve")["state"] == "approved"


def test_sending_back_needs_a_note_and_the_history_tells_it(newsroom: Newsroom) -> None:
    review = newsroom.do(newsroom.editor, newsroom.draft(), "request_review")
    assert tried(newsroom.approver, review, "return") == (422, "note_required")
    back = newsroom.do(newsroom.approver, review, "return", "Thiếu nguồn")
    lines = newsroom.editor.get(f"{DRAFTS}/{back['id']}/history").json()["items"]
    assert [(line["action"], line["state"]) for line in lines] == [
        ("create", "draft"),
        ("request_review", "in_review"),
        ("return", "draft"),
    ]
    assert lines[-1]["note"] == "Thiếu nguồn"
    assert lines[-1]["by"].startswith("member:")


def test_an_editor_cannot_publish_and_a_partner_cannot_write(installation: Installation, newsroom: Newsroom) -> None:
    approved = newsroom.approved(newsroom.draft())
    assert tried(newsroom.editor, approved, "publish") == (403, "insufficient_scope")
    partner = Person(installation.url, installation.client_token(installation.new_client("btv")))
    assert partner.post(DRAFTS, json=approved["content"]).status_code == 403


def test_embargo_and_expiry_are_kept_by_the_clock(installation: Installation, newsroom: Newsroom) -> None:
    opens = datetime.now(UTC) + timedelta(seconds=2)
    closes = opens + timedelta(seconds=2)
    approved = newsroom.approved(
        newsroom.draft(available_from=opens.isoformat(), expires_at=closes.isoformat(), title="Hẹn giờ")
    )
    assert tried(newsroom.coordinator, approved, "publish") == (409, "embargoed")
    newsroom.do(newsroom.coordinator, approved, "schedule")
    reader = Person(installation.url)
    states = []
    while datetime.now(UTC) < closes + timedelta(seconds=4):
        answer = reader.get(f"/v1/materials/{approved['id']}")
        state = answer.status_code
        if state == 200:
            assert datetime.now(UTC) >= opens
        if not states or states[-1] != state:
            states.append(state)
        if state == 410:
            assert answer.json()["tombstone"]["reason"] == "expired"
            break
        time.sleep(0.1)
    assert states == [404, 200, 410]
    assert datetime.now(UTC) < closes + timedelta(seconds=2.5)


def test_a_narrower_rule_leaves_tombstones_and_a_wider_one_brings_back(
    installation: Installation, newsroom: Newsroom
) -> None:
    boss = newsroom.coordinator
    slug = f"thu-{time.time_ns()}"
    article = newsroom.published(topics=["law_policy"], title="Luật")
    made = boss.post("/v1/channels", json={"slug": slug, "title": "Thử", "rule": {"topics": ["law_policy"]}})
    assert made.status_code == 201

    def wait_for(op: str) -> dict:
        for _ in range(60):
            mine = [c for c in pull(boss, slug, cursor)[0] if c["id"] == article["id"] and c["op"] == op]
            if mine:
                return mine[0]
            time.sleep(0.1)
        raise AssertionError(op)

    cursor = f"{pull(boss, slug)[1].rsplit('-', 1)[0]}-1"
    wait_for("upsert")
    revision = boss.get(f"/v1/channels/{slug}").headers["etag"]
    boss.patch(f"/v1/channels/{slug}", json={"rule": {"topics": ["training"]}}, headers={"if-match": revision})
    assert wait_for("tombstone")["reason"] == "out_of_scope"
    revision = boss.get(f"/v1/channels/{slug}").headers["etag"]
    boss.patch(f"/v1/channels/{slug}", json={"rule": {}}, headers={"if-match": revision})
    assert wait_for("upsert")["version"] == 1


def test_a_lost_grant_is_403_with_an_entry_in_the_takedowns(installation: Installation, newsroom: Newsroom) -> None:
    partner = Person(installation.url, installation.client_token(installation.new_client("ttthongtin")))
    organization = partner.get("/v1/me").json()["organization"]["id"]
    assert partner.get("/v1/channels/press/changes").json()["code"] == "not_found"
    path = f"/v1/channels/press/grants/{organization}"
    assert newsroom.coordinator.put(path).status_code == 204
    pull(partner, "press")
    time.sleep(2.5)
    assert newsroom.coordinator.delete(path).status_code == 204
    lost = partner.get("/v1/channels/press/changes")
    assert (lost.status_code, lost.json()["code"]) == (403, "grant_revoked")
    [owed] = [t for t in partner.get("/v1/takedowns").json()["items"] if t["reason"] == "grant_revoked"]
    assert owed["channel"] == "press"


def test_withdrawing_hides_and_a_kill_needs_no_if_match_number(newsroom: Newsroom) -> None:
    first = newsroom.published()
    assert newsroom.do(newsroom.coordinator, first, "withdraw", "Trùng bài")["state"] == "withdrawn"
    second = newsroom.published()
    newsroom.do(newsroom.editor, second, "revise")  # somebody is at work on it
    answer = newsroom.coordinator.post(f"{DRAFTS}/{second['id']}/kill", json={"note": "Sai"}, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["state"]) == (200, "killed")


def test_lists_are_newest_first_and_their_next_link_keeps_the_filter(newsroom: Newsroom) -> None:
    wanted = [newsroom.draft(title=f"Bản nháp {n}")["id"] for n in range(3)]
    found: list[str] = []
    path: str | None = "/v1/desk/materials?state=draft&limit=1"
    while path and not set(wanted) <= set(found):
        answer = newsroom.editor.get(path)
        assert {item["state"] for item in answer.json()["items"]} == {"draft"}
        found += [item["id"] for item in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert [each for each in found if each in wanted] == wanted[::-1]
    assert found == sorted(found, reverse=True)
