"""identity-checklist.md, statements 1 to 13: the authorization endpoint and its pages."""

import time
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from harness.browser_session import App, BrowserSession, Form
from harness.installation import Installation


@pytest.fixture(scope="module")
def app(installation: Installation) -> App:
    return App(installation)


@pytest.fixture(scope="module")
def person(installation: Installation) -> BrowserSession:
    signed_in = BrowserSession(installation)
    assert signed_in.sign_in(installation.new_member("stttt", "editor").login).status_code == 200
    return signed_in


def error_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["error"][0]


def test_01_another_redirect_uri_gets_a_page_and_never_a_redirect(app: App, person: BrowserSession) -> None:
    for uri in (
        "https://app.example/cB",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "http://app.example/cb",
    ):
        answer = person.get(app.address(redirect_uri=uri))
        assert (answer.status_code, "location" in answer.headers) == (400, False), uri
        assert "text/html" in answer.headers["content-type"]


def test_02_a_native_app_may_choose_its_loopback_port_and_nothing_else(
    installation: Installation, person: BrowserSession
) -> None:
    native = App(installation, "http://127.0.0.1/cb")
    assert person.get(native.address(redirect_uri="http://127.0.0.1:51004/cb")).status_code == 200
    for uri in ("http://127.0.0.1:51004/other", "http://127.0.0.2:51004/cb", "http://localhost:51004/cb"):
        assert person.get(native.address(redirect_uri=uri)).status_code == 400, uri


def test_03_unknown_or_disabled_clients_and_an_ambiguous_address_are_never_redirected(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    gone = App(installation)
    installation.sql("UPDATE clients SET active = false WHERE id = $1", gone.id)
    several = App(installation)
    uris = ["https://a.example/cb", "https://b.example/cb"]
    installation.sql("UPDATE clients SET redirect_uris = $2 WHERE id = $1", several.id, uris)
    for address in (app.address(client_id="nobody"), gone.address(), several.address(redirect_uri=None)):
        answer = person.get(address)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_04_only_codes_are_given(app: App, person: BrowserSession) -> None:
    for kind in ("token", "id_token", 'x"', "é", "code token"):
        answer = person.get(app.address(response_type=kind))
        assert answer.status_code == 400 or error_of(answer) == "unsupported_response_type", kind
        assert "access_token" not in answer.headers.get("location", "")


def test_05_a_challenge_with_s256_is_required(app: App, person: BrowserSession) -> None:
    for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}):
        assert error_of(person.get(app.address(**changes))) == "invalid_request", changes


def test_06_a_challenge_has_43_to_128_unreserved_characters(app: App, person: BrowserSession) -> None:
    for challenge in ("a" * 42, "a" * 129, "a" * 42 + "+", "a" * 43 + "\n", "é" * 43):
        assert error_of(person.get(app.address(code_challenge=challenge))) == "invalid_request", challenge


def test_07_a_repeated_parameter_is_refused(app: App, person: BrowserSession) -> None:
    for again in ("&state=2", "&client_id=x", "&scope=a", f"&redirect_uri={quote(app.uri)}"):
        answer = person.get(app.address() + again)
        assert answer.status_code == 400, again
        assert "invalid_request" in answer.text


def test_08_a_scope_outside_the_clients_list_is_invalid_scope(
    installation: Installation, person: BrowserSession
) -> None:
    narrow = App(installation, scopes=frozenset({"content:read"}))
    answer = person.get(narrow.address(scope="content:read content:publish"))
    assert error_of(answer) == "invalid_scope"
    assert answer.headers["location"].startswith(narrow.uri)


def test_09_a_refusal_and_every_other_answer_carry_state_and_iss(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    refused = app.allowed(person, decision="deny")
    assert refused == {"error": "access_denied", "state": "s-1", "iss": installation.url} | {
        key: refused[key] for key in refused if key == "error_description"
    }
    granted = app.allowed(person)
    assert (granted["state"], granted["iss"]) == ("s-1", installation.url)
    wrong = person.get(app.address(code_challenge=None))
    sent = parse_qs(urlsplit(wrong.headers["location"]).query)
    assert (sent["iss"], sent["state"]) == ([installation.url], ["s-1"])


def test_10_a_consent_without_or_with_anothers_csrf_token_is_403_and_makes_no_code(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    other = BrowserSession(installation)
    other.sign_in(installation.new_member("stttt", "editor").login)
    stolen = Form(other.get(app.address()).text).fields["csrf"]
    person.get(app.address())
    before = installation.sql("SELECT count(*) AS n FROM codes WHERE client_id = $1", app.id)
    for data in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": stolen}):
        assert person.post(app.address(), data=data | {"decision": "allow"}).status_code == 403, data
    assert installation.sql("SELECT count(*) AS n FROM codes WHERE client_id = $1", app.id) == before


def test_11_pages_cannot_be_framed_are_not_cached_and_send_no_referrer(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    pages = [
        person.get(app.address()),
        BrowserSession(installation).get("/oauth/login"),
        person.get("/oauth/device"),
        person.get("/account"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"


def test_12_scripts_of_registered_origins_only_and_never_at_authorize(installation: Installation, app: App) -> None:
    time.sleep(5.1)  # registered origins are remembered that long
    ours, other = "https://app.example", "https://evil.example"
    for path in ("/oauth/authorize", "/oauth/login", "/oauth/introspect"):
        for method in ("GET", "OPTIONS"):
            headers = {"origin": ours, "access-control-request-method": "POST"}
            answer = httpx.request(method, installation.url + path, headers=headers)
            assert "access-control-allow-origin" not in answer.headers, path
    shared = (
        "/oauth/token",
        "/oauth/revoke",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/v1/me",
    )
    for path in shared:
        for method in ("GET", "OPTIONS"):
            headers = {"origin": ours, "access-control-request-method": "POST"}
            answer = httpx.request(method, installation.url + path, headers=headers)
            assert answer.headers["access-control-allow-origin"] == ours, path
            assert "access-control-allow-credentials" not in answer.headers
            assert "Origin" in answer.headers["vary"]
            answer = httpx.request(method, installation.url + path, headers=headers | {"origin": other})
            assert "access-control-allow-origin" not in answer.headers, path


def test_13_a_form_with_credentials_is_answered_303(installation: Installation, app: App) -> None:
    member = installation.new_member("stttt", "editor")
    person = BrowserSession(installation)
    login = person.follow(person.get(app.address()))
    answer = person.submit(login, login=member.login, password="chuồn-chuồn-bay-thấp-thì-mưa")
    assert answer.status_code == 303
    page = person.follow(answer)
    assert "content" not in page.headers.get("location", "")
    assert person.submit(page, decision="allow").status_code == 303
    assert person.submit(person.get("/account"), old="sai", password="x").status_code in (303, 401)
