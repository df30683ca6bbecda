"""The wire semantics of the change feed."""

import threading
import time

import pytest

from domain.canonical_json import canonical
from harness.installation import Installation
from harness.people import Newsroom, Person, proven, pull

CHANGES = "/v1/channels/public-web/changes"


@pytest.fixture
def reader(installation: Installation) -> Person:
    return Person(installation.url)


def test_paging_gives_every_material_once_and_ends(reader: Person) -> None:
    whole, _ = pull(reader, "public-web")
    paged, _ = pull(reader, "public-web", limit=3)
    first, second = ([c["id"] for c in changes if c["op"] == "upsert"] for changes in (whole, paged))
    assert second == first
    assert [c["seq"] for c in paged] == sorted({c["seq"] for c in paged})


def test_a_foreign_cursor_is_410_with_where_to_start_and_nonsense_400(reader: Person) -> None:
    _, cursor = pull(reader, "public-web")
    _, channel, seq = cursor.split("-")
    other = reader.get(CHANGES, params={"since": f"00000000-{channel}-{seq}"})
    assert (other.status_code, other.json()["code"], other.json()["restart"]) == (410, "cursor_expired", CHANGES)
    assert reader.get(CHANGES, params={"since": "nonsense"}).status_code == 400
    ahead = reader.get(CHANGES, params={"since": f"{cursor.rsplit('-', 1)[0]}-fffffff"})
    assert (ahead.status_code, ahead.json()["changes"]) == (200, [])


def test_etag_is_the_head_and_an_unchanged_head_is_304(reader: Person) -> None:
    first = reader.get(CHANGES, params={"limit": 1})
    same = reader.get(CHANGES, params={"limit": 1}, headers={"if-none-match": first.headers["etag"]})
    assert same.status_code in (200, 304)  # other tests publish meanwhile
    if same.status_code == 304:
        assert same.content == b""
    assert first.headers["cache-control"] == "public, max-age=30, stale-while-revalidate=300"


def test_the_heads_etag_never_hides_a_page_that_was_not_read(reader: Person) -> None:
    """Clients keep one ETag for a channel; sent with the cursor of a half-read channel it must not answer 304."""
    for _ in range(20):
        first = reader.get(CHANGES, params={"limit": 1})
        second = reader.get(
            CHANGES, params={"since": first.json()["next"]}, headers={"if-none-match": first.headers["etag"]}
        )
        assert second.status_code == 200
        assert second.json()["changes"]
        if second.headers["etag"] == first.headers["etag"]:  # nobody published in between
            return
    pytest.fail("never quiet")


def test_a_long_poll_answers_at_once_when_something_commits(
    installation: Installation, newsroom: Newsroom, reader: Person
) -> None:
    approved = newsroom.approved(newsroom.draft(title="Đang chờ"))
    _, cursor = pull(reader, "public-web")
    found: list[float] = []

    def wait() -> None:
        at = cursor
        while True:
            page = reader.get(CHANGES, params={"since": at, "wait": 10}).json()
            if any(c["id"] == approved["id"] for c in page["changes"]):
                found.append(time.monotonic())
                return
            at = page["next"]

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    began = time.monotonic()
    newsroom.do(newsroom.coordinator, approved, "publish")
    waiting.join(12)
    assert found
    assert found[0] - began < 5


def test_first_sync_omits_tombstones_and_later_pages_carry_them(newsroom: Newsroom, reader: Person) -> None:
    before = pull(reader, "public-web")[1]
    doomed = newsroom.published()
    newsroom.killed(newsroom.coordinator.get(f"/v1/desk/materials/{doomed['id']}").json())
    first = reader.get(CHANGES, params={"limit": 500}).json()["changes"]  # other tests may have made more pages
    assert {c["op"] for c in first} == {"upsert"}
    assert doomed["id"] not in [c["id"] for c in first]
    [tombstone] = [c for c in pull(reader, "public-web", before)[0] if c["id"] == doomed["id"]]
    assert tombstone["op"] == "tombstone"


def test_documents_are_canonical_signed_and_served_as_the_same_bytes(reader: Person) -> None:
    keys = reader.get("/.well-known/jwks.json").json()["keys"]
    for change in pull(reader, "public-web")[0][:5]:
        bytes_ = proven(change, keys)
        assert bytes_ == canonical(change["item"])
        alone = reader.get(f"/v1/materials/{change['id']}")
        if alone.status_code == 200 and alone.headers["etag"] == f'"{change["version"]}"':
            assert alone.content == bytes_
            assert alone.headers["lantoa-signature"] == change["signature"]
            again = reader.get(f"/v1/materials/{change['id']}", headers={"if-none-match": alone.headers["etag"]})
            assert again.status_code == 304


def test_heads_of_all_readable_channels_come_in_one_call(installation: Installation, reader: Person) -> None:
    def heads(person: Person) -> set[str]:
        found = {head["channel"] for head in person.get("/v1/changes").json()["items"]}
        return found & {"public-web", "district-radio", "press"}  # other tests make channels too

    assert heads(reader) == {"public-web"}
    station = Person(installation.url, installation.client_token(installation.new_client("dailagi")))
    assert heads(station) == {"public-web", "district-radio"}


def test_an_old_digest_cursor_is_409_with_the_present_one(reader: Person, newsroom: Newsroom) -> None:
    _, cursor = pull(reader, "public-web")
    newsroom.published()
    answer = reader.get("/v1/channels/public-web/digest", params={"at": cursor})
    assert (answer.status_code, answer.json()["code"]) == (409, "cursor_moved")
    assert answer.json()["cursor"] != cursor


def test_unknown_or_repeated_query_parameters_are_400(reader: Person) -> None:
    for query in ("sinse=x", "limit=1&limit=1", "limit=501", "wait=21", "wait=-1"):
        assert reader.get(f"{CHANGES}?{query}").status_code == 400, query
