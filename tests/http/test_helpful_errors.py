"""Errors say what was wrong, where, and what would be right, in the caller's language."""

import json
import re
from base64 import b64encode
from struct import pack
from typing import Any
from zlib import compress, crc32

import httpx
import pytest

from api.http.field_errors import TEXTS
from api.http.problems import PROBLEMS
from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person

DESK = "/v1/desk/materials"
JSON = {"content-type": "application/json"}
ENGLISH = {"accept-language": "en"}


def one_pixel(comment: str) -> bytes:
    """A PNG image of one black pixel, with a comment that makes it another file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))

    header = pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    text = b"Comment\0" + comment.encode("ascii", "replace")
    parts = [chunk(b"IHDR", header), chunk(b"tEXt", text), chunk(b"IDAT", compress(b"\0\0")), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def field(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    found: dict[str, Any] = answer.json()["errors"][0]
    return found


def test_the_vocabularies_are_public_and_have_titles_in_both_languages(installation: Installation) -> None:
    reported = httpx.get(f"{installation.url}/v1/vocabularies").json()
    assert {"topics", "audiences", "languages", "kinds", "tasks", "organization_kinds"} == set(reported)
    assert len(reported["topics"]) == 11
    for terms in reported.values():
        assert terms
        for term in terms:
            assert term["title_vi"]
            assert term["title_en"]


def test_codes_that_the_vocabularies_list_are_accepted(installation: Installation, newsroom: Newsroom) -> None:
    reported = httpx.get(f"{installation.url}/v1/vocabularies").json()
    codes = {name: [term["code"] for term in reported[name]] for name in ("topics", "audiences")}
    assert newsroom.draft(**codes)["content"]["topics"] == codes["topics"]


@pytest.mark.parametrize(
    ("change", "pointer", "allowed"),
    [
        ({"topics": ["otp"]}, "/topics/0", "online_scams"),
        ({"audiences": ["everybody"]}, "/audiences/0", "general_public"),
        ({"kind": "artikel"}, "/kind", "article"),
        ({"language": "fr"}, "/language", "cjm"),
        ({"relations": [{"rel": "like", "id": "x"}]}, "/relations/0/rel", "replaces"),
    ],
)
def test_an_unknown_code_or_enum_lists_what_is_allowed(
    newsroom: Newsroom, change: dict[str, Any], pointer: str, allowed: str
) -> None:
    reported = field(newsroom.editor.post(DESK, json=ARTICLE | change))
    assert reported["pointer"] == pointer
    assert allowed in reported["allowed"]
    assert allowed in reported["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"title": None},
        {"title": 7},
        {"title": "a" * 300},
        {"body": []},
        {"expires_at": "2030-01-01T00:00:00"},
        {"expires_at": "soon"},
        {"topics": ["otp"]},
        {"quiz": [{"question": "?", "choices": ["a", "b"], "answer": 9, "why": "x"}], "kind": "quiz"},
        {"nothing": 1},
    ],
    ids=json.dumps,
)
def test_details_are_sentences_in_the_callers_language(newsroom: Newsroom, body: dict[str, Any]) -> None:
    vietnamese = field(newsroom.editor.post(DESK, json=ARTICLE | body))
    english = field(newsroom.editor.post(DESK, json=ARTICLE | body, headers=ENGLISH))
    assert vietnamese["detail"]
    assert vietnamese["detail"] != english["detail"]
    assert not re.search(r"Expected|`|got |must|Object|typing", vietnamese["detail"]), vietnamese
    assert english["detail"].isascii() or "“" in english["detail"]
    assert vietnamese["code"] == english["code"]


def test_every_code_has_a_sentence_in_both_languages() -> None:
    for code, row in PROBLEMS.items():
        assert all(row.vi), code
        assert all(row.en), code
        assert row.vi != row.en, code
    for code, (vietnamese, english) in TEXTS.items():
        assert vietnamese, code
        assert english, code
        assert vietnamese != english, code


def test_a_query_parameter_out_of_range_names_the_range_and_an_enum_its_values(newsroom: Newsroom) -> None:
    assert "1–200" in newsroom.editor.get(f"{DESK}?limit=0").json()["detail"]
    assert newsroom.editor.get(f"{DESK}?limit=x").json()["expected"] == "int"
    wrong = newsroom.editor.get(f"{DESK}?state=nope").json()
    assert wrong["code"] == "invalid_parameter"
    assert "scheduled" in wrong["allowed"]
    assert "typing" not in json.dumps(wrong)


@pytest.mark.parametrize("name", ["actor", "work", "material_lists", "Limit"])
def test_an_unknown_query_parameter_lists_the_known_ones_and_nothing_internal(newsroom: Newsroom, name: str) -> None:
    reported = newsroom.editor.get(f"{DESK}?{name}=1").json()
    assert reported["code"] == "unknown_parameter"
    assert reported["allowed"] == ["cursor", "limit", "state"]


def test_malformed_json_says_where(newsroom: Newsroom) -> None:
    reported = newsroom.editor.post(DESK, content=b'{"kind":"article",\n "title":"x",}', headers=JSON).json()
    assert (reported["code"], reported["line"]) == ("malformed_json", 2)
    assert "2" in reported["detail"]


@pytest.mark.parametrize("raw", [b"", b"  "])
def test_an_empty_body_says_that_a_body_is_needed(newsroom: Newsroom, raw: bytes) -> None:
    answer = newsroom.editor.post(DESK, content=raw, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "body_required")
    assert "data" not in answer.json()["detail"]


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"kind":"article","title":"x","title":"y"}', "/title"),
        (b'{"kind":"article","title":"x","rights":{"a":1,"a":2}}', "/rights/a"),
        (b'{"relations":[{},{"x/y":1,"x/y":2}]}', "/relations/1/x~1y"),
        ('{"é":1,"e\u0301":2}'.encode(), "/é"),
    ],
)
def test_an_object_with_the_same_member_twice_is_refused(newsroom: Newsroom, raw: bytes, pointer: str) -> None:
    refused = field(newsroom.editor.post(DESK, content=raw, headers=JSON))
    assert (refused["code"], refused["pointer"]) == ("duplicate_member", pointer)


@pytest.mark.parametrize("control", ["\u202a", "\u202e", "\u2066", "\u2069", "\u200f"])
def test_bidirectional_controls_in_titles_and_names_are_refused(newsroom: Newsroom, control: str) -> None:
    reported = field(newsroom.editor.post(DESK, json=ARTICLE | {"title": f"a{control}b"}))
    assert (reported["pointer"], reported["code"]) == ("/title", "bidi_control")
    slug = {"slug": "x-1", "title": f"a{control}b"}
    assert field(newsroom.coordinator.post("/v1/channels", json=slug))["code"] == "bidi_control"


def test_a_404_tells_an_anonymous_caller_that_a_token_may_be_missing(
    installation: Installation, newsroom: Newsroom
) -> None:
    anonymous = Person(installation.url).get("/v1/channels/press").json()
    assert (anonymous["code"], "token" in anonymous["detail"]) == ("not_found", True)
    known = newsroom.coordinator.get("/v1/channels/no-such-channel").json()
    assert (known["code"], "token" in known["detail"]) == ("not_found", False)


def test_tus_requests_without_their_version_are_412(newsroom: Newsroom) -> None:
    made = newsroom.editor.post("/v1/uploads", headers={"upload-length": "5", "tus-resumable": "1.0.0"})
    path = made.headers["location"]
    requests = [
        newsroom.editor.post("/v1/uploads", headers={"upload-length": "5"}),
        newsroom.editor.post("/v1/uploads", headers={"upload-length": "5", "tus-resumable": "0.2.0"}),
        newsroom.editor.head(path),
        newsroom.editor.patch(path, content=b"x", headers={"upload-offset": "0"}),
        newsroom.editor.delete(path),
    ]
    assert [answer.status_code for answer in requests] == [412] * 5
    assert {answer.headers["tus-version"] for answer in requests} == {"1.0.0"}
    assert newsroom.editor.head(path, headers={"tus-resumable": "1.0.0"}).headers["upload-offset"] == "0"


def test_a_secret_in_the_form_is_refused_with_what_to_do_instead(installation: Installation) -> None:
    client = installation.new_client("btv")
    form = {"grant_type": "client_credentials"} | client
    answer = httpx.post(f"{installation.url}/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "HTTP Basic" in answer.json()["error_description"]
    metadata = httpx.get(f"{installation.url}/.well-known/oauth-authorization-server").json()
    assert "client_secret_post" not in metadata["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize(
    ("name", "ascii_name", "kept"),
    [
        ("Bản tin số 1.png", "ban-tin-so-1.png", "Bản tin số 1.png"),
        ("2026/11\\tin.png", "2026-11-tin.png", "2026_11_tin.png"),
        ("../../etc/passwd.png", "etc-passwd.png", ".._.._etc_passwd.png"),
        ('a"b.ảnh', "a-b-anh", 'a"b.ảnh'),
    ],
)
def test_file_names_keep_their_text_and_have_an_ascii_form(
    newsroom: Newsroom, name: str, ascii_name: str, kept: str
) -> None:
    data = one_pixel(name)
    reported = f"filename {b64encode(name.encode()).decode()},filetype {b64encode(b'image/png').decode()}"
    made = newsroom.editor.post(
        "/v1/uploads",
        content=data,
        headers={
            "upload-length": str(len(data)),
            "upload-metadata": reported,
            "tus-resumable": "1.0.0",
            "content-type": "application/offset+octet-stream",
        },
    )
    assert made.status_code == 201, made.text
    asset = made.headers["lantoa-asset"]
    about = newsroom.editor.get(f"/v1/assets/{asset}").json()
    shown = newsroom.editor.get(f"/v1/assets/{asset}/content?delivery=proxy").headers["content-disposition"]
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', shown)
    assert plain, shown
    assert plain[1].isascii()
    assert "filename*=UTF-8''" in shown
    assert about["filename"] == kept, about
    assert plain[1] == ascii_name, shown
