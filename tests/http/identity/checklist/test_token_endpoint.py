"""identity-checklist.md, statements 14 to 32: the token endpoint."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from domain.identity.member import Member
from domain.identity.oauth_grant import DEVICE_GRANT, digest_of
from harness.browser_session import App, BrowserSession, Form
from harness.installation import PASSWORD, Installation
from harness.people import Person
from tests.support.forged_tokens import hs256

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def app(installation: Installation) -> App:
    return App(installation)


@pytest.fixture(scope="module")
def member(installation: Installation) -> Member:
    return installation.new_member("stttt", "editor")


@pytest.fixture(scope="module")
def person(installation: Installation, member: Member) -> BrowserSession:
    signed_in = BrowserSession(installation)
    signed_in.sign_in(member.login)
    return signed_in


@pytest.fixture
def client(installation: Installation) -> dict[str, str]:
    return installation.new_client("daituyphong")


def ask(installation: Installation, client: dict[str, str] | None = None, **form: str) -> httpx.Response:
    auth = (client["client_id"], client["client_secret"]) if client else None
    return httpx.post(f"{installation.url}/oauth/token", data={"grant_type": "client_credentials"} | form, auth=auth)


def assert_error(answer: httpx.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"


def works(installation: Installation, token: str) -> bool:
    return Person(installation.url, token).get("/v1/me").status_code == 200


def dies(installation: Installation, token: str) -> bool:
    deadline = time.monotonic() + 6
    while works(installation, token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_14_get_is_405_and_only_a_form_in_the_body_is_read(installation: Installation, client: dict[str, str]) -> None:
    url, auth = f"{installation.url}/oauth/token", (client["client_id"], client["client_secret"])
    got = httpx.get(url)
    assert (got.status_code, "POST" in got.headers["allow"]) == (405, True)
    assert httpx.post(url, json={"grant_type": "client_credentials"}, auth=auth).status_code in (400, 415)
    assert httpx.post(f"{url}?grant_type=client_credentials", auth=auth).status_code == 400


def test_15_grant_types_are_named_known_and_registered(installation: Installation, client: dict[str, str]) -> None:
    auth = (client["client_id"], client["client_secret"])
    missing = httpx.post(f"{installation.url}/oauth/token", data={"scope": "content:read"}, auth=auth)
    assert_error(missing, "invalid_request")
    assert_error(ask(installation, client, grant_type="password"), "unsupported_grant_type")
    assert_error(ask(installation, client, grant_type="nonsense"), "unsupported_grant_type")
    assert_error(ask(installation, client, grant_type="refresh_token", refresh_token="x"), "unauthorized_client")
    coded = {"grant_type": "authorization_code", "code": "x", "code_verifier": "a" * 43}
    assert_error(ask(installation, client, **coded), "unauthorized_client")
    assert_error(ask(installation, client, grant_type=DEVICE_GRANT, device_code="x"), "unauthorized_client")


def test_16_a_wrong_secret_and_an_unknown_client_get_the_same_answer(
    installation: Installation, client: dict[str, str]
) -> None:
    wrong = ask(installation, client | {"client_secret": "wrong"})
    unknown = ask(installation, {"client_id": f"nobody-{uuid4().hex}", "client_secret": "wrong"})
    for answer in (wrong, unknown):
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
        assert answer.headers["www-authenticate"].startswith('Basic realm="')


def test_17_two_ways_of_authenticating_are_400(installation: Installation, client: dict[str, str]) -> None:
    assert_error(ask(installation, client, client_secret="x"), "invalid_request")
    assert_error(ask(installation, client, client_assertion="x", client_assertion_type=BEARER), "invalid_request")


def test_18_a_client_uses_the_method_it_registered(installation: Installation, client: dict[str, str]) -> None:
    assert_error(ask(installation, client_id=client["client_id"]), "invalid_client", 401)
    posted = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert_error(ask(installation, **posted), "invalid_client", 401)
    key = ECKey.generate_key("P-256", {"alg": "ES256"}, auto_kid=True)
    keyed = installation.new_client("daibacbinh", jwks={"keys": [key.as_dict(private=False)]})
    assert_error(ask(installation, keyed | {"client_secret": "x"}), "invalid_client", 401)


def test_19_a_token_answer_says_all_it_must_and_machines_are_nobody(
    installation: Installation, client: dict[str, str]
) -> None:
    answer = ask(installation, client)
    reported = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert {"token_type", "expires_in", "scope"} <= set(reported)
    assert "refresh_token" not in reported
    claims = jwt.decode(reported["access_token"], _keys(installation), algorithms=["ES256"]).claims
    assert claims["sub"] == f"client:{client['client_id']}"  # people are `member:<uuid>`


def _keys(installation: Installation) -> object:
    return KeySet.import_key_set(httpx.get(f"{installation.url}/.well-known/jwks.json").json())


def test_20_a_replayed_code_ends_every_token_that_came_of_it(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    code = app.allowed(person)["code"]
    first = app.redeem(code).json()
    assert works(installation, first["access_token"])
    assert_error(app.redeem(code), "invalid_grant")
    assert dies(installation, first["access_token"])
    assert_error(app.refresh(first["refresh_token"]), "invalid_grant")


def test_21_twenty_at_once_redeem_a_code_a_refresh_token_or_a_device_code_exactly_once(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    code = app.allowed(person)["code"]
    refresh = app.redeem(app.allowed(person)["code"]).json()["refresh_token"]
    device = _device(installation, app)
    _approve(person, device["user_code"])
    ways = [
        lambda: app.redeem(code),
        lambda: app.refresh(refresh),
        lambda: app.token(grant_type=DEVICE_GRANT, device_code=device["device_code"]),
    ]
    for way in ways:
        with ThreadPoolExecutor(20) as pool:
            answers = [each.result() for each in [pool.submit(way) for _ in range(20)]]
        assert sorted(a.status_code for a in answers) == [200] + [400] * 19
        assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}


def test_22_a_code_lives_sixty_seconds(installation: Installation, app: App, person: BrowserSession) -> None:
    code = app.allowed(person)["code"]
    row = installation.sql("SELECT expires_at FROM codes WHERE hash = $1", digest_of(code))[0]
    assert timedelta(seconds=50) < row["expires_at"] - datetime.now(UTC) <= timedelta(seconds=60)
    installation.sql("UPDATE codes SET expires_at = now() WHERE hash = $1", digest_of(code))
    assert_error(app.redeem(code), "invalid_grant")


def test_23_a_code_is_bound_to_its_client_address_and_verifier(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    other = App(installation)
    other.verifier = app.verifier
    assert_error(other.redeem(app.allowed(person)["code"]), "invalid_grant")
    assert_error(app.redeem(app.allowed(person)["code"], redirect_uri="https://app.example/other"), "invalid_grant")
    bare = {"grant_type": "authorization_code", "code": app.allowed(person)["code"], "code_verifier": app.verifier}
    assert_error(app.token(**bare), "invalid_grant")
    for verifier in ("b" * 43, app.verifier + "\n", app.verifier[:-1], "a"):
        assert_error(app.redeem(app.allowed(person)["code"], code_verifier=verifier), "invalid_grant")


def test_24_a_verifier_for_a_code_without_challenge_is_refused(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    code = app.allowed(person)["code"]  # none is ever made without one; the row is bent to see the second lock
    installation.sql("UPDATE codes SET challenge = '' WHERE hash = $1", digest_of(code))
    assert_error(app.redeem(code), "invalid_grant")


def test_25_refresh_tokens_rotate_and_an_old_one_ends_the_family(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    first = app.redeem(app.allowed(person)["code"]).json()
    second = app.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    # Within 15 s it may be a lost answer: refused, but the family lives (docs/decisions/0010).
    assert_error(app.refresh(first["refresh_token"]), "invalid_grant")
    third = app.refresh(second["refresh_token"]).json()
    ago = datetime.now(UTC) - timedelta(seconds=16)
    used = digest_of(first["refresh_token"])
    installation.sql("UPDATE refresh_tokens SET replaced_at = $2 WHERE hash = $1", used, ago)
    assert_error(app.refresh(first["refresh_token"]), "invalid_grant")
    assert_error(app.refresh(third["refresh_token"]), "invalid_grant")
    assert dies(installation, third["access_token"])


def test_26_a_refresh_may_narrow_the_scope_and_never_widen_it(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    wide = app.redeem(app.allowed(person, scope="content:read calendar:read")["code"]).json()
    assert_error(app.refresh(wide["refresh_token"], scope="content:read content:write"), "invalid_scope")
    narrow = app.refresh(wide["refresh_token"], scope="content:read")
    assert (narrow.status_code, narrow.json()["scope"]) == (200, "content:read")


def test_27_a_family_has_an_absolute_end(installation: Installation, app: App, person: BrowserSession) -> None:
    tokens = app.redeem(app.allowed(person)["code"]).json()
    tokens = app.refresh(tokens["refresh_token"]).json()
    family = installation.sql(
        "SELECT s.id, s.expires_at FROM sessions s JOIN refresh_tokens r ON r.session_id = s.id WHERE r.hash = $1",
        digest_of(tokens["refresh_token"]),
    )[0]
    assert timedelta(days=89) < family["expires_at"] - datetime.now(UTC) <= timedelta(days=90)
    installation.sql("UPDATE sessions SET expires_at = now() WHERE id = $1", family["id"])
    assert_error(app.refresh(tokens["refresh_token"]), "invalid_grant")


def test_28_a_suspended_member_a_disabled_client_and_a_new_password_end_refreshing(installation: Installation) -> None:
    suspended, changed = (installation.new_member("stttt", "editor") for _ in range(2))
    app, gone = App(installation), App(installation)
    one, two, three = app.tokens_for(suspended.login), app.tokens_for(changed.login), gone.tokens_for(changed.login)
    installation.sql("UPDATE members SET active = false WHERE id = $1", suspended.id)
    assert_error(app.refresh(one["refresh_token"]), "invalid_grant")
    installation.sql("UPDATE clients SET active = false WHERE id = $1", gone.id)
    assert gone.refresh(three["refresh_token"]).status_code in (400, 401)
    person = BrowserSession(installation)
    account = person.sign_in(changed.login)
    new = "một câu khác hẳn và dài"
    assert person.submit(account, old=PASSWORD, password=new).status_code == 303
    assert_error(app.refresh(two["refresh_token"]), "invalid_grant")
    assert dies(installation, two["access_token"])


def test_29_client_assertions_are_short_single_use_and_for_the_issuer(installation: Installation) -> None:
    key = ECKey.generate_key("P-256", {"alg": "ES256"}, auto_kid=True)
    keyed = installation.new_client("daibacbinh", jwks={"keys": [key.as_dict(private=False)]})

    def assertion(**changes: object) -> dict[str, str]:
        now = int(time.time())
        about = {"iss": keyed["client_id"], "sub": keyed["client_id"], "aud": installation.url, "jti": uuid4().hex}
        claims = about | {"iat": now, "exp": now + 120} | changes
        head = {"alg": "ES256", "kid": key.kid}
        signed = jwt.encode(head, claims, key, algorithms=["ES256"])
        return {"client_assertion_type": BEARER, "client_assertion": signed}

    once = assertion()
    assert ask(installation, **once).status_code == 200
    now = int(time.time())
    about = {"iss": keyed["client_id"], "sub": keyed["client_id"], "aud": installation.url, "jti": uuid4().hex}
    as_secret = hs256(key.as_pem(private=False), {"alg": "HS256", "kid": key.kid}, about | {"exp": now + 100})
    bad = [
        once,
        assertion(exp=int(time.time()) + 400),
        assertion(exp=float("nan")),
        assertion(aud=f"{installation.url}/oauth/token"),
        assertion(aud=[installation.url, "https://other.example"]),
        assertion(jti=None),
        {"client_assertion_type": BEARER, "client_assertion": as_secret},
        {"client_assertion_type": BEARER, "client_assertion": "eyJhbGciOiJub25lIn0.e30."},
    ]
    for each in bad:
        assert_error(ask(installation, **each), "invalid_client", 401)


def _device(installation: Installation, app: App, **form: str) -> dict[str, str]:
    answer = httpx.post(f"{installation.url}/oauth/device_authorization", data={"client_id": app.id} | form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _approve(person: BrowserSession, user_code: str, decision: str = "allow") -> None:
    page = person.get("/oauth/device", params={"user_code": user_code})
    assert user_code in page.text
    assert person.submit(page, decision=decision).status_code == 200


def test_30_a_device_waits_slows_down_gets_its_token_once_and_codes_cannot_be_guessed(
    installation: Installation, app: App, person: BrowserSession
) -> None:
    def poll(device: dict[str, str]) -> httpx.Response:
        return app.token(grant_type=DEVICE_GRANT, device_code=device["device_code"])

    device = _device(installation, app, scope="content:read")
    assert_error(poll(device), "authorization_pending")
    assert_error(poll(device), "slow_down")
    _approve(person, device["user_code"])
    assert poll(device).json()["scope"] == "content:read"
    assert_error(poll(device), "invalid_grant")
    denied = _device(installation, app)
    _approve(person, denied["user_code"], "deny")
    assert_error(poll(denied), "access_denied")
    late = _device(installation, app)
    installation.sql("UPDATE devices SET expires_at = now() WHERE hash = $1", digest_of(late["device_code"]))
    assert_error(poll(late), "expired_token")
    guesser = BrowserSession(installation)
    guesser.sign_in(installation.new_member("stttt", "editor").login)
    tried = [guesser.get("/oauth/device", params={"user_code": f"BCDF-GHJ{c}"}).status_code for c in "BCDFGHJ"]
    assert tried == [404] * 5 + [429] * 2


def test_31_failures_in_a_row_are_429_with_retry_after_and_one_audit_row_each(
    installation: Installation, client: dict[str, str]
) -> None:
    wrong = client | {"client_secret": "wrong"}
    answers = [ask(installation, wrong) for _ in range(52)]
    assert [a.status_code for a in answers] == [401] * 50 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert ask(installation, client).status_code == 200, "256 random bits cannot be guessed: nobody is locked out"
    member = installation.new_member("stttt", "editor")
    rows = "SELECT count(*) AS n FROM audit WHERE verb = 'login.failed' AND actor = $1"
    person = BrowserSession(installation)
    page = person.get("/oauth/login")
    tried = [person.submit(page, login=member.login, password="sai-mật-khẩu-này") for _ in range(7)]
    assert [a.status_code for a in tried] == [401] * 5 + [429] * 2
    assert int(tried[-1].headers["retry-after"]) > 0
    assert installation.sql(rows, f"member:{member.id}") == [{"n": 5}]


def test_32_bytes_that_are_no_text_are_400_or_413_never_500(installation: Installation, client: dict[str, str]) -> None:
    url, data = f"{installation.url}/oauth/token", {"grant_type": "client_credentials"}
    for header in (
        "Basic /////",
        "Basic gICA",
        "Basic AAAA",
        "Basic",
        "Basic é".encode(),
        'Bearer "',
        "Basic " + "QUFB" * 20000,
    ):
        answer = httpx.post(url, data=data, headers={"authorization": header})
        assert answer.status_code in (400, 401, 413, 431), (header[:20], answer.text)
    for value in ("\0", '"', "é", "a" * 1_100_000):
        for field in ("scope", "grant_type", "client_id", "code", "refresh_token", "device_code", "client_assertion"):
            answer = ask(installation, client, **{field: value})
            assert answer.status_code in (200, 400, 401, 413), (field, value[:5], answer.text)


def test_guesses_that_come_at_once_stay_within_the_limit(installation: Installation) -> None:
    member = installation.new_member("stttt", "editor")
    person = BrowserSession(installation)
    data = Form(person.get("/oauth/login").text).fields | {"login": member.login, "password": "sai-mật-khẩu-này"}
    cookies = dict(person.cookies)

    def guess(_: int) -> int:
        return httpx.post(f"{installation.url}/oauth/login", data=data, cookies=cookies, timeout=60).status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(guess, range(20))) == [401] * 5 + [429] * 15
