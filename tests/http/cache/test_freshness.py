"""What is remembered is never older than we say: two processes, with ears and without."""

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person
from tests.support.partition_proxy import Line

pytestmark = pytest.mark.alone
HEARD_SECONDS = 0.25
DEAF_SECONDS = 2.5
TIMES = 5


@pytest.fixture(scope="module")
def other(installation: Installation) -> Iterator[str]:
    url = installation.second_api(LANTOA_RESPONSE_CACHE="on")
    yield url
    installation.stop_api(url)


def seconds_until(done: Callable[[], bool], at_most: float = 10) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < at_most, "never"
    return time.monotonic() - began


def warm(reader: Person, path: str) -> None:
    """Asked three times, it is remembered."""
    assert [reader.get(path).status_code for _ in range(3)] == [200] * 3


def remembered(installation: Installation, url: str) -> float:
    time.sleep(1.2)  # counts are passed on once a second
    measured = installation.measured(url)
    return sum(
        v for name, v in measured.items() if name.startswith("lantoa_responses_total") and 'source="cache"' in name
    )


def test_a_kill_is_seen_by_every_process_within_a_quarter_of_a_second(
    installation: Installation, newsroom: Newsroom, other: str
) -> None:
    before = remembered(installation, other)
    for _ in range(TIMES):
        material = newsroom.published()
        path = f"/v1/materials/{material['id']}"
        near, far = Person(installation.url), Person(other)
        seconds_until(lambda: far.get(path).status_code == 200)  # noqa: B023
        warm(near, path)
        warm(far, path)
        head = far.get("/v1/channels/public-web").json()["cursor"]
        newsroom.killed(material)
        assert near.get(path).status_code == 410, "who killed it reads it at once"
        assert seconds_until(lambda: far.get(path).status_code == 410) < HEARD_SECONDS  # noqa: B023
        page = far.get("/v1/channels/public-web/changes", params={"since": head}).json()
        assert [c["reason"] for c in page["changes"] if c["id"] == material["id"]] == ["killed"]
    assert remembered(installation, other) > before, "nothing came from memory: nothing was shown"


def test_a_grant_that_is_taken_away_is_taken_away_everywhere(
    installation: Installation, newsroom: Newsroom, other: str
) -> None:
    client = installation.new_client("daiduclinh")
    reader = Person(other, installation.client_token(client))
    organization = reader.get("/v1/me").json()["organization"]["id"]
    grant = f"/v1/channels/press/grants/{organization}"
    assert newsroom.coordinator.put(grant).status_code == 204
    path = "/v1/channels/press/changes?limit=2"
    seconds_until(lambda: reader.get(path).status_code == 200)
    warm(reader, path)
    assert newsroom.coordinator.delete(grant).status_code == 204
    assert seconds_until(lambda: reader.get(path).status_code == 403) < HEARD_SECONDS
    assert reader.get(path).json()["code"] == "grant_revoked"


def test_who_sleeps_is_woken_when_the_grant_is_lost(installation: Installation, newsroom: Newsroom, other: str) -> None:
    client = installation.new_client("daihamtan")
    reader = Person(other, installation.client_token(client))
    organization = reader.get("/v1/me").json()["organization"]["id"]
    grant = f"/v1/channels/officials/grants/{organization}"
    assert newsroom.coordinator.put(grant).status_code == 204
    seconds_until(lambda: reader.get("/v1/channels/officials").status_code == 200)
    head = reader.get("/v1/channels/officials").json()["cursor"]
    reported: list[httpx.Response] = []
    asking = {"since": head, "wait": 20}
    waiter = threading.Thread(
        target=lambda: reported.append(reader.get("/v1/channels/officials/changes", params=asking))
    )
    waiter.start()
    seconds_until(lambda: installation.measured(other)["lantoa_polls_waiting"] == 1)
    assert newsroom.coordinator.delete(grant).status_code == 204
    waiter.join(2)
    assert [answer.json()["code"] for answer in reported] == ["grant_revoked"]


def test_a_process_that_hears_nothing_looks_for_itself(installation: Installation, newsroom: Newsroom) -> None:
    with Line(installation.environ["LANTOA_DATABASE_URL"]) as line:
        url = installation.second_api(LANTOA_DATABASE_URL=line.url, LANTOA_RESPONSE_CACHE="on")
        try:
            material = newsroom.published()
            path, reader = f"/v1/materials/{material['id']}", Person(url)
            seconds_until(lambda: reader.get(path).status_code == 200)
            line.partitioned = True
            warm(reader, path)
            newsroom.killed(material)
            assert seconds_until(lambda: reader.get(path).status_code == 410) < DEAF_SECONDS
            assert line.withheld > 0, "the line was never deaf"
        finally:
            installation.stop_api(url)


def test_without_a_database_nothing_is_remembered_for_long(installation: Installation, newsroom: Newsroom) -> None:
    material = newsroom.published()
    with Line(installation.environ["LANTOA_DATABASE_URL"]) as line:
        url = installation.second_api(LANTOA_DATABASE_URL=line.url, LANTOA_RESPONSE_CACHE="on")
        try:
            path, reader = f"/v1/materials/{material['id']}", Person(url)
            warm(reader, path)
            line.cut = True
            newsroom.killed(material)
            # A process that cannot ask must not go on telling: it says that it does not know.
            began = time.monotonic()
            while reader.get(path).status_code == 200:
                assert time.monotonic() - began < DEAF_SECONDS
            reported = reader.get(path)
            assert (reported.status_code, reported.json()["code"]) == (503, "unavailable")
            assert int(reported.headers["retry-after"]) >= 1
            line.cut = False
            seconds_until(lambda: reader.get(path).status_code == 410, at_most=20)
        finally:
            installation.stop_api(url)
