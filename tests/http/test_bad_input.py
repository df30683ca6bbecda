"""Bad input gets a clear problem with a stable code, and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person

DRAFTS = "/v1/desk/materials"


def count(installation: Installation) -> int:
    return int(str(installation.sql("SELECT count(*) AS n FROM materials")[0]["n"]))


BAD_BODIES: list[tuple[str, Any, int, str, str]] = [
    ("wrong type", ARTICLE | {"title": 7}, 422, "invalid_content", "/title"),
    ("number as text is not coerced", ARTICLE | {"tasks": ["1"]}, 422, "invalid_content", "/tasks/0"),
    ("unknown field", ARTICLE | {"status": "published"}, 422, "invalid_content", "/status"),
    ("owner cannot be set", ARTICLE | {"owner_id": "x"}, 422, "invalid_content", "/owner_id"),
    ("NUL", ARTICLE | {"title": "a\x00b"}, 422, "invalid_content", "/title"),
    ("title too long", ARTICLE | {"title": "a" * 201}, 422, "invalid_content", "/title"),
    ("unknown topic", ARTICLE | {"topics": ["nothing"]}, 422, "invalid_content", "/topics/0"),
    ("field of another kind", ARTICLE | {"sms": {"text": "x"}}, 422, "invalid_content", "/sms"),
    ("missing title", {"kind": "article"}, 422, "invalid_content", "/title"),
    ("not an object", [1], 422, "invalid_content", ""),
    ("time without zone", ARTICLE | {"expires_at": "2030-01-01T00:00:00"}, 422, "invalid_content", "/expires_at"),
]


@pytest.mark.parametrize(("name", "body", "status", "code", "pointer"), BAD_BODIES, ids=[b[0] for b in BAD_BODIES])
def test_a_bad_body_names_the_field_and_stores_nothing(
    installation: Installation, newsroom: Newsroom, name: str, body: Any, status: int, code: str, pointer: str
) -> None:
    before = count(installation)
    answer = newsroom.editor.post(DRAFTS, content=json.dumps(body), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.headers["content-type"] == "application/problem+json"
    assert count(installation) == before


BAD_BYTES = [
    ("not JSON", b"{", {}, 400, "malformed_json"),
    ("not UTF-8", b'{"title":"\xff"}', {}, 400, "malformed_request"),
    ("deep JSON", b"[" * 100_000 + b"]" * 100_000, {}, 400, "malformed_request"),
    ("33 deep", b'{"a":' * 33 + b"1" + b"}" * 33, {}, 400, "malformed_request"),
    ("form", b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
    ("a 1 MB string", b'{"title":"' + b"a" * 1_048_576 + b'"}', {}, 413, "body_too_large"),
    ("11 MB", b" " * 11_000_000, {}, 413, "body_too_large"),
]


@pytest.mark.parametrize(("name", "raw", "headers", "status", "code"), BAD_BYTES, ids=[b[0] for b in BAD_BYTES])
def test_bytes_that_cannot_be_read_are_refused(
    newsroom: Newsroom, name: str, raw: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = newsroom.editor.post(DRAFTS, content=raw, headers={"content-type": "application/json"} | headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_chunked_body_over_the_limit_is_refused(newsroom: Newsroom) -> None:
    def chunks():
        for _ in range(20):
            yield b" " * 100_000

    answer = newsroom.editor.post(DRAFTS, content=chunks(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_an_answer_before_the_body_was_read_says_that_the_connection_closes(newsroom: Newsroom) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    headers = {"content-type": "application/json"}
    early = [
        newsroom.editor.post(DRAFTS, content=b" " * 11_000_000, headers=headers),
        newsroom.editor.post(DRAFTS, content=chunks(), headers=headers),
        newsroom.editor.patch(
            f"/v1/uploads/{uuid4()}", content=b"x" * 5_000_000, headers={"upload-offset": "0", "tus-resumable": "1.0.0"}
        ),
    ]
    assert [answer.headers.get("connection") for answer in early] == ["close"] * 3
    assert "connection" not in newsroom.editor.post(DRAFTS, json={"kind": "article", "title": "Mới"}).headers


def test_nfd_text_is_stored_as_nfc(newsroom: Newsroom) -> None:
    made = newsroom.draft(title="Ma\u0303 đo\u0323c", summary="e\u0302\u0301")
    assert (made["content"]["title"], made["content"]["summary"]) == ("Mã đọc", "ế")


def test_problems_speak_vietnamese_first_and_english_on_request(newsroom: Newsroom) -> None:
    path = f"{DRAFTS}/019ab33b-4f80-7608-9546-d812f5e7213b0"
    assert newsroom.editor.get(path).json()["title"] == "Không tìm thấy"
    english = newsroom.editor.get(path, headers={"accept-language": "en-GB,vi;q=0.5"})
    assert (english.json()["title"], english.headers["content-language"]) == ("Not found", "en")


BAD_QUERIES = {
    "nothing=1": "unknown_parameter",
    "limit=1&limit=2": "repeated_parameter",
    "limit=x": "invalid_parameter",
    "cursor=!": "invalid_parameter",
    "limit=0": "parameter_out_of_range",
    "limit=1000000": "parameter_out_of_range",
}


@pytest.mark.parametrize(("query", "code"), BAD_QUERIES.items(), ids=BAD_QUERIES)
def test_a_bad_query_parameter_is_named_with_what_is_wrong_about_it(newsroom: Newsroom, query: str, code: str) -> None:
    answer = newsroom.editor.get(f"{DRAFTS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert query.partition("=")[0] in answer.json()["detail"]


def test_changing_needs_if_match_and_the_present_revision(newsroom: Newsroom) -> None:
    draft = newsroom.draft()
    path = f"{DRAFTS}/{draft['id']}"
    missing = newsroom.editor.patch(path, json={"title": "x"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    stale = newsroom.editor.patch(path, json={"title": "x"}, headers={"if-match": '"99"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]) == (412, "stale_version", 1)
    nonsense = newsroom.editor.patch(path, json={"title": "x"}, headers={"if-match": "1"})
    assert nonsense.status_code == 400
    done = newsroom.editor.patch(path, json={"title": "x", "summary": None}, headers={"if-match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    assert "summary" not in done.json()["content"]


def test_a_skipped_transition_is_409_and_names_what_is_possible(newsroom: Newsroom) -> None:
    draft = newsroom.draft()
    answer = newsroom.coordinator.post(f"{DRAFTS}/{draft['id']}/publish", json={}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert answer.json()["allowed"] == ["request_review"]
    assert newsroom.editor.get(f"{DRAFTS}/{draft['id']}").json()["revision"] == 1


def test_review_lists_everything_that_is_missing(newsroom: Newsroom) -> None:
    bare = newsroom.draft(body=None, topics=None, audiences=None, rights=None)
    answer = newsroom.editor.post(f"{DRAFTS}/{bare['id']}/request_review", json={}, headers={"if-match": '"1"'})
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert (answer.status_code, answer.json()["code"]) == (422, "not_ready")
    assert pointers == {"/body", "/topics", "/audiences", "/rights"}


def test_foreign_ids_are_404_for_every_method(installation: Installation, newsroom: Newsroom) -> None:
    draft = newsroom.draft()
    stranger = Person(installation.url, installation.member_token("bientap.congan"))
    path = f"{DRAFTS}/{draft['id']}"
    tries = [
        stranger.get(path),
        stranger.get(f"{path}/history"),
        stranger.patch(path, json={}, headers={"if-match": '"1"'}),
        stranger.post(f"{path}/request_review", json={}, headers={"if-match": '"1"'}),
        stranger.delete(f"{path}/assets/{draft['id']}", headers={"if-match": '"1"'}),
    ]
    assert [t.status_code for t in tries] == [404] * len(tries)
    assert draft["id"] not in stranger.get(DRAFTS, params={"limit": 200}).text


def test_the_same_id_again_answers_the_same_and_other_content_is_409(newsroom: Newsroom) -> None:
    path = f"{DRAFTS}/019ab33b-4f80-7608-9546-0000000000{id(newsroom) % 90 + 10}"
    first = newsroom.editor.put(path, json=ARTICLE)
    again = newsroom.editor.put(path, json=ARTICLE)
    other = newsroom.editor.put(path, json=ARTICLE | {"title": "khác"})
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert again.json() == first.json()


def test_an_idempotency_key_makes_a_repeat_harmless(installation: Installation, newsroom: Newsroom) -> None:
    before = count(installation)
    key = {"idempotency-key": f"key-{before}"}
    first = newsroom.editor.post(DRAFTS, json=ARTICLE, headers=key)
    again = newsroom.editor.post(DRAFTS, json=ARTICLE, headers=key)
    other = newsroom.editor.post(DRAFTS, json=ARTICLE | {"title": "khác"}, headers=key)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert count(installation) == before + 1


def test_every_problem_has_a_page(installation: Installation) -> None:
    from api.http.problems import PROBLEMS

    pages = {code: httpx.get(f"{installation.url}/problems/{code}") for code in PROBLEMS}
    assert {page.status_code for page in pages.values()} == {200}
    assert httpx.get(f"{installation.url}/problems/none").status_code == 404


def test_head_options_and_security_headers_are_everywhere(installation: Installation) -> None:
    head = httpx.head(f"{installation.url}/v1/channels/public-web/changes?limit=1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["x-content-type-options"] == "nosniff"
    assert head.headers["access-control-allow-origin"] == "*"
    asked = {"origin": "https://a.example", "access-control-request-method": "GET"}
    assert httpx.options(f"{installation.url}/v1/channels", headers=asked).status_code == 204
    wrong = httpx.delete(f"{installation.url}/v1/channels")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
