"""Calendar software that others wrote reads our feeds and agrees with our JSON on every occurrence over three years."""

import json
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import icalendar
import ics
import pytest
import recurring_ical_events

from harness.installation import Installation
from harness.people import Newsroom, Person
from harness.planning import act, activity, assignment, booking, campaign, codes, day_ahead, outlet, put

FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC)
NODE = Path(__file__).parents[1] / "node"


class Seen(NamedTuple):
    """One occurrence as every program must see it. Days are ISO dates, the end excluded."""

    uid: str
    start: str
    end: str
    title: str
    cancelled: bool


SERIES: dict[str, tuple[str, str, str, str]] = {
    "month end": ("2026-01-31", "2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=24", "Asia/Ho_Chi_Minh"),
    "the 31st": ("2026-01-31T09:00:00", "2026-01-31T10:00:00", "FREQ=MONTHLY;BYMONTHDAY=31", "Asia/Ho_Chi_Minh"),
    "leap day": ("2024-02-29", "2024-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "Asia/Ho_Chi_Minh"),
    "end of February": ("2024-02-29", "2024-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "Asia/Ho_Chi_Minh"),
    "every 31st, implied": ("2026-01-31T09:00:00", "2026-01-31T10:00:00", "FREQ=MONTHLY;COUNT=20", "Asia/Ho_Chi_Minh"),
    "yearly": ("2026-03-08", "2026-03-08", "FREQ=YEARLY", "Asia/Ho_Chi_Minh"),
    "third day": ("2026-01-03T06:00:00", "2026-01-03T06:30:00", "FREQ=DAILY;INTERVAL=3;COUNT=100", "Asia/Ho_Chi_Minh"),
    "last Friday": ("2026-01-30T14:00:00", "2026-01-30T15:30:00", "FREQ=MONTHLY;BYDAY=-1FR", "Asia/Ho_Chi_Minh"),
    "second Tuesday": ("2026-01-13T08:00:00", "2026-01-13T09:00:00", "FREQ=MONTHLY;BYDAY=2TU", "Asia/Ho_Chi_Minh"),
    "fortnight": ("2026-01-06T08:00:00", "2026-01-06T09:00:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", "Asia/Ho_Chi_Minh"),
    "last workday": (
        "2026-01-30", "2026-01-30", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Asia/Ho_Chi_Minh",
    ),
    "two days": ("2026-03-07", "2026-03-08", "FREQ=MONTHLY;BYDAY=1SA;COUNT=20", "Asia/Ho_Chi_Minh"),
    "Berlin mornings": ("2026-03-02T08:30:00", "2026-03-02T09:30:00", "FREQ=WEEKLY;COUNT=80", "Europe/Berlin"),
    "Berlin nights": ("2026-03-20T23:30:00", "2026-03-21T01:30:00", "FREQ=WEEKLY;COUNT=60", "Europe/Berlin"),
    "until, by the zone's day": (
        "2026-02-02T06:00:00", "2026-02-02T06:15:00", "FREQ=WEEKLY;UNTIL=20261130", "Asia/Ho_Chi_Minh",
    ),
    "March and October": ("2026-03-10T08:00:00", "2026-03-10T10:00:00", "FREQ=YEARLY;BYMONTH=3,10;BYMONTHDAY=10", "Asia/Ho_Chi_Minh"),
}  # fmt: skip


def made_series(person: Person, campaign_id: str) -> None:
    """Every kind of series, with exceptions, moved, renamed and cancelled occurrences, and one that was cut."""
    for title, (start, end, rule, zone) in SERIES.items():
        timing = {"start": start, "end": end, "zone": zone, "recurrence": {"rule": rule}}
        body = {"kind": "seminar", "title": title, "timing": timing, "campaign_id": campaign_id}
        put(person, "/v1/activities/{}", body)
    weekly = {
        "start": "2026-01-05T07:00:00", "end": "2026-01-05T08:00:00",
        "recurrence": {
            "rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=60", "excluded": ["2026-02-16T07:00:00"],
            "added": ["2026-02-20T09:00:00"],
        },
    }  # fmt: skip
    made = put(
        person, "/v1/activities/{}",
        {"kind": "broadcast", "title": "Sửa nhiều lần", "timing": weekly, "campaign_id": campaign_id},
    )  # fmt: skip
    path = f"/v1/activities/{made['id']}"

    def edit(method: str, at: str, body: dict[str, Any], path: str = path, scope: str = "this") -> dict[str, Any]:
        revision = person.get(path.removesuffix("/cancel")).headers["etag"].strip('W/"')
        answer = person.request(
            method, path, params={"scope": scope, "occurrence": at}, json=body, headers={"if-match": f'"{revision}"'}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    edit("PATCH", "2026-03-02T07:00:00", {"timing": {"start": "2026-03-03T18:00:00", "end": "2026-03-03T19:30:00"}})
    edit("PATCH", "2026-03-09T07:00:00", {"title": "Số đặc biệt", "location": "Hội trường"})
    edit("POST", "2026-03-16T07:00:00", {"note": "Bão"}, f"{path}/cancel")
    second = edit("PATCH", "2026-06-01T07:00:00", {"title": "Mùa hai"}, scope="this_and_following")
    later = {"timing": {"start": "2026-06-01T07:30:00", "end": "2026-06-01T08:15:00"}}
    answer = person.patch(f"/v1/activities/{second['id']}", json=later, headers={"if-match": f'"{second["revision"]}"'})
    assert answer.status_code == 200, answer.text
    edit("POST", "2026-11-30T07:30:00", {"note": "Nghỉ"}, f"/v1/activities/{second['id']}/cancel", "this_and_following")
    postponed = activity(person, title="Hoãn", campaign_id=campaign_id)
    assert act(person, "activities", postponed, "postpone", note="Mưa").status_code == 200


class Feeds(NamedTuple):
    """Feed addresses by name, and the same calendar as JSON."""

    urls: dict[str, str]
    filters: dict[str, tuple[Person, dict[str, Any]]]


@pytest.fixture(scope="module")
def feeds(installation: Installation) -> Feeds:
    newsroom = Newsroom(installation)
    coordinator = newsroom.coordinator
    ids, run = codes(coordinator), campaign(coordinator)
    made_series(coordinator, run["id"])
    member = installation.new_member("daihamtan", "outlet_manager")
    person = Person(installation.url, installation.member_token(member.login))
    at = outlet(person, zone="Europe/Berlin")
    booking(person, at["id"], f"{day_ahead(20)}T06:00:00", activity_id=_own(person), confirmed=True)
    gone = booking(person, at["id"], f"{day_ahead(21)}T06:00:00", activity_id=_own(person))
    assert act(person, "bookings", gone, "cancel").status_code == 200
    task = activity(coordinator, title="Giao cho đài", rule="FREQ=WEEKLY;COUNT=4")
    assignment(coordinator, task["id"], ids["daihamtan"], due=f"{day_ahead(6)}T17:00:00")
    urls, filters = {}, {}
    for name, who, scope, target, query in (
        ("coordinator", coordinator, "organization", ids["stttt"], {"organization": ids["stttt"]}),
        ("station", person, "organization", ids["daihamtan"], {"organization": ids["daihamtan"]}),
        ("campaign", coordinator, "campaign", run["id"], {"campaign": run["id"]}),
        ("outlet", person, "outlet", at["id"], {"outlet": at["id"]}),
        ("member", person, "member", str(member.id), {"mine": "true"}),
    ):
        answer = who.post("/v1/calendar-feeds", json={"scope": scope, "target_id": target})
        assert answer.status_code == 201, answer.text
        urls[name] = installation.keep_secret(answer.json()["url"])
        filters[name] = (who, query)
    return Feeds(urls, filters)


def _own(person: Person) -> str:
    return str(activity(person, title="Của đài")["id"])


NAMES = ("coordinator", "station", "campaign", "outlet", "member")


def ours(feeds: Feeds, name: str) -> set[Seen]:
    """The calendar as our JSON gives it, page by page."""
    who, query = feeds.filters[name]
    found, cursor = set(), ""
    while True:
        window = {"from": FROM.isoformat(), "to": TO.isoformat(), "zone": "Europe/Berlin", "limit": 300}
        answer = who.get("/v1/calendar", params=window | query | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        for item in answer.json()["items"]:
            start, end = instant(item["starts_at"]), instant(item["ends_at"])
            if "starts_on" in item:
                start, end = item["starts_on"], (date.fromisoformat(item["ends_on"]) + timedelta(days=1)).isoformat()
            title = f"Hạn: {item['title']}" if item["type"] == "assignment" else item["title"]
            found.add(Seen(item["uid"], start, end, title, item.get("cancelled", False)))
        cursor = answer.json().get("next", "")
        if not cursor:
            return found


def instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_text(value: date) -> str:
    return instant(value.isoformat()) if isinstance(value, datetime) else value.isoformat()


@pytest.mark.parametrize("name", NAMES)
def test_recurring_ical_events_agrees_on_every_occurrence(feeds: Feeds, name: str) -> None:
    calendar = icalendar.Calendar.from_ical(httpx.get(feeds.urls[name]).content)
    seen = {
        Seen(
            str(event["uid"]),
            as_text(event["dtstart"].dt),
            as_text(event["dtend"].dt if "dtend" in event else event["dtstart"].dt),
            str(event["summary"]),
            event.get("status") == "CANCELLED",
        )
        for event in recurring_ical_events.of(calendar).between(FROM, TO)
    }
    assert seen == ours(feeds, name)


@pytest.fixture(scope="module")
def by_node(feeds: Feeds, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[Seen]]]:
    found = {}
    for name, url in feeds.urls.items():
        file = tmp_path_factory.mktemp("ics") / f"{name}.ics"
        file.write_bytes(httpx.get(url).content)
        command = ["node", "occurrences.mjs", str(file), FROM.isoformat(), TO.isoformat()]
        done = subprocess.run(
            command,
            cwd=NODE,
            capture_output=True,
            text=True,
            check=False,
            env={"TZ": "Asia/Ho_Chi_Minh", "PATH": __import__("os").environ["PATH"]},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found[name] = {
            program: {
                Seen(uid, _text(start), _text(end), title, cancelled) for uid, start, end, title, cancelled in rows
            }
            for program, rows in json.loads(done.stdout).items()
        }
    return found


def _text(value: str) -> str:
    return instant(value) if "T" in value else value


@pytest.mark.parametrize("program", ["ical.js", "node-ical"])
@pytest.mark.parametrize("name", NAMES)
def test_javascript_calendars_agree_on_every_occurrence(
    feeds: Feeds, by_node: dict[str, dict[str, set[Seen]]], name: str, program: str
) -> None:
    assert by_node[name][program] == ours(feeds, name)


@pytest.mark.parametrize("name", NAMES)
def test_ics_reads_every_entry(feeds: Feeds, name: str) -> None:
    """This program does not expand series: it must read every component."""
    text = httpx.get(feeds.urls[name]).text
    assert len(ics.Calendar(text).events) == len({line for line in text.splitlines() if line.startswith("UID:")}) or (
        len(ics.Calendar(text).events) == text.count("BEGIN:VEVENT")
    )
