"""Tokens: clients other people wrote, and the refusals of identity-checklist.md that belong to client credentials."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.installation import Installation
from tests.people import Person

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def client(installation: Installation) -> dict[str, str]:
    return installation.new_client("daituyphong")


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


@pytest.fixture(scope="module")
def keyed(installation: Installation, key: ECKey) -> dict[str, str]:
    return installation.new_client("daibacbinh", jwks={"keys": [key.as_dict(private=False)]})


def token(installation: Installation, data: dict[str, str] | None = None, **more: object) -> httpx.Response:
    return httpx.post(
        f"{installation.url}/oauth/token", data={"grant_type": "client_credentials"} | (data or {}), **more
    )


def assertion(installation: Installation, keyed: dict[str, str], key: ECKey, **changes: object) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": keyed["client_id"], "sub": keyed["client_id"], "aud": installation.url, "iat": now, "exp": now + 120,
        "jti": uuid4().hex,
    } | changes  # fmt: skip
    signed = jwt.encode({"alg": "ES256"} | ({"kid": key.kid} if key.kid else {}), claims, key, algorithms=["ES256"])
    return {"client_assertion_type": ASSERTION, "client_assertion": signed}


def test_authlibs_client_gets_a_token_with_basic_and_uses_it(
    installation: Installation, client: dict[str, str]
) -> None:
    with OAuth2Client(client["client_id"], client["client_secret"]) as session:
        got = session.fetch_token(f"{installation.url}/oauth/token", grant_type="client_credentials")
        assert set(got) >= {"access_token", "token_type", "expires_in", "scope"}
        assert "refresh_token" not in got
        me = session.get(f"{installation.url}/v1/me").json()
        assert me["organization"]["code"] == "daituyphong"


def test_authlibs_client_gets_a_token_with_private_key_jwt(
    installation: Installation, keyed: dict[str, str], key: ECKey
) -> None:
    session = OAuth2Client(keyed["client_id"], key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(installation.url, {"exp": int(time.time()) + 120}, alg="ES256"))
    got = session.fetch_token(f"{installation.url}/oauth/token", grant_type="client_credentials")
    assert Person(installation.url, got["access_token"]).get("/v1/me").status_code == 200


def test_an_assertion_is_good_once_for_the_issuer_and_for_five_minutes(
    installation: Installation, keyed: dict[str, str], key: ECKey
) -> None:
    once = assertion(installation, keyed, key)
    assert token(installation, once).status_code == 200
    later = int(time.time()) + 400
    other = ECKey.generate_key("P-256")
    for bad in (
        once,
        assertion(installation, keyed, key, aud=f"{installation.url}/oauth/token"),
        assertion(installation, keyed, key, exp=later),
        assertion(installation, keyed, key, exp="soon"),
        assertion(installation, keyed, key, sub="nobody", iss="nobody"),
        assertion(installation, keyed, other),
    ):
        answer = token(installation, bad)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_twenty_at_once_spend_an_assertion_exactly_once(
    installation: Installation, keyed: dict[str, str], key: ECKey
) -> None:
    once = assertion(installation, keyed, key)
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: token(installation, once).status_code, range(20)))
    assert sorted(codes) == [200] + [401] * 19


def test_wrong_secret_unknown_and_disabled_client_get_the_same_answer(
    installation: Installation, client: dict[str, str]
) -> None:
    wrong = token(installation, auth=(client["client_id"], "wrong"))
    unknown = token(installation, auth=("nobody", "wrong"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json() == {"error": "invalid_client"}
    assert wrong.headers["www-authenticate"] == unknown.headers["www-authenticate"] == 'Basic realm="lantoa"'
    assert wrong.headers["cache-control"] == "no-store"


def test_requests_that_break_the_form_are_400_never_500(installation: Installation, client: dict[str, str]) -> None:
    url, auth = f"{installation.url}/oauth/token", (client["client_id"], client["client_secret"])
    form = {"content-type": "application/x-www-form-urlencoded"}
    cases = [
        httpx.post(url, content=b"grant_type=a&grant_type=b", headers=form, auth=auth),
        httpx.post(url, content=b"grant_type=client_credentials&x=%00", headers=form, auth=auth),
        httpx.post(url, content=b"grant_type=%ff", headers=form, auth=auth),
        httpx.post(url, json={"grant_type": "client_credentials"}, auth=auth),
        httpx.post(url, data={"grant_type": "client_credentials"}, headers={"authorization": "Basic /////"}),
        httpx.post(url, data={"grant_type": "client_credentials"}, headers={"authorization": "Basic gICA"}),
        token(installation, {"client_id": "a", "client_secret": "b"}, auth=auth),
        token(installation, {"scope": "everything"}, auth=auth),
        httpx.post(url, data={"grant_type": "password", "username": "a", "password": "b"}, auth=auth),
        httpx.post(url, data={"scope": "content:read"}, auth=auth),
        httpx.post(f"{url}?grant_type=client_credentials", auth=auth),
    ]
    assert [c.status_code for c in cases] == [400] * len(cases), [c.text for c in cases]
    errors = [c.json().get("error", c.json().get("code")) for c in cases]
    assert errors[7:10] == ["invalid_scope", "unsupported_grant_type", "invalid_request"]
    got = httpx.get(url)
    assert (got.status_code, "POST" in got.headers["allow"]) == (405, True)


def test_a_narrower_scope_can_be_asked_and_binds(installation: Installation, client: dict[str, str]) -> None:
    got = token(installation, {"scope": "calendar:read"}, auth=(client["client_id"], client["client_secret"])).json()
    assert got["scope"] == "calendar:read"
    answer = Person(installation.url, got["access_token"]).get("/v1/channels/district-radio/changes")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_revoked_token_stops_within_five_seconds_on_every_process(
    installation: Installation, client: dict[str, str]
) -> None:
    access = installation.client_token(client)
    person = Person(installation.url, access)
    assert person.get("/v1/me").status_code == 200
    auth = (client["client_id"], client["client_secret"])
    for hint in ("access_token", "nonsense"):
        answer = httpx.post(
            f"{installation.url}/oauth/revoke", data={"token": access, "token_type_hint": hint}, auth=auth
        )
        assert answer.status_code == 200
    assert httpx.post(f"{installation.url}/oauth/revoke", data={"token": "unknown"}, auth=auth).status_code == 200
    assert httpx.post(f"{installation.url}/oauth/revoke", data={"token": access}).status_code == 401
    deadline = time.monotonic() + 5.5
    while (status := person.get("/v1/me").status_code) == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert status == 401


def test_tokens_that_were_tampered_with_are_401(installation: Installation, client: dict[str, str]) -> None:
    good = installation.client_token(client)
    head, body, _ = good.split(".")
    other = ECKey.generate_key("P-256")
    none = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."
    forged = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {"sub": "x"}, other, algorithms=["ES256"])
    for bad in (none, forged, f"{head}.{body}.AAAA", "x", good + "x", "é"):
        answer = httpx.get(f"{installation.url}/v1/me", headers={"authorization": f"Bearer {bad}".encode()})
        assert answer.status_code == 401, bad
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    missing = httpx.get(f"{installation.url}/v1/me")
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, 'Bearer realm="lantoa"')
    assert httpx.get(f"{installation.url}/v1/me?access_token={good}").status_code in (400, 401)


def test_metadata_ignores_host_and_keys_are_public_only(installation: Installation) -> None:
    told = httpx.get(
        f"{installation.url}/.well-known/oauth-authorization-server", headers={"host": "evil.example"}
    ).json()
    assert told["issuer"] == installation.url
    keys = httpx.get(told["jwks_uri"]).json()["keys"]
    assert {key["crv"] for key in keys} == {"P-256", "Ed25519"}
    assert not any(secret in key for key in keys for secret in ("d", "p", "q", "k"))


def test_the_limit_of_requests_is_told_to_identified_callers(
    installation: Installation, client: dict[str, str]
) -> None:
    answer = Person(installation.url, installation.client_token(client)).get("/v1/me")
    assert answer.headers["ratelimit-policy"].startswith('"default";q=')
    assert answer.headers["ratelimit"].startswith('"default";r=')
