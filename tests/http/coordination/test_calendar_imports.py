"""Importing calendar files over HTTP: what is new, what differs, and files that cannot be kept."""

import time
from typing import Any
from uuid import uuid4

import pytest

from harness.people import Newsroom
from harness.planning import act, booking, campaign, day_ahead, outlet

EVENT = (
    "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nDTSTART;TZID=Asia/Ho_Chi_Minh:20261207T080000\r\n"
    "DTEND;TZID=Asia/Ho_Chi_Minh:20261207T090000\r\n{more}END:VEVENT\r\n"
)


ODD = "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\n{}\r\nEND:VEVENT\r\n"


def calendar_of(*events: str) -> bytes:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + "".join(events) + "END:VCALENDAR\r\n").encode()


def send_calendar(newsroom: Newsroom, raw: bytes, **query: Any) -> Any:
    return newsroom.coordinator.post(
        "/v1/activities/import", params=query, content=raw, headers={"content-type": "text/calendar"}
    )


def test_an_import_says_first_what_it_would_change_and_sent_again_changes_nothing(newsroom: Newsroom) -> None:
    uid = f"{uuid4()}@example.org"
    rule = "RRULE:FREQ=WEEKLY;COUNT=5\r\n"
    exception = EVENT.format(uid=uid, title="Đặc biệt", more="RECURRENCE-ID;TZID=Asia/Ho_Chi_Minh:20261214T080000\r\n")
    raw = calendar_of(EVENT.format(uid=uid, title="Giao ban", more=rule), exception)
    query = {"kind": "seminar"}
    foreseen = send_calendar(newsroom, raw, dry_run="true", **query).json()
    assert (foreseen["added"], foreseen["dry_run"]) == (["Giao ban"], True)
    assert send_calendar(newsroom, raw, **query).json() == foreseen | {"dry_run": False}
    assert send_calendar(newsroom, raw, **query).json()["unchanged"] == 1
    renamed = send_calendar(newsroom, raw.replace(b"Giao ban", "Giao ban tuần".encode()), **query).json()
    assert renamed["changed"] == {uid: ["title"]}
    gone = send_calendar(newsroom, calendar_of(EVENT.format(uid=uid, title="x", more="STATUS:CANCELLED\r\n"))).json()
    assert gone["cancelled"] == ["x"]


def test_an_import_gives_a_series_in_utc_the_same_instants_and_its_exceptions_are_the_files(newsroom: Newsroom) -> None:
    uid = f"{uuid4()}@example.org"
    in_utc = (
        "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:Giao ban {short}\r\nDTSTART:20261207T200000Z\r\nDTEND:20261207T210000Z\r\n"
        "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4\r\n{more}END:VEVENT\r\n"
    )
    changed = (
        "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nDTSTART:20261214T200000Z\r\nDTEND:20261214T210000Z\r\n"
        "RECURRENCE-ID:20261214T200000Z\r\nEND:VEVENT\r\n"
    )
    plain = in_utc.format(uid=uid, short=uid[:8], more="")
    assert send_calendar(newsroom, calendar_of(plain, changed.format(uid=uid, title="Khác"))).status_code == 200
    title = f"Giao ban {uid[:8]}"
    query = {"from": "2026-12-07T19:59:00Z", "to": "2026-12-07T20:01:00Z", "limit": 200}
    found = newsroom.coordinator.get("/v1/activities", params=query).json()["items"]
    [made] = [each for each in found if each["plan"]["title"] == title]
    timing = made["plan"]["timing"]
    assert (timing["start"], timing["recurrence"]["rule"]) == (
        "2026-12-08T03:00:00",
        "FREQ=WEEKLY;COUNT=4;BYDAY=TU;WKST=TU",
    )
    zone = timing.get("zone", "Asia/Ho_Chi_Minh")
    assert (zone, made["revision"], len(made["overrides"])) == ("Asia/Ho_Chi_Minh", 1, 1)
    again = send_calendar(newsroom, calendar_of(plain)).json()
    assert again["changed"] == {uid: ["overrides"]}
    path = f"/v1/activities/{made['id']}"
    assert newsroom.coordinator.get(path).json().get("overrides", []) == []
    cut = newsroom.coordinator.patch(
        path,
        params={"scope": "this_and_following", "occurrence": "2026-12-22T03:00:00"},
        json={"title": "Mùa hai"},
        headers={"if-match": '"2"'},
    )
    assert cut.status_code == 200, cut.text
    refused = send_calendar(newsroom, calendar_of(plain)).json()
    assert (refused["code"], refused["errors"][0]["code"]) == ("import_refused", "series_was_cut")


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (b"not a calendar", "", "not_icalendar"),
        (calendar_of(EVENT.format(uid="", title="x", more="")), "/0/uid", "required"),
        (calendar_of(EVENT.format(uid="a", title="", more="")), "/0/summary", "required"),
        (calendar_of(EVENT.format(uid="a", title="x", more="RRULE:FREQ=SECONDLY\r\n")), "/0/timing/recurrence/rule", "rule_frequency"),
        (calendar_of(EVENT.format(uid="a", title="x", more="RRULE:FREQ=DAILY\r\n")), "/0/timing/recurrence/rule", "too_many_occurrences"),
        (calendar_of(*[EVENT.format(uid="same", title="x", more="")] * 2), "/1/uid", "repeated"),
        (calendar_of("BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nEND:VEVENT\r\n"), "/0/dtstart", "required"),
        (calendar_of("BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nDTSTART:20261301T000000\r\nEND:VEVENT\r\n"), None, None),
        (calendar_of("BEGIN:VCALENDAR\r\n" * 50), "", "too_deep"),
        (calendar_of(EVENT.format(uid="a", title="x", more=f"RRULE:FREQ=WEEKLY;BYDAY={'MO,' * 150}MO\r\n")), "/0/rrule", "out_of_bounds"),
        (calendar_of(EVENT.format(uid="a", title="x", more="RRULE:FREQ=MONTHLY;COUNT=3\r\n").replace(";TZID=Asia/Ho_Chi_Minh:20261207T080000", ":20261207T200000Z").replace(";TZID=Asia/Ho_Chi_Minh:20261207T090000", ":20261207T210000Z")), "/0/rrule", "series_in_utc"),
        (calendar_of(ODD.format("DTSTART:20261207T010000Z\r\nDURATION:P999999999D")), "/0/duration", "out_of_bounds"),
        (calendar_of(ODD.format("DTSTART:99991231T235959Z")), "/0/dtstart", "too_far"),
        (calendar_of(ODD.format("DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:00010101")), "/0/dtstart", "too_far"),
        (calendar_of(ODD.format("DTSTART:20261207T200000Z\r\nRRULE:")), None, None),
        (calendar_of(ODD.format("DTSTART;TZID=Nowhere/X:20261207T200000")), "/0/dtstart", "unknown_zone"),
        (calendar_of(ODD.format("DTSTART:20261207T010000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:99991231T235959Z")), "/0/exdate", "too_far"),
        (calendar_of(EVENT.format(uid="a", title="x", more="X-A:b\r\n" * 40_000)), "", "too_many_lines"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 20_000 + b"END:VCALENDAR\r\n", "", "too_many_events"),
    ],
    ids=["no calendar", "no uid", "no title", "seconds", "endless", "twice", "no start", "no such time", "nested", "long rule", "months in utc", "endless hour", "far", "year 1", "no rule", "no zone", "far exception", "lines", "many"],
)  # fmt: skip
def test_a_calendar_file_that_cannot_be_kept_is_refused_as_a_whole(
    newsroom: Newsroom, raw: bytes, pointer: str | None, code: str | None
) -> None:
    began = time.monotonic()
    answer = send_calendar(newsroom, raw)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused"), answer.text
    if pointer is not None:
        assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
    assert time.monotonic() - began < 3


def test_a_calendar_file_of_five_megabytes_is_too_large(newsroom: Newsroom) -> None:
    answer = send_calendar(
        newsroom, calendar_of(EVENT.format(uid="a", title="x", more="DESCRIPTION:" + "x" * 5_000_000))
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_an_occurrence_that_a_file_cancels_needs_no_time_on_the_air(newsroom: Newsroom) -> None:
    coordinator, uid = newsroom.coordinator, f"{uuid4()}@example.org"
    day = day_ahead(7).replace("-", "")
    later = day_ahead(14).replace("-", "")
    text = (
        "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{uid}\r\nDTSTART;TZID=Asia/Ho_Chi_Minh:{day}T080000\r\n"
        "DTEND;TZID=Asia/Ho_Chi_Minh:{day}T090000\r\n{more}END:VEVENT\r\n"
    )
    whole = text.format(uid=uid, day=day, more="RRULE:FREQ=WEEKLY;COUNT=4\r\n")
    assert send_calendar(newsroom, calendar_of(whole)).status_code == 200
    window = {"from": f"{day_ahead(7)}T00:00:00Z", "to": f"{day_ahead(8)}T00:00:00Z", "limit": 200}
    found = coordinator.get("/v1/activities", params=window).json()["items"]
    [made] = [each for each in found if each["plan"]["title"] == uid]
    at = outlet(coordinator)
    first, second = (
        booking(coordinator, at["id"], f"{day_ahead(days)}T08:00:00", activity_id=made["id"])["id"] for days in (7, 14)
    )
    more = f"RECURRENCE-ID;TZID=Asia/Ho_Chi_Minh:{later}T080000\r\nSTATUS:CANCELLED\r\n"
    changed = calendar_of(whole, text.format(uid=uid, day=later, more=more))
    assert send_calendar(newsroom, changed).json()["changed"] == {uid: ["overrides"]}
    states = [coordinator.get(f"/v1/bookings/{each}").json()["state"] for each in (first, second)]
    assert states == ["held", "cancelled"]


def test_an_unchanged_entry_of_a_closed_campaign_stays_unchanged_and_a_changed_one_is_named(newsroom: Newsroom) -> None:
    coordinator, uid = newsroom.coordinator, f"{uuid4()}@example.org"
    run = campaign(coordinator)
    raw = calendar_of(EVENT.format(uid=uid, title="Trong chiến dịch", more=""))
    assert send_calendar(newsroom, raw, campaign=run["id"]).status_code == 200
    started = act(coordinator, "campaigns", run, "start").json()
    assert act(coordinator, "campaigns", started, "close").status_code == 200
    assert send_calendar(newsroom, raw).json()["unchanged"] == 1
    changed = send_calendar(newsroom, raw.replace(b"Trong", b"Ngoai")).json()
    assert (changed["errors"][0]["pointer"], changed["errors"][0]["code"]) == ("/0/campaign_id", "not_active")


def test_a_day_until_which_a_series_in_utc_lasts_is_moved_like_its_days(newsroom: Newsroom) -> None:
    uid = f"{uuid4()}@example.org"
    raw = calendar_of(
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{uid}\r\nDTSTART:20270706T223000Z\r\nDTEND:20270706T224500Z\r\n"
        "RRULE:FREQ=DAILY;UNTIL=20270709\r\nEND:VEVENT\r\n"
    )
    assert send_calendar(newsroom, raw).status_code == 200
    window = {"from": "2027-07-06T22:00:00Z", "to": "2027-07-10T23:00:00Z", "limit": 500}
    found = newsroom.coordinator.get("/v1/calendar", params=window).json()["items"]
    assert [each["starts_at"][:10] for each in found if each["title"] == uid] == [
        "2027-07-07", "2027-07-08", "2027-07-09", "2027-07-10",
    ]  # fmt: skip
