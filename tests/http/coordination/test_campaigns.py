"""Campaigns over HTTP: who sees and changes them, and figures that are the lengths of the lists behind them."""

from uuid import uuid4

import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person
from harness.planning import act, activity, assignment, booking, campaign, codes, day_ahead, outlet, put


@pytest.fixture(scope="module")
def station(installation: Installation) -> Person:
    return Person(installation.url, installation.client_token(installation.new_client("daituyphong")))


def test_a_campaign_is_put_again_unchanged_and_refused_with_other_content(newsroom: Newsroom) -> None:
    plan = {"code": f"c-{uuid4().hex[:8]}", "title": "Tháng", "starts_on": day_ahead(0), "ends_on": day_ahead(30)}
    path = f"/v1/campaigns/{uuid4()}"
    first = newsroom.coordinator.put(path, json=plan)
    assert (first.status_code, first.headers["location"], first.headers["etag"]) == (201, path, '"1"')
    assert newsroom.coordinator.put(path, json=plan).status_code == 200
    other = newsroom.coordinator.put(path, json=plan | {"title": "Khác"})
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    same_code = newsroom.coordinator.put(f"/v1/campaigns/{uuid4()}", json=plan)
    assert (same_code.status_code, same_code.json()["code"]) == (409, "code_taken")


def test_a_campaign_runs_its_life_and_is_changed_with_if_match(newsroom: Newsroom) -> None:
    made = campaign(newsroom.coordinator)
    assert made["possible_actions"] == ["start", "cancel"]
    path = f"/v1/campaigns/{made['id']}"
    assert newsroom.coordinator.patch(path, json={"title": "x"}).status_code == 428
    assert newsroom.coordinator.patch(path, json={"title": "x"}, headers={"if-match": '"9"'}).status_code == 412
    patched = newsroom.coordinator.patch(path, json={"title": "Mới"}, headers={"if-match": '"1"'}).json()
    assert (patched["plan"]["title"], patched["revision"]) == ("Mới", 2)
    assert act(newsroom.coordinator, "campaigns", patched, "close").json()["code"] == "wrong_state"
    running = act(newsroom.coordinator, "campaigns", patched, "start").json()
    assert act(newsroom.coordinator, "campaigns", running, "cancel").status_code == 422
    assert act(newsroom.coordinator, "campaigns", running, "close").json()["state"] == "closed"


def test_those_who_take_part_see_it_and_others_do_not(newsroom: Newsroom, station: Person) -> None:
    ids = codes(newsroom.coordinator)
    shared = campaign(newsroom.coordinator, participant_ids=[ids["daituyphong"]])
    other = campaign(newsroom.coordinator)
    assert station.get(f"/v1/campaigns/{shared['id']}").status_code == 200
    assert station.get(f"/v1/campaigns/{other['id']}").status_code == 404
    listed = {each["id"] for each in station.get("/v1/campaigns?limit=200").json()["items"]}
    assert shared["id"] in listed
    assert other["id"] not in listed
    forbidden = station.patch(f"/v1/campaigns/{shared['id']}", json={"title": "x"}, headers={"if-match": '"1"'})
    assert forbidden.status_code == 403


def test_every_figure_of_an_overview_is_the_length_of_the_list_that_it_links(newsroom: Newsroom) -> None:
    coordinator = newsroom.coordinator
    ids = codes(coordinator)
    run = campaign(coordinator, topics=["online_scams"], audiences=["general_public"])
    places = [ids["tuyphong"], ids["bacbinh"]]
    weekly = activity(
        coordinator, rule="FREQ=WEEKLY;COUNT=3", campaign_id=run["id"], place_ids=places, topics=["online_scams", "training"]
    )  # fmt: skip
    activity(coordinator, campaign_id=run["id"], place_ids=places[:1], topics=["online_scams"])
    dropped = activity(coordinator, campaign_id=run["id"], place_ids=places, topics=["online_scams"])
    assert act(coordinator, "activities", dropped, "cancel", note="x").status_code == 200
    assignment(coordinator, weekly["id"], ids["daituyphong"])
    assignment(coordinator, weekly["id"], ids["daibacbinh"], due=day_ahead(-1))
    at = outlet(coordinator)
    material = newsroom.published(title="Bài của chiến dịch")
    made = booking(
        coordinator, at["id"], f"{day_ahead(2)}T08:00:00", activity_id=weekly["id"], material_id=material["id"]
    )
    report = {"outlet_id": at["id"], "material_id": material["id"], "starts_at": made["starts_at"], "reach": 70}
    refused = coordinator.put(f"/v1/placements/{uuid4()}", json=report)
    assert refused.json()["errors"][0]["code"] == "in_the_future"
    overview = coordinator.get(f"/v1/campaigns/{run['id']}/overview").json()
    figures = [*overview["activities"].values(), *overview["assignments"].values(), overview["overdue"]]
    figures += [*overview["coverage"], overview["placements"]]
    assert len(overview["coverage"]) >= 10
    assert overview["overdue"]["count"] == 1
    for figure in figures:
        listed = coordinator.get(figure["href"], params=None).json()["items"]
        assert len(listed) == figure["count"], figure


def test_cancelling_a_campaign_cancels_what_is_open_in_it(newsroom: Newsroom, station: Person) -> None:
    coordinator = newsroom.coordinator
    ids = codes(coordinator)
    run = campaign(coordinator)
    inside = activity(coordinator, campaign_id=run["id"], participant_ids=[ids["daituyphong"]])
    task = assignment(coordinator, inside["id"], ids["daituyphong"])
    wanted = put(coordinator, f"/v1/activities/{inside['id']}/coverages/{{}}", {"kind": "article", "due": day_ahead(3)})
    at = outlet(station)
    made = booking(station, at["id"], f"{day_ahead(4)}T08:00:00", activity_id=inside["id"])
    before = station.get("/v1/me/inbox").json()["next"]
    assert act(coordinator, "campaigns", run, "cancel", note="Bão").status_code == 200
    assert coordinator.get(f"/v1/activities/{inside['id']}").json()["state"] == "cancelled"
    assert station.get(f"/v1/assignments/{task['id']}").json()["state"] == "cancelled"
    gone = station.get(f"/v1/bookings/{made['id']}").json()
    assert (gone["state"], gone["cancel_reason"]) == ("cancelled", "activity_cancelled")
    [coverage] = coordinator.get(f"/v1/activities/{inside['id']}/coverages").json()["items"]
    assert (coverage["id"], coverage["state"], coverage["flag"]) == (wanted["id"], "cancelled", "activity_cancelled")
    news = {e["target"] for e in station.get("/v1/me/inbox", params={"since": before}).json()["entries"]}
    assert news >= {f"activity:{inside['id']}", f"assignment:{task['id']}", f"booking:{made['id']}"}
    late = coordinator.put(f"/v1/activities/{uuid4()}", json=inside["plan"])
    assert late.json()["code"] == "wrong_state"


def test_the_coordinators_overview_names_what_needs_care_and_is_a_table_too(newsroom: Newsroom) -> None:
    coordinator = newsroom.coordinator
    ids = codes(coordinator)
    run = campaign(coordinator, topics=["ministry_material"], audiences=["financial"])
    assert act(coordinator, "campaigns", run, "start").status_code == 200
    spot = {"location": f"Phòng {uuid4().hex[:6]}", "place_ids": [ids["lagi"]]}
    first = activity(coordinator, campaign_id=run["id"], **spot)
    second = activity(coordinator, title="Trùng chỗ", start=f"{day_ahead(7)}T08:30:00", **spot)
    at = outlet(coordinator, name=f"Trống {uuid4().hex[:6]}")
    answer = coordinator.get("/v1/coordination/overview", params={"weeks": 6}).json()
    gaps = [gap for gap in answer["uncovered"]["items"] if gap["campaign_id"] == run["id"]]
    assert {gap["audience"] for gap in gaps} == {"financial"}
    for gap in gaps[:3]:
        assert coordinator.get(gap["href"]).json()["items"] == []
    assert any(
        {each["activity_id"], each["other_id"]} == {first["id"], second["id"]} for each in answer["conflicts"]["items"]
    )
    assert at["id"] in {each["id"] for each in answer["idle_outlets"]["items"]} or answer["idle_outlets"]["count"] > 500
    assert run["id"] in {each["campaign_id"] for each in answer["behind_plan"]}
    for name in ("overdue", "unanswered"):
        count, items, cursor = answer[name]["count"], 0, answer[name]["href"]
        while cursor:
            page = coordinator.get(cursor).json()
            items += len(page["items"])
            cursor = f"{answer[name]['href']}&cursor={page['next']}" if "next" in page else ""
        assert items == count
    formula = campaign(coordinator, title="=HYPERLINK(1)", topics=["ministry_material"], audiences=["financial"])
    assert act(coordinator, "campaigns", formula, "start").status_code == 200
    table = coordinator.get("/v1/coordination/overview", params={"format": "csv"})
    assert ",'=HYPERLINK(1)" in table.text
    assert ",=HYPERLINK" not in table.text
    assert table.headers["content-type"].startswith("text/csv")
    assert table.content.startswith("\ufeffmuc,so_luong".encode())
    assert table.text.count("\r\n") > len(gaps)
