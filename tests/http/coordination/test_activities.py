"""Activities over HTTP: bad input leaves nothing, two editors meet, participants see, series are cut, rosters."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person
from harness.planning import act, activity, assignment, booking, codes, day_ahead, organization_of, outlet, put


def timing(**more: Any) -> dict[str, Any]:
    return {"start": f"{day_ahead(7)}T08:00:00", "end": f"{day_ahead(7)}T09:00:00"} | more


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "bad rule": (timing(recurrence={"rule": "FREQ=NEVER"}), "/timing/recurrence/rule"),
    "endless daily": (timing(recurrence={"rule": "FREQ=DAILY"}), "/timing/recurrence/rule"),
    "count": (timing(recurrence={"rule": "FREQ=DAILY;COUNT=1000000000"}), "/timing/recurrence/rule"),
    "seconds": (timing(recurrence={"rule": "FREQ=DAILY;BYSECOND=1,2,3;COUNT=3"}), "/timing/recurrence/rule"),
    "end": (timing(end=f"{day_ahead(7)}T07:00:00"), "/timing/end"),
    "zone": (timing(zone="Mars/Olympus"), "/timing/zone"),
    "offset": (timing(start=f"{day_ahead(7)}T08:00:00Z"), "/timing/start"),
    "no such day": (timing(start="2027-02-30T08:00:00"), "/timing/start"),
    "leap": ({"start": "2024-02-29", "end": "2024-02-29", "recurrence": {"rule": "FREQ=YEARLY"}}, "/timing/recurrence/rule"),
    "long rule": (timing(recurrence={"rule": "FREQ=DAILY;" + "X" * 400}), "/timing/recurrence/rule"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_time_or_rule_that_cannot_be_kept_names_its_field_and_leaves_nothing(newsroom: Newsroom, name: str) -> None:
    bad, pointer = BAD[name]
    path = f"/v1/activities/{uuid4()}"
    began = time.monotonic()
    answer = newsroom.coordinator.put(path, json={"kind": "seminar", "title": "Hội nghị", "timing": bad})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["errors"][0]["detail"]
    assert time.monotonic() - began < 2
    assert newsroom.coordinator.get(path).status_code == 404


def test_of_two_edits_of_one_series_the_second_is_refused_with_412(newsroom: Newsroom) -> None:
    made = activity(newsroom.coordinator, rule="FREQ=WEEKLY;COUNT=10")
    path = f"/v1/activities/{made['id']}"

    def edit(number: int) -> int:
        at = f"{day_ahead(14)}T08:00:00"
        return newsroom.coordinator.patch(
            path,
            params={"scope": "this", "occurrence": at},
            json={"title": f"Số {number}"},
            headers={"if-match": '"1"'},
        ).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(edit, range(2))) == [200, 412]
    assert newsroom.coordinator.get(path).json()["revision"] == 2


def test_cutting_a_series_answers_with_the_second_half_and_its_address(newsroom: Newsroom) -> None:
    made = activity(newsroom.coordinator, rule="FREQ=WEEKLY;COUNT=10")
    answer = newsroom.coordinator.patch(
        f"/v1/activities/{made['id']}",
        params={"scope": "this_and_following", "occurrence": f"{day_ahead(28)}T08:00:00"},
        json={"title": "Mùa hai"},
        headers={"if-match": '"1"'},
    )
    second = answer.json()
    assert answer.headers["location"] == f"/v1/activities/{second['id']}"
    assert second["split_from"] == made["id"]
    counts = [
        len(newsroom.coordinator.get(f"/v1/activities/{each}/occurrences").json()["items"])
        for each in (made["id"], second["id"])
    ]
    assert counts == [3, 7]


def test_what_is_booked_and_assigned_for_the_later_part_of_a_series_goes_with_it(
    installation: Installation, newsroom: Newsroom
) -> None:
    station = Person(installation.url, installation.client_token(installation.new_client("daihamthuanbac")))
    coordinator, own = newsroom.coordinator, organization_of(station)
    made = activity(coordinator, rule="FREQ=WEEKLY;COUNT=6")
    at = outlet(coordinator)
    early, late = (
        booking(coordinator, at["id"], f"{day_ahead(days)}T08:00:00", activity_id=made["id"])["id"] for days in (7, 28)
    )
    due = put(coordinator, f"/v1/activities/{made['id']}/coverages/{{}}", {"kind": "article", "due": day_ahead(28)})
    task = assignment(coordinator, made["id"], own, coverage_id=due["id"], due=None)
    assignment(coordinator, made["id"], own)
    feed = coordinator.post("/v1/calendar-feeds", json={"scope": "outlet", "target_id": at["id"]}).json()["url"]
    url = installation.keep_secret(feed)

    def sequence() -> int:
        text = httpx.get(url).text
        [block] = [each for each in text.split("BEGIN:VEVENT") if f"UID:{late}" in each]
        return int(block.split("SEQUENCE:")[1].split("\r\n")[0])

    for number in range(3):
        coordinator.patch(
            f"/v1/activities/{made['id']}", json={"title": f"Sửa {number}"}, headers={"if-match": f'"{number + 1}"'}
        ).raise_for_status()
    before = sequence()
    second = coordinator.patch(
        f"/v1/activities/{made['id']}",
        params={"scope": "this_and_following", "occurrence": f"{day_ahead(21)}T08:00:00"},
        json={"title": "Mùa hai"},
        headers={"if-match": '"4"'},
    ).json()["id"]
    assert sequence() > before
    assert [coordinator.get(f"/v1/bookings/{each}").json()["activity_id"] for each in (early, late)] == [
        made["id"],
        second,
    ]
    assert station.get(f"/v1/assignments/{task['id']}").json()["terms"]["activity_id"] == second
    assert [each["id"] for each in coordinator.get(f"/v1/activities/{second}/coverages").json()["items"]] == [due["id"]]
    seen = station.get("/v1/activities", params={"limit": 200, "from": f"{day_ahead(21)}T00:00:00Z"}).json()["items"]
    assert second in {each["id"] for each in seen}


def test_an_occurrence_that_is_none_is_refused(newsroom: Newsroom) -> None:
    made = activity(newsroom.coordinator, rule="FREQ=WEEKLY;COUNT=3")
    for query, code in (
        ({"scope": "this"}, "required"),
        ({"scope": "this", "occurrence": f"{day_ahead(8)}T08:00:00"}, "no_such_occurrence"),
    ):
        answer = newsroom.coordinator.patch(
            f"/v1/activities/{made['id']}", params=query, json={"title": "x"}, headers={"if-match": '"1"'}
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


def test_who_takes_part_or_was_assigned_sees_an_activity_and_nobody_else(
    installation: Installation, newsroom: Newsroom
) -> None:
    ids = codes(newsroom.coordinator)
    reader = Person(installation.url, installation.client_token(installation.new_client("daiduclinh")))
    private, shared, assigned = (activity(newsroom.coordinator, title=f"Việc {number}") for number in range(3))
    newsroom.coordinator.patch(
        f"/v1/activities/{shared['id']}", json={"participant_ids": [ids["daiduclinh"]]}, headers={"if-match": '"1"'}
    ).raise_for_status()
    put(
        newsroom.coordinator,
        "/v1/assignments/{}",
        {"activity_id": assigned["id"], "due": day_ahead(3), "assignee": {"organization_id": ids["daiduclinh"]}},
    )
    seen = [reader.get(f"/v1/activities/{each['id']}").status_code for each in (private, shared, assigned)]
    assert seen == [404, 200, 200]
    listed = {each["id"] for each in reader.get("/v1/activities?limit=200").json()["items"]}
    assert listed & {private["id"], shared["id"], assigned["id"]} == {shared["id"], assigned["id"]}
    window = {"from": f"{day_ahead(6)}T00:00:00+07:00", "to": f"{day_ahead(9)}T00:00:00+07:00"}
    entries = {each["id"] for each in reader.get("/v1/calendar", params=window).json()["items"]}
    assert entries & {private["id"], shared["id"], assigned["id"]} == {shared["id"], assigned["id"]}


def training(newsroom: Newsroom) -> dict[str, Any]:
    return activity(newsroom.coordinator, kind="training_class", title="Lớp bồi dưỡng")


def send_roster(newsroom: Newsroom, made: dict[str, Any], raw: bytes, revision: int = 1) -> Any:
    headers = {"content-type": "text/csv", "if-match": f'"{revision}"'}
    return newsroom.coordinator.put(f"/v1/activities/{made['id']}/roster", content=raw, headers=headers)


TABLE = "Họ và tên,Đơn vị,Tham dự,Ngày hoàn thành,Số chứng nhận\nNguyễn Thị Ánh,Sở TTTT,có,9/12/2026,CN-01\nLê Văn Bé,,không,,\n"


@pytest.mark.parametrize(
    "raw",
    [TABLE.encode(), TABLE.encode("utf-8-sig"), TABLE.replace(",", ";").encode(), TABLE.replace("\n", "\r\n").encode()],
    ids=["utf-8", "byte-order mark", "semicolons", "windows lines"],
)
def test_a_roster_is_read_as_spreadsheets_write_it(newsroom: Newsroom, raw: bytes) -> None:
    answer = send_roster(newsroom, training(newsroom), raw)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][0] == {
        "number": 0, "name": "Nguyễn Thị Ánh", "unit": "Sở TTTT", "attended": True, "completed_on": "2026-12-09",
        "certificate_number": "CN-01",
    }  # fmt: skip
    assert (answer.json()["attended"], answer.json()["completed"]) == (1, 1)


def test_a_roster_in_windows_1258_is_recognised(newsroom: Newsroom) -> None:
    # Windows-1258 writes tone marks after their letters.
    raw = "name,unit\nĐặng Thị Hà,Phan Thiết\n".replace("ặ", "ă\u0323").replace("ị", "i\u0323").replace("ế", "ê\u0301")
    answer = send_roster(newsroom, training(newsroom), raw.encode("cp1258"))
    assert [(each["name"], each["unit"]) for each in answer.json()["items"]] == [("Đặng Thị Hà", "Phan Thiết")]


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (b"\x00\x01\x02\xff\xfe" * 20, "", "not_text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "", "not_text"),
        ("name,tên lạ\nA,B\n".encode(), "/0/tên lạ", "unknown_column"),
        (b"name,name\nA,B\n", "/0/name", "repeated"),
        (b"name\nA,B,C\n", "/0", "too_many_cells"),
        (b'name\n"A\n', "", "not_csv"),
        (b"name,attended\nA,maybe\n", "/0/attended", "invalid_value"),
        (b"name,completed_on,attended\nA,31/02/2026,x\n", "/0/completed_on", "invalid_value"),
        (b"name,login\nA,khong.co.ai\n", "/0/login", "unknown_code"),
        (b"name,completed_on\nA,2026-12-09\n", "/0/completed_on", "not_attended"),
        (b"name\n" + b"A\n" * 2100, "", "out_of_bounds"),
    ],
)
def test_a_table_that_cannot_be_read_names_row_and_field_and_changes_nothing(
    newsroom: Newsroom, raw: bytes, pointer: str, code: str
) -> None:
    made = training(newsroom)
    assert send_roster(newsroom, made, b"name\nGi\xe1\xbb\xaf nguy\xc3\xaan\n").status_code == 200
    answer = send_roster(newsroom, made, raw, 2)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused"), answer.text
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
    kept = newsroom.coordinator.get(f"/v1/activities/{made['id']}/roster")
    assert [each["name"] for each in kept.json()["items"]] == ["Giữ nguyên"]


def test_completion_is_recorded_to_the_member_and_forgotten_with_the_person(
    installation: Installation, newsroom: Newsroom
) -> None:
    member = installation.new_member("stttt", "editor")
    made = training(newsroom)
    raw = f"name,login,attended,completed_on,certificate_number\nNgười Học,{member.login},x,2026-11-20,CN-9\n"
    assert send_roster(newsroom, made, raw.encode()).status_code == 200
    person = Person(installation.url, installation.member_token(member.login))
    [kept] = person.get("/v1/me/export").json()["trainings"]
    assert (kept["title"], kept["certificate_number"]) == ("Lớp bồi dưỡng", "CN-9")
    assert person.delete("/v1/me").status_code == 204
    [row] = newsroom.coordinator.get(f"/v1/activities/{made['id']}/roster").json()["items"]
    assert (row["name"], row["attended"], "member_id" in row) == ("", True, False)


def test_results_are_numbers_and_evidence(newsroom: Newsroom) -> None:
    made = activity(newsroom.coordinator, kind="contest")
    named = act(newsroom.coordinator, "activities", made, "complete", results={"winners": 3, "names": ["x"]})
    assert named.status_code == 422
    both = {"evidence": [{"url": "https://example.org", "asset_id": str(uuid4())}]}
    assert act(newsroom.coordinator, "activities", made, "complete", results=both).status_code == 422
    nowhere = {"evidence": [{"asset_id": str(uuid4())}]}
    unknown = act(newsroom.coordinator, "activities", made, "complete", results=nowhere)
    assert unknown.json()["errors"][0]["pointer"] == "/results/evidence/0/asset_id"
    done = act(newsroom.coordinator, "activities", made, "complete", results={"entries": 120, "winners": 3})
    assert (done.json()["state"], done.json()["results"]) == ("done", {"entries": 120, "winners": 3})
