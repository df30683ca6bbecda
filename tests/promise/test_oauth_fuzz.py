"""Whatever is sent to the OAuth endpoints and pages: never a 5xx, never a stack, always the RFC's words."""

from urllib.parse import quote_from_bytes

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.identity.oauth_grant import GRANT_TYPES
from harness.browser_session import App, BrowserSession
from harness.installation import Installation

ERRORS = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope", "authorization_pending", "slow_down", "access_denied", "expired_token", "unsupported_token_type",
    "temporarily_unavailable",
}  # fmt: skip
NAMES = [
    "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "code", "code_verifier",
    "redirect_uri", "refresh_token", "device_code", "scope", "token", "token_type_hint", "response_type", "state",
    "code_challenge", "code_challenge_method", "user_code", "request", "response_mode", "prompt", "nonce",
]  # fmt: skip
NASTY = [
    b"", b"\x00", b'"', b"\xff\xfe", "é".encode(), b"a" * 5000, b"%", b"+", b"\r\nX: y", b"{}", b"../..", b"null",
    b"https://app.example/cb", b"code", b"S256", b"a" * 43, b"content:read", b"eyJhbGciOiJub25lIn0.e30.", b"\xf0\x9f\x98\x80",
    *(grant.encode() for grant in GRANT_TYPES),
]  # fmt: skip
values = st.one_of(
    st.sampled_from(NASTY), st.binary(max_size=40), st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace"))
)
pairs = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=8)
headers = st.one_of(
    st.just({}),
    st.sampled_from(NASTY).map(
        lambda v: {"authorization": b"Basic " + v.replace(b"\r\n", b"").replace(b"\x00", b"") + b"="}
    ),
    st.sampled_from(["text/plain", "application/json", "multipart/form-data; boundary=x", ""]).map(
        lambda v: {"content-type": v}
    ),
)
bounded = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def encoded(form: list[tuple[str, bytes]]) -> bytes:
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in form).encode()


@given(st.sampled_from(["token", "revoke", "introspect", "device_authorization"]), pairs, headers, st.booleans())
@bounded
def test_form_endpoints_answer_with_the_rfcs_errors(
    installation: Installation, endpoint: str, form: list[tuple[str, bytes]], sent: dict, known: bool
) -> None:
    if known:
        form = [("client_id", _app(installation).id.encode()), *(pair for pair in form if pair[0] != "client_id")]
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{installation.url}/oauth/{endpoint}", content=encoded(form), headers=kind | sent, timeout=30)
    assert answer.status_code in (200, 400, 401, 413, 429), answer.text
    if answer.status_code != 200:
        assert answer.json()["error"] in ERRORS
        assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.text


_APPS: dict[str, App] = {}
_VISITORS: dict[str, BrowserSession] = {}


def _app(installation: Installation) -> App:
    if installation.url not in _APPS:
        _APPS[installation.url] = App(installation)
    return _APPS[installation.url]


def _browser(installation: Installation) -> BrowserSession:
    if installation.url not in _VISITORS:
        person = _VISITORS[installation.url] = BrowserSession(installation)
        person.sign_in(installation.new_member("stttt", "editor").login)
    return _VISITORS[installation.url]


@given(st.sampled_from(["authorize", "login", "device"]), pairs, st.booleans(), st.booleans())
@bounded
def test_pages_answer_anything_with_a_page_or_the_apps_address(
    installation: Installation, page: str, query: list[tuple[str, bytes]], signed_in: bool, known: bool
) -> None:
    if known:
        app = _app(installation)
        fixed = {"client_id": app.id.encode(), "redirect_uri": app.uri.encode()}
        query = [*fixed.items(), *(pair for pair in query if pair[0] not in fixed)]
    person = _browser(installation) if signed_in else BrowserSession(installation)
    answer = person.get(f"/oauth/{page}?{encoded(query).decode()}")
    assert answer.status_code in (200, 303, 400, 404, 429), answer.text
    if answer.status_code == 303:
        assert answer.headers["location"].startswith(
            ("https://app.example/cb", "/oauth/login?", "/account", "/oauth/", "/")
        )
        assert "code=" not in answer.headers["location"].split("?")[-1].split("next=")[0]
    else:
        assert answer.headers["content-type"].startswith("text/html")


@given(
    st.sampled_from(["oauth/login", "oauth/authorize", "oauth/device", "account/password", "account/logout", "invite"]),
    pairs,
)
@bounded
def test_forms_that_are_not_from_our_pages_are_refused_with_a_page(
    installation: Installation, path: str, form: list[tuple[str, bytes]]
) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = _browser(installation).post(f"/{path}", content=encoded(form), headers=kind)
    assert answer.status_code in (400, 403), answer.text
    assert answer.headers["content-type"].startswith("text/html")
