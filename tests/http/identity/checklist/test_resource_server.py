"""identity-checklist.md, statements 33 to 45: the API as resource server; revocation, introspection, metadata, keys."""

import json
import subprocess
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet

from harness.browser_session import App, BrowserSession
from harness.installation import Installation
from harness.people import Newsroom, Person, proven, pull
from runtime.services import Services
from tests.support.forged_tokens import hs256


@pytest.fixture(scope="module")
def client(installation: Installation) -> dict[str, str]:
    return installation.new_client("daituyphong")


@pytest.fixture(scope="module")
def token(installation: Installation, client: dict[str, str]) -> str:
    return installation.client_token(client)


@pytest.fixture(scope="module")
def key(installation: Installation) -> ECKey:
    """Our own private signing key: only with it can a token be wrong in one thing alone."""

    async def token_key(services: Services) -> ECKey:
        return (await services.load_keys()).token_key

    return installation.with_services(token_key)


def parts_of(token: str) -> tuple[dict, dict]:
    return tuple(json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])


def me(installation: Installation, token: str | None, **more: object) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}".encode()} if token is not None else {}
    return httpx.get(f"{installation.url}/v1/me", headers=headers | more.pop("headers", {}), **more)


def assert_invalid(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def forged(key: object, token: str, header: dict | None = None, alg: str = "ES256", **changes: object) -> str:
    head, claims = parts_of(token)
    claims = {name: value for name, value in (claims | changes).items() if value is not ...}
    return jwt.encode(head | {"alg": alg} | (header or {}), claims, key, algorithms=[alg])


def test_33_without_a_token_401_names_no_error(installation: Installation) -> None:
    answer = me(installation, None)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="lantoa"')


def test_34_expired_tampered_and_revoked_tokens_are_invalid_token(
    installation: Installation, token: str, key: ECKey
) -> None:
    assert me(installation, forged(key, token)).status_code == 200
    assert_invalid(me(installation, forged(key, token, exp=int(time.time()) - 1)))
    head, body, signature = token.split(".")
    assert_invalid(me(installation, f"{head}.{body[:-2]}AA.{signature}"))
    assert_invalid(me(installation, f"{head}.{body}.{'A' * len(signature)}"))


def test_35_a_short_scope_is_insufficient_scope_and_named(installation: Installation) -> None:
    narrow = Person(installation.url, installation.member_token("dieuphoi.stttt", "calendar:read"))
    answer = narrow.get("/v1/desk/materials")
    assert answer.status_code == 403
    reported = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in reported
    assert 'scope="content:' in reported


def test_36_a_token_in_the_query_is_ignored_and_two_are_400(installation: Installation, token: str) -> None:
    answer = httpx.get(f"{installation.url}/v1/me?access_token={token}")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="lantoa"')
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert httpx.get(f"{installation.url}/v1/me", headers=twice).status_code == 400
    both = httpx.get(f"{installation.url}/v1/me?access_token={token}", headers={"authorization": f"Bearer {token}"})
    assert both.status_code == 400


def test_37_only_access_tokens_are_access_tokens(installation: Installation, token: str, key: ECKey) -> None:
    head, claims = parts_of(token)
    for kind in ("JWT", "at+JWT", "id+jwt", ""):
        assert_invalid(me(installation, forged(key, token, {"typ": kind})))
    bare = {name: value for name, value in head.items() if name != "typ"}
    untyped = jws.serialize_compact(bare, json.dumps(claims).encode(), key, algorithms=["ES256"])
    assert_invalid(me(installation, untyped))
    app = App(installation)
    refresh = app.tokens_for(installation.new_member("stttt", "editor").login)["refresh_token"]
    assert_invalid(me(installation, refresh))


def test_38_foreign_algorithms_and_keys_are_401_and_nothing_is_fetched(
    installation: Installation, token: str, key: ECKey
) -> None:
    import socket

    _, body, _ = token.split(".")
    none = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    assert_invalid(me(installation, f"{none}.{body}."))
    as_secret = hs256(key.as_pem(private=False), parts_of(token)[0] | {"alg": "HS256"}, parts_of(token)[1])
    assert_invalid(me(installation, as_secret))
    assert_invalid(me(installation, forged(key, token, {"kid": "unknown"})))
    other = ECKey.generate_key("P-256")
    assert_invalid(me(installation, forged(other, token, {"jwk": other.as_dict(private=False)})))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        trap = f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        for name in ("jku", "x5u"):
            assert_invalid(me(installation, forged(other, token, {name: trap})))
            assert_invalid(me(installation, forged(key, token, {name: trap})))
        with pytest.raises(TimeoutError):
            server.accept()


def test_39_another_issuer_audience_or_a_strange_expiry_is_401(
    installation: Installation, token: str, key: ECKey
) -> None:
    later = int(time.time()) + 60
    changes: list[dict[str, object]] = [
        {"iss": "https://other.example"}, {"aud": "https://other.example"}, {"aud": [installation.url, "x"]},
        {"exp": str(later)}, {"exp": float("nan")}, {"exp": True}, {"exp": ...}, {"exp": later + 0.5},
    ]  # fmt: skip
    for change in changes:
        assert_invalid(me(installation, forged(key, token, **change)))


def test_40_a_revoked_token_is_401_within_the_published_seconds(
    installation: Installation, client: dict[str, str]
) -> None:
    reported = httpx.get(f"{installation.url}/.well-known/oauth-authorization-server").json()[
        "lantoa_revocation_seconds"
    ]
    assert reported <= 5
    token = installation.client_token(client)
    other = installation.second_api()
    everywhere = [Person(url, token) for url in (installation.url, other)]
    try:
        assert [each.get("/v1/me").status_code for each in everywhere] == [200, 200]
        auth = (client["client_id"], client["client_secret"])
        assert httpx.post(f"{installation.url}/oauth/revoke", data={"token": token}, auth=auth).status_code == 200
        time.sleep(reported + 0.2)
        for each in everywhere:
            assert_invalid(each.get("/v1/me"))
    finally:
        installation.stop_api(other)


def test_41_staff_work_needs_a_recent_sign_in(installation: Installation) -> None:
    token = installation.member_token("dieuphoi.stttt")
    person = Person(installation.url, token)
    sid = parts_of(token)[1]["sid"]
    installation.sql("UPDATE sessions SET auth_time = now() - interval '13 hours' WHERE id = $1::text::uuid", sid)
    answer = person.post("/v1/channels", json={"slug": "moi", "title": "Mới", "description": "x", "rule": {}})
    assert (answer.status_code, answer.json()["code"]) == (401, "insufficient_user_authentication")
    reported = answer.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in reported
    assert 'max_age="43200"' in reported
    assert person.get("/v1/me").status_code == 200


def test_42_revoking_the_unknown_is_200_and_needs_a_client(
    installation: Installation, client: dict[str, str], token: str
) -> None:
    url, auth = f"{installation.url}/oauth/revoke", (client["client_id"], client["client_secret"])
    assert httpx.post(url, data={"token": "unknown"}, auth=auth).status_code == 200
    assert httpx.post(url, data={"token": "unknown", "token_type_hint": "nonsense"}, auth=auth).status_code == 200
    assert httpx.post(url, data={"token": token}).status_code == 401


def test_43_introspection_tells_others_exactly_nothing(
    installation: Installation, client: dict[str, str], token: str, key: ECKey
) -> None:
    url = f"{installation.url}/oauth/introspect"
    mine = (client["client_id"], client["client_secret"])
    stranger = installation.new_client("daibacbinh")
    other = (stranger["client_id"], stranger["client_secret"])
    assert httpx.post(url, data={"token": token}, auth=mine).json()["active"] is True
    dead = forged(key, token, exp=int(time.time()) - 1)
    for who, what in ((other, token), (mine, dead), (mine, "nonsense"), (mine, "é")):
        assert httpx.post(url, data={"token": what}, auth=who).json() == {"active": False}
    app = App(installation)
    assert httpx.post(url, data={"token": token, "client_id": app.id}).status_code == 401


def test_44_metadata_is_what_is_configured_whatever_host_is_sent(installation: Installation) -> None:
    reported = httpx.get(
        f"{installation.url}/.well-known/oauth-authorization-server",
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    ).json()
    assert reported["issuer"] == installation.url
    assert reported["code_challenge_methods_supported"] == ["S256"]
    assert reported["authorization_response_iss_parameter_supported"] is True
    assert "evil" not in json.dumps(reported)


@pytest.mark.timeout(90)
def test_45_keys_are_public_and_after_a_rotation_old_and_new_tokens_verify(
    installation: Installation, client: dict[str, str]
) -> None:
    address = f"{installation.url}/.well-known/jwks.json"
    old = installation.client_token(client)
    before = httpx.get(address).json()["keys"]
    assert not any(secret in each for each in before for secret in ("d", "p", "q", "k"))
    command = [sys.executable, "-m", "cli.main", "keys", "rotate", "token", "--json"]
    environ = {**__import__("os").environ, **installation.environ}
    done = subprocess.run(command, env=environ, capture_output=True, check=True)
    reported = json.loads(done.stdout)
    time.sleep(reported["signs_in_seconds"] + 0.5)
    new = installation.client_token(client)
    assert parts_of(new)[0]["kid"] == reported["kid"]
    after = httpx.get(address).json()["keys"]
    assert {each["kid"] for each in before} | {reported["kid"]} == {each["kid"] for each in after}
    for token in (old, new):
        assert me(installation, token).status_code == 200
        jwt.decode(token, KeySet.import_key_set({"keys": [k for k in after if k["kty"] == "EC"]}), algorithms=["ES256"])


@pytest.mark.timeout(90)
def test_after_a_rotation_old_and_new_documents_verify(installation: Installation, newsroom: Newsroom) -> None:
    old = newsroom.published(title="Ký bằng khóa cũ")
    command = [sys.executable, "-m", "cli.main", "keys", "rotate", "document", "--json"]
    environ = {**__import__("os").environ, **installation.environ}
    reported = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    time.sleep(reported["signs_in_seconds"] + 0.5)
    new = newsroom.published(title="Ký bằng khóa mới")
    keys = httpx.get(f"{installation.url}/.well-known/jwks.json").json()["keys"]
    changes, _ = pull(
        Person(installation.url, installation.client_token(installation.new_client("baobinhthuan"))), "press"
    )
    signed = {change["id"]: change for change in changes if change["op"] == "upsert"}
    assert signed[new["id"]]["kid"] == reported["kid"] != signed[old["id"]]["kid"]
    for each in (old, new):
        proven(signed[each["id"]], keys)  # raises when a signature does not fit


def test_a_browsers_login_is_not_a_token(installation: Installation) -> None:
    person = BrowserSession(installation)
    person.sign_in(installation.new_member("stttt", "editor").login)
    assert person.get("/v1/me").status_code == 401
    assert_invalid(me(installation, next(iter(person.cookies.values()))))
