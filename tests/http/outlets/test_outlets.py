"""Outlets over HTTP: slots, bookings with their reasons, the running order, as-run logs and placements."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person
from harness.planning import act, activity, booking, day_ahead, outlet, put


@pytest.fixture(scope="module")
def station(installation: Installation) -> Person:
    return Person(installation.url, installation.client_token(installation.new_client("daitanhlinh")))


def slot(person: Person, at: str, start: str = "05:00:00", end: str = "05:30:00", **more: Any) -> dict[str, Any]:
    timing = {"start": f"2026-01-01T{start}", "end": f"2026-01-01T{end}", "recurrence": {"rule": "FREQ=DAILY"}}
    return put(person, f"/v1/outlets/{at}/slots/{{}}", {"title": "Sáng", "timing": timing} | more)


def refusal(person: Person, at: str, start: str, **more: Any) -> dict[str, Any]:
    body = {"outlet_id": at, "start": start, "duration_seconds": 300} | more
    answer = person.put(f"/v1/bookings/{uuid4()}", json=body)
    assert answer.status_code in (409, 422), answer.text
    found: dict[str, Any] = answer.json()
    return found


def spoken(station: Person) -> dict[str, Any]:
    """A radio script with audio that the station may read."""
    changes = station.get("/v1/channels/district-radio/changes?limit=500").json()["changes"]
    found: dict[str, Any] = next(c for c in changes if c["item"]["kind"] == "radio_script" and c["item"].get("assets"))
    return found


def test_a_slot_is_at_most_a_day_long_in_the_outlets_zone_and_not_whole_days(station: Person) -> None:
    at = outlet(station)["id"]
    for timing, code in (
        ({"start": "2026-12-01T05:00", "end": "2026-12-02T06:00"}, "longer_than_day"),
        ({"start": "2026-12-01T05:00", "end": "2026-12-01T06:00", "zone": "Europe/Berlin"}, "zone_of_outlet"),
        ({"start": "2026-12-01", "end": "2026-12-01"}, "time_needed"),
        ({"start": "2026-12-01T05:00", "end": "2026-12-01T04:00"}, "end_before_start"),
        (
            {"start": "2026-12-01T05:00", "end": "2026-12-01T06:00", "recurrence": {"rule": "FREQ=HOURLY"}},
            "rule_frequency",
        ),
    ):
        answer = station.put(f"/v1/outlets/{at}/slots/{uuid4()}", json={"title": "x", "timing": timing})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert station.get(f"/v1/outlets/{at}/slots").json()["items"] == []


def test_an_outlets_zone_stays_while_it_has_slots(station: Person) -> None:
    at = outlet(station)
    one = slot(station, at["id"])
    path, headers = f"/v1/outlets/{at['id']}", {"if-match": '"1"'}
    refused = station.patch(path, json={"zone": "UTC"}, headers=headers)
    assert refused.json()["errors"][0] == refused.json()["errors"][0] | {"pointer": "/zone", "code": "cannot_change"}
    assert station.delete(f"{path}/slots/{one['id']}").status_code == 204
    assert station.patch(path, json={"zone": "UTC"}, headers=headers).status_code == 200


def test_a_booking_must_lie_in_a_slot_and_free_ranges_are_suggested(station: Person) -> None:
    at, made = outlet(station)["id"], activity(station)
    slot(station, at)
    outside = refusal(station, at, f"{day_ahead(2)}T09:00:00", activity_id=made["id"])
    assert outside["code"] == "outside_slots"
    assert len(outside["free"]) == 5
    booking(station, at, f"{day_ahead(2)}T05:10:00", activity_id=made["id"])
    window = {"from": f"{day_ahead(2)}T00:00:00+07:00", "to": f"{day_ahead(3)}T00:00:00+07:00", "seconds": 600}
    free = station.get(f"/v1/outlets/{at}/free", params=window).json()["items"]
    spans = [(datetime.fromisoformat(each["starts_at"]), datetime.fromisoformat(each["ends_at"])) for each in free]
    assert [(end - start) for start, end in spans] == [timedelta(minutes=10), timedelta(minutes=15)]


def test_a_taken_time_names_what_stands_there_in_the_outlets_wall_time(station: Person) -> None:
    at, made = outlet(station)["id"], activity(station)
    first = booking(station, at, f"{day_ahead(2)}T08:00:00", activity_id=made["id"])
    taken = refusal(station, at, f"{day_ahead(2)}T08:04:59", activity_id=made["id"])
    assert (taken["code"], taken["booking"]) == ("slot_taken", first["id"])
    assert taken["starts_at"] == f"{day_ahead(2)}T08:00:00+07:00"
    booking(station, at, f"{day_ahead(2)}T08:05:00", activity_id=made["id"])
    assert act(station, "bookings", first, "cancel").status_code == 200
    booking(station, at, f"{day_ahead(2)}T08:00:00", activity_id=made["id"])


def test_every_reason_against_a_booking_is_named(installation: Installation, newsroom: Newsroom) -> None:
    coordinator = newsroom.coordinator
    at = outlet(coordinator, accepts=["radio_script"], languages=["cjm"], longest_seconds=120)["id"]
    soon = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = newsroom.draft(available_from=soon)
    refused = refusal(coordinator, at, f"{day_ahead(2)}T08:00:00", material_id=draft["id"])
    assert {error["code"] for error in refused["errors"]} == {
        "longer_than_outlet", "kind_not_accepted", "language_not_accepted", "before_available_from",
    }  # fmt: skip
    ended = newsroom.draft(expires_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    plain = outlet(coordinator)["id"]
    late = refusal(coordinator, plain, f"{day_ahead(3)}T08:00:00", material_id=ended["id"])
    assert [error["code"] for error in late["errors"]] == ["after_expires_at"]
    for more, pointer, code in (
        ({}, "/material_id", "required"),
        ({"material_id": str(uuid4())}, "/material_id", "unknown_reference"),
        ({"activity_id": str(uuid4())}, "/activity_id", "unknown_reference"),
        ({"start": f"{day_ahead(-1)}T08:00:00", "material_id": draft["id"]}, "/start", "in_the_past"),
        ({"start": day_ahead(2), "material_id": draft["id"]}, "/start", "time_needed"),
        ({"outlet_id": str(uuid4()), "material_id": draft["id"]}, "/outlet_id", "unknown_reference"),
    ):
        found = refusal(coordinator, plain, **({"start": f"{day_ahead(2)}T08:00:00"} | more))
        assert (found["errors"][0]["pointer"], found["errors"][0]["code"]) == (pointer, code)


def test_a_material_longer_than_its_booking_is_refused(station: Person) -> None:
    at, change = outlet(station)["id"], spoken(station)
    refused = refusal(station, at, f"{day_ahead(2)}T08:00:00", material_id=change["id"], duration_seconds=5)
    assert refused["errors"][0]["code"] == "shorter_than_material"


def test_an_outlet_shows_a_material_only_so_often(station: Person) -> None:
    at, change = outlet(station, frequency_cap={"count": 2, "days": 3})["id"], spoken(station)
    for day in (2, 3):
        booking(station, at, f"{day_ahead(day)}T08:00:00", material_id=change["id"])
    assert refusal(station, at, f"{day_ahead(4)}T07:00:00", material_id=change["id"])["code"] == "cap_reached"
    booking(station, at, f"{day_ahead(5)}T09:00:00", material_id=change["id"])


def test_a_held_booking_is_confirmed_and_moved_and_a_stale_revision_is_refused(station: Person) -> None:
    at, made = outlet(station)["id"], activity(station)
    path, body = f"/v1/bookings/{uuid4()}", {"start": f"{day_ahead(3)}T08:00", "duration_seconds": 60}
    body |= {"outlet_id": at, "activity_id": made["id"]}
    assert [station.put(path, json=body).status_code for _ in range(2)] == [201, 200]
    assert station.put(path, json=body | {"confirmed": True}).json()["code"] == "id_taken"
    held = booking(station, at, f"{day_ahead(2)}T08:00:00", activity_id=made["id"])
    assert held["state"] == "held"
    confirmed = act(station, "bookings", held, "confirm").json()
    assert confirmed["state"] == "confirmed"
    path = f"/v1/bookings/{held['id']}"
    assert station.patch(path, json={"start": f"{day_ahead(2)}T10:00"}, headers={"if-match": '"1"'}).status_code == 412
    moved = station.patch(path, json={"start": f"{day_ahead(2)}T10:00"}, headers={"if-match": '"2"'}).json()
    assert (moved["start"], moved["state"], moved["revision"]) == (f"{day_ahead(2)}T10:00:00", "confirmed", 3)


def test_closing_an_outlet_cancels_what_is_to_come(station: Person) -> None:
    at, made = outlet(station), activity(station)
    one = booking(station, at["id"], f"{day_ahead(2)}T08:00:00", activity_id=made["id"])
    assert act(station, "outlets", at, "close").json()["active"] is False
    assert station.get(f"/v1/bookings/{one['id']}").json()["cancel_reason"] == "outlet_closed"
    answer = station.put(
        f"/v1/bookings/{uuid4()}",
        json={
            "outlet_id": at["id"],
            "start": f"{day_ahead(3)}T08:00",
            "duration_seconds": 60,
            "activity_id": made["id"],
        },
    )
    assert answer.json()["code"] == "wrong_state"


def test_the_running_order_is_the_outlets_day_to_read_print_and_play(station: Person) -> None:
    at, change = outlet(station, zone="America/New_York")["id"], spoken(station)
    one = booking(station, at, f"{day_ahead(3)}T23:30:00", material_id=change["id"], confirmed=True, note="Đọc lời dẫn")
    path = f"/v1/outlets/{at}/schedule"
    assert station.get(path, params={"on": day_ahead(4)}).json()["items"] == []
    order = station.get(path, params={"on": day_ahead(3)}).json()
    [entry] = order["items"]
    assert (entry["booking_id"], entry["start"]) == (one["id"], f"{day_ahead(3)}T23:30:00")
    import httpx

    file = httpx.get(entry["audio_url"])
    assert (file.status_code, len(file.content)) == (200, change["item"]["assets"][0]["size_bytes"])
    printed = station.get(path, params={"on": day_ahead(3)}, headers={"accept": "text/plain"})
    assert printed.headers["content-type"] == "text/plain; charset=utf-8"
    assert f"23:30    5:00  {change['item']['title']}" in printed.text
    assert "Đọc lời dẫn" in printed.text
    played = station.get(path, params={"on": day_ahead(3), "format": "m3u"})
    assert played.headers["content-type"].startswith("audio/x-mpegurl")
    lines = played.content.decode("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[2] == f"#EXTINF:300,{change['item']['title']}"
    assert lines[3].startswith("http")


def report(at: str, material: str, **more: Any) -> dict[str, Any]:
    starts = datetime.now(UTC) - timedelta(hours=2)
    return {"outlet_id": at, "material_id": material, "starts_at": starts.isoformat()} | more


def test_a_placement_is_reported_once_however_often_it_is_sent(station: Person) -> None:
    at, change = outlet(station)["id"], spoken(station)
    body, path = report(at, change["id"], reach=900), f"/v1/placements/{uuid4()}"
    assert [station.put(path, json=body).status_code for _ in range(3)] == [201, 200, 200]
    assert station.put(path, json=body | {"reach": 1}).json()["code"] == "id_taken"
    other = [
        {"id": str(uuid4())} | body,
        {"id": path.rsplit("/", 1)[1]} | body,
        {"id": str(uuid4())} | report(at, str(uuid4())),
    ]
    answers = station.post("/v1/placements/batch", json={"items": other}).json()["items"]
    assert [each["status"] for each in answers] == [201, 200, 422]
    assert answers[2]["problem"]["errors"][0]["pointer"] == "/material_id"
    assert station.post("/v1/placements/batch", json={"items": other}).json()["items"][0]["status"] == 200


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"starts_at": "2026-11-20T05:00:00"}, "/starts_at", "time_zone_required"),
        ({"starts_at": "2031-11-20T05:00:00Z"}, "/starts_at", "in_the_future"),
        ({"ends_at": "2020-11-20T05:00:00Z"}, "/ends_at", "end_before_start"),
        ({"proof_url": "javascript:alert(1)"}, "/proof_url", "invalid_value"),
        ({"version": 99}, "/version", "out_of_bounds"),
        ({"proof_asset_id": "01980000-0000-7000-8000-000000000000"}, "/proof_asset_id", "unknown_reference"),
    ],
)
def test_a_placement_that_cannot_be_is_refused(station: Person, more: dict[str, Any], pointer: str, code: str) -> None:
    at, change = outlet(station)["id"], spoken(station)
    answer = station.put(f"/v1/placements/{uuid4()}", json=report(at, change["id"], **more))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["errors"][0]["code"] in (code, "invalid_value")


def test_what_was_aired_after_a_kill_is_accepted_and_its_takedown_says_so(
    installation: Installation, newsroom: Newsroom, station: Person
) -> None:
    material = newsroom.published(title="Đã phát trước khi gỡ")
    at = outlet(newsroom.coordinator)["id"]
    newsroom.killed(material)
    answer = newsroom.coordinator.put(f"/v1/placements/{uuid4()}", json=report(at, material["id"]))
    assert answer.status_code == 201, answer.text
    [takedown] = [
        each
        for each in newsroom.coordinator.get("/v1/takedowns?limit=200").json()["items"]
        if each.get("material_id") == material["id"]
    ]
    assert "aired" in {each.get("status") for each in takedown["obligations"]}


LOGS = {
    "libretime": (
        "text/csv", 'Start Time,End Time,Title,Creator\n{day} 05:03:00,{day} 05:05:00,"{title}",Sở\n{day} 06:00:00,{day} 06:03:00,Nhạc,x\n',
    ),
    "azuracast": (
        "text/csv", 'Date,Time,Listeners,Delta,Track,Artist,Playlist,Streamer\n{day},5:03am,12,0,"{title}",Sở,,\n{day},6:00am,9,0,Nhạc,,,\n',
    ),
    "rivendell": (
        "text/plain",
        ("                Rivendell RDAirPlay Playout Report for {us}\n            Log -- Nhật ký\n"
        "--Time--  -Cart-  Cut  --Title----------------  A-Len  N-Len  --Host----  Srce\n"
        "05:03:00  010001  001  {cut:<23}  02:00  02:00  studio      Main\n"
        "06:00:00  010002  001  {music:<23}  03:00  03:00  studio      Main\n"),
    ),
    "csv": ("text/csv", "Giờ phát;Tên bài\n{vn} 05:03;{title}\n{vn} 06:00;Nhạc\n"),
}  # fmt: skip


@pytest.mark.parametrize("program", LOGS)
def test_the_log_of_a_playout_program_becomes_placements_once(
    newsroom: Newsroom, station: Person, installation: Installation, program: str
) -> None:
    at, change = outlet(station)["id"], spoken(station)
    booked = booking(station, at, f"{day_ahead(1)}T05:00:00", material_id=change["id"], confirmed=True)
    missed = [
        booking(station, at, f"{day_ahead(1)}T{clock}:00", material_id=change["id"], confirmed=True)["id"]
        for clock in ("05:30", "20:00")  # also after the last line of the log: its day counts
    ]
    # A day has gone by: what was booked for tomorrow was for yesterday.
    installation.sql(
        "UPDATE bookings SET starts_at = starts_at - interval '2 days', ends_at = ends_at - interval '2 days'"
        " WHERE outlet_id = $1::text::uuid",
        at,
    )
    day = day_ahead(-1)
    year, month, date = day.split("-")
    kind, text = LOGS[program]
    title = change["item"]["title"]
    raw = text.format(
        day=day, us=f"{month}/{date}/{year}", vn=f"{date}/{month}/{year}", title=title, cut=title[:23], music="Nhạc"
    ).encode()
    query = {"format": program} | ({"columns": "start=Giờ phát;title=Tên bài"} if program == "csv" else {})

    def send(**more: str) -> dict[str, Any]:
        answer = station.post(
            f"/v1/outlets/{at}/as-run", params=query | more, content=raw, headers={"content-type": kind}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    foreseen = send(dry_run="true")
    assert (foreseen["recorded"], foreseen["unknown"]) == (1, 1)
    assert station.get("/v1/placements", params={"outlet": at}).json()["items"] == []
    done = send()
    row = done["rows"][0]
    assert (row["outcome"], row["late_seconds"], row["material_id"]) == ("late", 180, change["id"])
    assert done["not_aired"] == missed
    assert send()["known"] == 1
    [kept] = station.get("/v1/placements", params={"outlet": at, "on": day}).json()["items"]
    assert (kept["booking_id"], kept["outcome"], kept["report"]["origin"]) == (booked["id"], "late", "as_run")


def test_lines_of_a_log_that_lie_in_the_future_are_named_and_not_recorded(station: Person) -> None:
    at, change = outlet(station)["id"], spoken(station)
    raw = f"start;title\n{day_ahead(3)} 05:00:00;{change['item']['title']}\n"
    answer = station.post(
        f"/v1/outlets/{at}/as-run", params={"format": "csv"}, content=raw.encode(), headers={"content-type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["recorded"], answer.json()["rows"][0]["outcome"]) == (0, "in_the_future")


@pytest.mark.parametrize(
    ("program", "raw", "pointer", "code"),
    [
        ("libretime", "Start Time,Title\nnever,x\n", "/2/start", "no_such_time"),
        ("libretime", "Title\nx\n", "/0/start", "required"),
        (
            "libretime",
            "Start Time,End Time,Title\n2026-11-20 05:00:00,2026-11-20 04:00:00,x\n",
            "/2/end",
            "end_before_start",
        ),
        ("azuracast", "Date,Time,Listeners,Track\n2026-11-20,5:00am,many,x\n", "/2/reach", "invalid_value"),
        ("rivendell", "no report\n", "/1", "no_report_day"),
        ("csv", "a,b\n1,2\n", "/0/title", "required"),
        ("csv", "\x00\x01", "", "not_text"),
    ],
)
def test_a_log_that_cannot_be_read_names_row_and_field(
    station: Person, program: str, raw: str, pointer: str, code: str
) -> None:
    at = outlet(station)["id"]
    answer = station.post(
        f"/v1/outlets/{at}/as-run",
        params={"format": program},
        content=raw.encode(),
        headers={"content-type": "text/csv"},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused"), answer.text
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
