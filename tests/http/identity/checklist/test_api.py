"""identity-checklist.md, statements 46 to 52: the API itself."""

import json
import socket
from uuid import uuid4

import httpx
import pytest

from harness.browser_session import App, BrowserSession
from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person


@pytest.fixture(scope="module")
def client(installation: Installation) -> dict[str, str]:
    return installation.new_client("daituyphong")


def test_46_anothers_draft_is_404_for_every_method_and_below(installation: Installation, newsroom: Newsroom) -> None:
    draft = newsroom.draft()
    stranger = Person(installation.url, installation.member_token("bientap.congan"))
    path, match = f"/v1/desk/materials/{draft['id']}", {"if-match": '"1"'}
    answers = [
        stranger.get(path),
        stranger.patch(path, json={"title": "Của tôi"}, headers=match),
        stranger.get(f"{path}/history"),
        stranger.put(f"{path}/assets/{uuid4()}", json={"role": "main"}, headers=match),
        stranger.delete(f"{path}/assets/{uuid4()}", headers=match),
        *(stranger.post(f"{path}/{action}", json={}, headers=match) for action in ("request_review", "revise")),
    ]
    assert [each.status_code for each in answers] == [404] * len(answers)
    assert newsroom.editor.get(path).json()["revision"] == draft["revision"]


def test_47_fields_that_are_not_the_callers_are_refused_and_change_nothing(newsroom: Newsroom) -> None:
    draft = newsroom.draft()
    path, match = f"/v1/desk/materials/{draft['id']}", {"if-match": f'"{draft["revision"]}"'}
    for field, value in (
        ("owner_id", str(uuid4())),
        ("status", "published"),
        ("state", "live"),
        ("role", "x"),
        ("y", 1),
    ):
        assert newsroom.editor.patch(path, json={field: value}, headers=match).status_code in (400, 422), field
        assert newsroom.editor.post("/v1/desk/materials", json=ARTICLE | {field: value}).status_code in (400, 422)
    assert newsroom.editor.get(path).json() == draft
    me = {"login": "toi", "roles": ["coordinator"], "organization_id": str(uuid4())}
    member = newsroom.coordinator.get("/v1/members?limit=1").json()["items"][0]
    for field, value in me.items():
        if field != "roles":
            answer = newsroom.coordinator.patch(
                f"/v1/members/{member['id']}", json={field: value}, headers={"if-match": f'"{member["revision"]}"'}
            )
            assert answer.status_code == 422, field


def test_48_a_partner_calls_no_staff_function_and_no_state_is_skipped(
    installation: Installation, newsroom: Newsroom, client: dict[str, str]
) -> None:
    partner = Person(installation.url, installation.client_token(client))
    for path in ("/v1/members", "/v1/clients", "/v1/audit", "/v1/organizations/export", "/v1/desk/materials"):
        assert partner.get(path).status_code == 403, path
    assert partner.post("/v1/clients", json={}).status_code == 403
    draft = newsroom.draft()
    skipped = newsroom.coordinator.post(
        f"/v1/desk/materials/{draft['id']}/publish", json={}, headers={"if-match": f'"{draft["revision"]}"'}
    )
    assert (skipped.status_code, skipped.json()["code"]) == (409, "wrong_state")


def test_49_too_many_too_deep_and_too_large_are_400_or_413(newsroom: Newsroom) -> None:
    assert newsroom.coordinator.get("/v1/members?limit=1000000").status_code == 400
    assert newsroom.coordinator.get("/v1/audit?limit=1000000").status_code == 400
    kind = {"content-type": "application/json"}
    deep = b"[" * 100_000 + b"]" * 100_000
    assert newsroom.editor.post("/v1/desk/materials", content=deep, headers=kind).status_code == 400
    large = b'"' + b"a" * 11_000_000 + b'"'
    assert newsroom.editor.post("/v1/desk/materials", content=large, headers=kind).status_code == 413


def test_50_addresses_inside_are_refused_and_nothing_is_ever_fetched(newsroom: Newsroom) -> None:
    owner = newsroom.coordinator.get("/v1/me").json()["organization"]["id"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        here = f"127.0.0.1:{server.getsockname()[1]}"
        bad = [
            "http://169.254.169.254/cb",
            "http://10.0.0.1/cb",
            "http://192.168.1.1/",
            f"http://localhost:{here[10:]}/",
        ]
        for uri in (*bad, "javascript:alert(1)", "https://x.example/#a", "https://u@x.example/"):
            new = {"name": "x", "organization_id": owner, "public": True, "redirect_uris": [uri]}
            answer = newsroom.coordinator.post("/v1/clients", json=new | {"grant_types": ["authorization_code"]})
            assert answer.status_code == 422, uri
        body = f"![ảnh](http://{here}/a.png) [liên kết](http://{here}/b)"
        newsroom.published(body=body, source_url=None)
        with pytest.raises(TimeoutError):
            server.accept()


def test_51_a_failure_shows_a_trace_id_and_neither_stack_nor_sql(
    installation: Installation, newsroom: Newsroom
) -> None:
    draft = newsroom.draft()
    installation.sql("ALTER TABLE history RENAME COLUMN note TO hidden")
    try:
        answer = newsroom.editor.get(f"/v1/desk/materials/{draft['id']}/history")
    finally:
        installation.sql("ALTER TABLE history RENAME COLUMN hidden TO note")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"]
    assert not any(word in answer.text for word in ("SELECT", "Traceback", "asyncpg", "column"))


def test_52_what_matters_for_security_is_one_audit_row_without_a_secret(installation: Installation) -> None:
    member = installation.new_member("stttt", "editor")
    app = App(installation)
    person = BrowserSession(installation)
    page = person.get("/oauth/login")
    person.submit(page, login=member.login, password="sai-hoàn-toàn-rồi")
    person.sign_in(member.login)
    code = app.allowed(person)["code"]
    tokens = app.redeem(code).json()
    data = {"client_id": app.id, "token": tokens["refresh_token"]}
    assert httpx.post(f"{installation.url}/oauth/revoke", data=data).status_code == 200
    rows = installation.sql("SELECT verb, detail::text AS detail FROM audit WHERE actor = $1", f"member:{member.id}")
    activities = [row["verb"] for row in rows]
    for activity in ("login.failed", "login", "consent", "token.issue"):
        assert activities.count(activity) == 1, activities
    client = installation.sql("SELECT verb, detail::text FROM audit WHERE actor = $1", f"client:{app.id}")
    assert [row["verb"] for row in client] == ["token.revoke"]
    everything = json.dumps([dict(row) for row in installation.sql("SELECT actor, thing, detail::text FROM audit")])
    for secret in (
        code,
        app.verifier,
        "sai-hoàn-toàn-rồi",
        *(str(value) for value in tokens.values() if len(str(value)) > 20),
    ):
        assert secret not in everything
