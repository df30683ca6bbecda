"""Clients that nobody here wrote complete the flows: Authlib, requests-oauthlib, and openid-client on Node.js."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.jwk import ECKey
from requests_oauthlib import OAuth2Session

from harness.browser_session import BrowserSession
from harness.installation import Installation

NODE = Path("tests") / "node"
URI = "http://127.0.0.1/cb"


@pytest.fixture(scope="module")
def person(installation: Installation) -> BrowserSession:
    signed_in = BrowserSession(installation)
    signed_in.sign_in(installation.new_member("stttt", "editor").login)
    return signed_in


@pytest.fixture(scope="module")
def app(installation: Installation) -> str:
    return installation.new_app("stttt", URI)


@pytest.fixture
def plain_http() -> Iterator[None]:
    """`oauthlib` refuses http without being told that this is a test."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    yield
    del os.environ["OAUTHLIB_INSECURE_TRANSPORT"]


def allow(person: BrowserSession, address: str) -> str:
    answer = person.submit(person.get(address), decision="allow")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_authlibs_httpx_client_signs_a_person_in_refreshes_and_revokes(
    installation: Installation, person: BrowserSession, app: str
) -> None:
    token, verifier = f"{installation.url}/oauth/token", "v" * 64
    with OAuth2Client(
        app, redirect_uri=URI, scope="content:read", code_challenge_method="S256", token_endpoint_auth_method="none"
    ) as session:
        address, state = session.create_authorization_url(f"{installation.url}/oauth/authorize", code_verifier=verifier)
        session.fetch_token(token, authorization_response=allow(person, address), state=state, code_verifier=verifier)
        assert session.get(f"{installation.url}/v1/me").json()["scopes"] == ["content:read"]
        old = session.token["refresh_token"]
        assert session.refresh_token(token)["refresh_token"] != old
        revoked = session.revoke_token(f"{installation.url}/oauth/revoke", session.token["refresh_token"])
        assert revoked.status_code == 200


@pytest.mark.usefixtures("plain_http")
def test_requests_oauthlib_signs_a_person_in_and_refreshes(
    installation: Installation, person: BrowserSession, app: str
) -> None:
    token = f"{installation.url}/oauth/token"
    session = OAuth2Session(app, redirect_uri=URI, scope=["content:read"], pkce="S256")
    address, _ = session.authorization_url(f"{installation.url}/oauth/authorize")
    session.fetch_token(token, authorization_response=allow(person, address), include_client_id=True)
    assert session.get(f"{installation.url}/v1/me").json()["roles"] == ["editor"]
    session.refresh_token(token, client_id=app)
    assert session.get(f"{installation.url}/v1/me").status_code == 200


@pytest.mark.timeout(60)
def test_openid_client_finds_its_way_by_metadata_through_every_flow(
    installation: Installation, person: BrowserSession, app: str
) -> None:
    assert (NODE / "node_modules").is_dir(), "make test installs it: npm ci --prefix tests/node"
    machine = installation.new_client("daituyphong")
    pair = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    keyed = installation.new_client("daibacbinh", jwks={"keys": [pair.as_dict(private=False)]})
    private = {name: value for name, value in pair.as_dict(private=True).items() if name not in ("use", "alg")}
    words = [
        "node", str(NODE / "flow.mjs"), installation.url, app, URI, machine["client_id"], machine["client_secret"],
        keyed["client_id"], json.dumps(private),
    ]  # fmt: skip
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin
        assert node.stdout
        assert node.stderr

        def received() -> dict[str, object]:
            line = node.stdout.readline()
            assert line, node.stderr.read()
            return json.loads(line)

        def say(text: str) -> None:
            node.stdin.write(text + "\n")
            node.stdin.flush()

        say(allow(person, str(received()["open"])))
        assert received()["me"]["scopes"] == ["content:read"]
        assert received()["refused"] == "invalid_grant"
        page = person.get("/oauth/device", params={"user_code": str(received()["device"])})
        person.submit(page, decision="allow")
        say("done")
        assert received() == {"scope": "content:read"}
        assert received() == {"active": True}
        assert received() == {"keyed": "bearer"}
