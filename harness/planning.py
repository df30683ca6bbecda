"""Plans of the story: an outlet with a slot, a campaign with an activity, and what hangs on them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from harness.people import Person

ZONE = "Asia/Ho_Chi_Minh"


def day_ahead(days: int) -> str:
    """A day from today on, where the programme is."""
    return (datetime.now(UTC) + timedelta(hours=7, days=days)).date().isoformat()


def put(person: Person, path: str, body: dict[str, Any], *expected: int, **headers: str) -> dict[str, Any]:
    """PUT under a new id (`{}` in the path); gives the answer's body."""
    answer = person.put(path.format(uuid4()), json=body, headers=headers)
    assert answer.status_code in (expected or (201,)), (answer.request.url, answer.text)
    found: dict[str, Any] = answer.json()
    return found


def act(person: Person, noun: str, one: dict[str, Any], action: str, **body: Any) -> httpx.Response:
    """POST an action with the revision that was read."""
    return person.post(f"/v1/{noun}/{one['id']}/{action}", json=body, headers={"if-match": f'"{one["revision"]}"'})


def organization_of(person: Person) -> str:
    found: str = person.get("/v1/me").json()["organization"]["id"]
    return found


def codes(person: Person) -> dict[str, str]:
    """Ids of all organizations by code."""
    items, cursor = [], ""
    while True:
        page = person.get("/v1/organizations", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page.get("next", "")
        if not cursor:
            return {each["code"]: each["id"] for each in items}


def outlet(person: Person, **more: Any) -> dict[str, Any]:
    return put(person, "/v1/outlets/{}", {"kind": "fm_frequency", "name": "FM thử"} | more)


def campaign(person: Person, **more: Any) -> dict[str, Any]:
    plan = {"code": f"thu-{uuid4().hex[:12]}", "title": "Tháng an toàn mạng", "starts_on": day_ahead(-30)}
    return put(person, "/v1/campaigns/{}", plan | {"ends_on": day_ahead(90)} | more)


def activity(person: Person, start: str | None = None, rule: str | None = None, **more: Any) -> dict[str, Any]:
    """An hour's activity, in a week unless said otherwise."""
    begin = start or f"{day_ahead(7)}T08:00:00"
    end = (datetime.fromisoformat(begin) + timedelta(hours=1)).isoformat()
    timing: dict[str, Any] = {"start": begin, "end": end}
    if rule:
        timing["recurrence"] = {"rule": rule}
    return put(person, "/v1/activities/{}", {"kind": "seminar", "title": "Hội nghị", "timing": timing} | more)


def assignment(person: Person, activity_id: str, organization_id: str, **more: Any) -> dict[str, Any]:
    terms = {"activity_id": activity_id, "due": day_ahead(5), "assignee": {"organization_id": organization_id}}
    return put(person, "/v1/assignments/{}", {key: v for key, v in (terms | more).items() if v is not None})


def booking(person: Person, outlet_id: str, start: str, **more: Any) -> dict[str, Any]:
    return put(person, "/v1/bookings/{}", {"outlet_id": outlet_id, "start": start, "duration_seconds": 300} | more)


def planned(person: Person, material_id: str) -> dict[str, str]:
    """One of everything; gives the ids by the names that paths have for them."""
    own = organization_of(person)
    at, run = outlet(person), campaign(person)
    slot = put(
        person,
        f"/v1/outlets/{at['id']}/slots/{{}}",
        {"title": "Sáng", "timing": {"start": f"{day_ahead(1)}T05:00:00", "end": f"{day_ahead(1)}T06:00:00"}},
    )
    made = activity(person, campaign_id=run["id"])
    due = {"kind": "article", "due": day_ahead(5)}
    feed = person.post("/v1/calendar-feeds", json={"scope": "organization", "target_id": own}).json()
    report = {"outlet_id": at["id"], "material_id": material_id, "starts_at": f"{day_ahead(-1)}T05:00:00+07:00"}
    return {
        "outlet_id": at["id"],
        "slot_id": slot["id"],
        "booking_id": booking(person, at["id"], f"{day_ahead(1)}T05:10:00", activity_id=made["id"])["id"],
        "placement_id": put(person, "/v1/placements/{}", report)["id"],
        "campaign_id": run["id"],
        "activity_id": made["id"],
        "coverage_id": put(person, f"/v1/activities/{made['id']}/coverages/{{}}", due)["id"],
        "assignment_id": assignment(person, made["id"], own)["id"],
        "feed_id": feed["id"],
    }
