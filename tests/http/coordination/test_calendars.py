"""Calendars over HTTP: feeds by token, served from memory and never stale; the inbox by its cursor."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person
from harness.planning import act, activity, assignment, booking, campaign, codes, day_ahead, organization_of, outlet


@pytest.fixture(scope="module")
def station(installation: Installation) -> Person:
    return Person(installation.url, installation.client_token(installation.new_client("daihamthuanbac")))


def feed(installation: Installation, person: Person, scope: str, target: str, **more: Any) -> tuple[str, str]:
    answer = person.post("/v1/calendar-feeds", json={"scope": scope, "target_id": target} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], installation.keep_secret(answer.json()["url"])


def test_a_feed_is_shown_once_read_without_a_token_and_gone_when_revoked(
    installation: Installation, newsroom: Newsroom, station: Person
) -> None:
    own = codes(newsroom.coordinator)["daihamthuanbac"]
    identifier, url = feed(installation, station, "organization", own)
    answer = httpx.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "private, max-age=300"
    listed = [each for each in station.get("/v1/calendar-feeds").json()["items"] if each["id"] == identifier]
    assert "url" not in listed[0]
    assert url.split("/")[-2] not in station.get("/v1/calendar-feeds").text
    assert station.delete(f"/v1/calendar-feeds/{identifier}").status_code == 204
    assert httpx.get(url).status_code == 404
    assert station.delete(f"/v1/calendar-feeds/{identifier}").status_code == 204
    assert httpx.get(f"{installation.url}/f/{'x' * 32}/calendar.ics").status_code == 404


def test_a_feed_of_what_one_may_not_see_is_refused(newsroom: Newsroom, station: Person) -> None:
    ids = codes(newsroom.coordinator)
    for scope, target in (("organization", ids["congan"]), ("outlet", str(uuid4())), ("member", str(uuid4()))):
        answer = station.post("/v1/calendar-feeds", json={"scope": scope, "target_id": target})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/target_id")


def test_a_feed_is_read_with_the_rights_that_its_maker_has_now(installation: Installation, newsroom: Newsroom) -> None:
    client = installation.new_client("baobinhthuan")
    maker = Person(installation.url, installation.client_token(client))
    _, url = feed(installation, maker, "organization", organization_of(maker))
    assert httpx.get(url).status_code == 200
    path = f"/v1/clients/{client['client_id']}"
    known = newsroom.coordinator.get(path)
    answer = newsroom.coordinator.patch(
        path, json={"scopes": ["content:read"]}, headers={"if-match": known.headers["etag"]}
    )
    assert answer.status_code == 200, answer.text
    assert httpx.get(url).status_code == 404


def test_a_feed_of_a_campaign_ends_for_those_who_take_part_no_more(
    installation: Installation, newsroom: Newsroom, station: Person
) -> None:
    run = campaign(newsroom.coordinator, participant_ids=[organization_of(station)])
    _, url = feed(installation, station, "campaign", run["id"])
    assert httpx.get(url).status_code == 200
    newsroom.coordinator.patch(
        f"/v1/campaigns/{run['id']}", json={"participant_ids": []}, headers={"if-match": '"1"'}
    ).raise_for_status()
    assert httpx.get(url).status_code == 404


def test_a_calendar_shows_no_title_of_a_draft_and_counts_changes_of_titles(
    installation: Installation, newsroom: Newsroom, station: Person
) -> None:
    published = newsroom.published(title="Đã duyệt để phát")
    at = outlet(station)
    made = booking(station, at["id"], f"{day_ahead(2)}T05:00:00", material_id=published["id"])
    _, url = feed(installation, station, "outlet", at["id"])

    def entry() -> dict[str, str]:
        text = httpx.get(url).text.replace("\r\n ", "")
        [block] = [each for each in text.split("BEGIN:VEVENT") if f"UID:{made['id']}" in each]
        return {name: value for name, _, value in (line.partition(":") for line in block.splitlines())}

    first = entry()
    assert first["SUMMARY"].endswith("Đã duyệt để phát")
    draft = newsroom.do(newsroom.editor, published, "revise")
    patched = newsroom.editor.patch(
        f"/v1/desk/materials/{draft['id']}",
        json={"title": "Chưa duyệt"},
        headers={"if-match": f'"{draft["revision"]}"'},
    ).json()
    assert entry()["SUMMARY"] == first["SUMMARY"]
    newsroom.do(newsroom.coordinator, newsroom.approved(patched), "correct", "Sửa tên")
    second = entry()
    assert second["SUMMARY"].endswith("Chưa duyệt")
    # Changed for something that has changed less often than the material.
    other = activity(station)
    path = f"/v1/bookings/{made['id']}"
    changes = {"material_id": None, "activity_id": other["id"]}
    assert station.patch(path, json=changes, headers={"if-match": '"1"'}).status_code == 200
    third = entry()
    assert int(first["SEQUENCE"]) < int(second["SEQUENCE"]) < int(third["SEQUENCE"])


def test_a_feed_is_not_sent_again_unchanged_and_shows_a_change_at_once(
    installation: Installation, newsroom: Newsroom
) -> None:
    own = codes(newsroom.coordinator)["stttt"]
    made = activity(newsroom.coordinator, title="Trước khi sửa")
    _, url = feed(installation, newsroom.coordinator, "organization", own)
    first = httpx.get(url)
    again = httpx.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    newsroom.coordinator.patch(
        f"/v1/activities/{made['id']}", json={"title": "Sau khi sửa"}, headers={"if-match": '"1"'}
    ).raise_for_status()
    changed = httpx.get(url, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "Sau khi sửa" in changed.text
    assert "Trước khi sửa" not in changed.text


def test_a_change_in_another_process_reaches_a_feed_within_seconds(
    installation: Installation, newsroom: Newsroom
) -> None:
    second = Newsroom(installation, installation.second_api()).coordinator
    own = codes(second)["stttt"]
    _, url = feed(installation, newsroom.coordinator, "organization", own)
    made = activity(second, title="Từ tiến trình khác")
    deadline = time.monotonic() + 3
    while made["id"] not in httpx.get(url).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    installation.stop_api(str(second.base_url).rstrip("/"))


def test_alarms_come_only_where_they_were_asked_for(installation: Installation, newsroom: Newsroom) -> None:
    own = codes(newsroom.coordinator)["stttt"]
    activity(newsroom.coordinator)
    _, plain = feed(installation, newsroom.coordinator, "organization", own)
    _, loud = feed(installation, newsroom.coordinator, "organization", own, alarm_minutes=45)
    assert "VALARM" not in httpx.get(plain).text
    assert "TRIGGER:-PT45M" in httpx.get(loud).text


def test_long_vietnamese_lines_are_folded_inside_no_letter(installation: Installation, newsroom: Newsroom) -> None:
    own = codes(newsroom.coordinator)["stttt"]
    title = "Ậ" * 150
    activity(newsroom.coordinator, title=title)
    _, url = feed(installation, newsroom.coordinator, "organization", own)
    lines = httpx.get(url).content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    for line in lines:
        line.decode("utf-8")
    assert title in httpx.get(url).text.replace("\r\n ", "")


def test_the_calendar_refuses_a_range_zone_or_cursor_that_is_none(newsroom: Newsroom) -> None:
    for query, parameter in (
        ({"from": "2026-01-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"}, "to"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"}, "to"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"cursor": "???"}, "cursor"),
        ({"from": "9999-12-31T20:00:00Z"}, "from"),
        ({"from": "0001-01-01T00:00:00+07:00"}, "from"),
    ):
        answer = newsroom.coordinator.get("/v1/calendar", params=query)
        assert (answer.status_code, answer.json()["parameter"]) == (400, parameter), answer.text


def test_free_and_busy_join_what_overlaps(newsroom: Newsroom, installation: Installation) -> None:
    person = Person(installation.url, installation.client_token(installation.new_client("thpt")))
    for start in ("08:00", "08:30", "11:00"):
        activity(person, start=f"{day_ahead(40)}T{start}:00")
    window = {"from": f"{day_ahead(40)}T00:00:00+07:00", "to": f"{day_ahead(41)}T00:00:00+07:00"}
    own = codes(newsroom.coordinator)["thpt"]
    busy = person.get("/v1/calendar/free-busy", params=window | {"organization": own}).json()["busy"]
    assert [(each["starts_at"][11:16], each["ends_at"][11:16]) for each in busy] == [
        ("08:00", "09:30"),
        ("11:00", "12:00"),
    ]


def test_the_inbox_gives_each_matter_once_in_its_last_state_after_the_cursor(
    newsroom: Newsroom, station: Person
) -> None:
    own = codes(newsroom.coordinator)["daihamthuanbac"]
    before = station.get("/v1/me/inbox").json()["next"]
    made = activity(newsroom.coordinator)
    one, two = (assignment(newsroom.coordinator, made["id"], own, note=f"Việc {n}") for n in (1, 2))
    page = station.get("/v1/me/inbox", params={"since": before, "limit": 1}).json()
    assert (page["more"], page["entries"][0]["target"]) == (True, f"assignment:{one['id']}")
    rest = station.get("/v1/me/inbox", params={"since": page["next"]}).json()
    assert [each["target"] for each in rest["entries"]] == [f"assignment:{two['id']}"]
    assert station.get(rest["entries"][0]["href"]).json()["id"] == two["id"]
    assert act(newsroom.coordinator, "assignments", one, "cancel", note="Thôi").status_code == 200
    again = station.get("/v1/me/inbox", params={"since": before}).json()["entries"]
    assert [(each["target"], each["kind"]) for each in again] == [
        (f"assignment:{two['id']}", "assignment"), (f"assignment:{one['id']}", "change"),
    ]  # fmt: skip
    for cursor, code in (("nonsense", "cursor_invalid"), ("zzzzzzzz-00000000-1", "cursor_expired")):
        assert station.get("/v1/me/inbox", params={"since": cursor}).json()["code"] == code


def test_a_reminder_comes_its_time_before_the_due_time_and_once(newsroom: Newsroom, station: Person) -> None:
    own = codes(newsroom.coordinator)["daihamthuanbac"]
    made = activity(newsroom.coordinator)
    due = (datetime.now(UTC) + timedelta(hours=7, seconds=3600)).replace(tzinfo=None, microsecond=0).isoformat()
    one = assignment(newsroom.coordinator, made["id"], own, due=due, reminders=[7200, 60])
    deadline = time.monotonic() + 15
    while True:
        entries = {e["target"]: e["kind"] for e in station.get("/v1/me/inbox?limit=500").json()["entries"]}
        if entries.get(f"assignment:{one['id']}") == "reminder":
            break
        assert time.monotonic() < deadline
        time.sleep(0.3)
    time.sleep(6)
    assert station.get(f"/v1/assignments/{one['id']}").json()["revision"] == 2


def test_a_takedown_waits_in_the_inbox_until_it_is_answered(installation: Installation, newsroom: Newsroom) -> None:
    partner = Person(installation.url, installation.client_token(installation.new_client("baobinhthuan")))
    material = newsroom.published(title="Sẽ gỡ, có trong hộp việc")
    partner.get("/v1/channels/press/changes?limit=500").raise_for_status()
    cursor = partner.get("/v1/channels/press/changes?limit=500").json()["next"]
    partner.get("/v1/channels/press/changes", params={"since": cursor}).raise_for_status()
    time.sleep(6)  # the ledger of recipients is written within five seconds
    newsroom.killed(material)
    me = partner.get("/v1/me").json()["organization"]["id"]
    [waiting] = [e for e in partner.get("/v1/me/inbox?limit=500").json()["entries"] if e["kind"] == "takedown"][-1:]
    assert waiting.get("answered", False) is False
    answer = partner.put(f"{waiting['href']}/acks/{me}", json={"status": "removed"})
    assert answer.status_code == 200, answer.text
    [answered] = [
        e for e in partner.get("/v1/me/inbox?limit=500").json()["entries"] if e["target"] == waiting["target"]
    ]
    assert answered["answered"] is True


def test_succession_moves_outlets_open_work_and_calendars(installation: Installation, newsroom: Newsroom) -> None:
    table = "code,kind,name\n" + "".join(f"{c},radio_station,{c}\n" for c in ("dai-cu", "dai-moi"))
    answer = newsroom.coordinator.post(
        "/v1/organizations/import", content=table.encode(), headers={"content-type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    ids = codes(newsroom.coordinator)
    leaving, successor = ids["dai-cu"], ids["dai-moi"]
    at = newsroom.coordinator.put(
        f"/v1/outlets/{uuid4()}", params={"owner": leaving}, json={"kind": "fm_frequency", "name": "FM cũ"}
    ).json()
    for code in ("dai-cu", "dai-moi"):  # both have imported the same entry
        member = Person(installation.url, installation.client_token(installation.new_client(code)))
        raw = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:holiday@example.org\r\nSUMMARY:Nghỉ\r\n"
            "DTSTART;VALUE=DATE:20270430\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        sent = member.post("/v1/activities/import", content=raw.encode(), headers={"content-type": "text/calendar"})
        assert sent.status_code == 200, sent.text
    made = activity(newsroom.coordinator, participant_ids=[leaving, successor], place_ids=[leaving])
    _, url = feed(installation, newsroom.coordinator, "organization", leaving)
    one = assignment(newsroom.coordinator, made["id"], leaving)
    moved = newsroom.coordinator.post(f"/v1/organizations/{leaving}/succession", json={"successor_id": successor})
    assert moved.status_code == 200, moved.text
    assert newsroom.coordinator.get(f"/v1/outlets/{at['id']}").json()["owner_id"] == successor
    assert newsroom.coordinator.get(f"/v1/assignments/{one['id']}").json()["assignee"]["organization_id"] == successor
    plan = newsroom.coordinator.get(f"/v1/activities/{made['id']}").json()["plan"]
    assert (plan["participant_ids"], plan["place_ids"]) == ([successor], [successor])
    calendar = httpx.get(url).text
    assert made["id"] in calendar
    assert "X-WR-CALNAME:dai-moi" in calendar
