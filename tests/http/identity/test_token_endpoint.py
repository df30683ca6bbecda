"""Tokens of machines, got by clients other people wrote; the refusals are in `checklist/`."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey

from harness.installation import Installation
from harness.people import Person

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


def test_twenty_at_once_spend_an_assertion_exactly_once(
    installation: Installation, keyed: dict[str, str], key: ECKey
) -> None:
    once = assertion(installation, keyed, key)
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: token(installation, once).status_code, range(20)))
    assert sorted(codes) == [200] + [401] * 19


def test_a_narrower_scope_can_be_asked_and_binds(installation: Installation, client: dict[str, str]) -> None:
    got = token(installation, {"scope": "calendar:read"}, auth=(client["client_id"], client["client_secret"])).json()
    assert got["scope"] == "calendar:read"
    answer = Person(installation.url, got["access_token"]).get("/v1/channels/district-radio/changes")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_identified_callers_get_their_rate_limit_in_a_header(
    installation: Installation, client: dict[str, str]
) -> None:
    answer = Person(installation.url, installation.client_token(client)).get("/v1/me")
    assert answer.headers["ratelimit-policy"].startswith('"default";q=')
    assert answer.headers["ratelimit"].startswith('"default";r=')
