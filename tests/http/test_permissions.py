"""Every route × (no token, wrong scope, wrong role, other organization). A route that is not in the table fails."""

from uuid import uuid4

import httpx
import pytest

from domain.permissions import RULES
from tests.installation import Installation
from tests.people import ARTICLE, Newsroom, Person

OPEN = {
    "getService", "getLive", "getReady", "getOpenapi", "getDocs", "getProblem", "getSecurityTxt", "issueToken",
    "revokeToken", "introspectToken", "authorizeDevice", "getKeys", "getServerMetadata", "getResourceMetadata", "getUploadAbilities",
}  # fmt: skip
CHANNEL = {
    "listChannels", "getChannel", "listChannelChanges", "getChannelDigest", "listHeads", "getMaterial", "listVersions",
    "getVersion", "getMedia",
}  # fmt: skip
PROTECTED = {
    "getMe": "me.read", "listOrganizations": "organization.list", "createMaterial": "material.create",
    "putMaterial": "material.create", "listMaterials": "material.list", "getDeskMaterial": "material.read",
    "patchMaterial": "material.patch", "getMaterialHistory": "material.read", "attachAsset": "material.attach",
    "detachAsset": "material.attach", "reviseMaterial": "material.revise", "requestReview": "material.request_review",
    "returnMaterial": "material.return", "approveMaterial": "material.approve", "publishMaterial": "material.publish",
    "correctMaterial": "material.correct", "withdrawMaterial": "material.withdraw", "killMaterial": "material.kill",
    "createUpload": "asset.upload", "getUpload": "asset.upload", "appendUpload": "asset.upload",
    "removeUpload": "asset.upload", "getAsset": "asset.read", "getAssetContent": "asset.read",
    "createChannel": "channel.manage", "patchChannel": "channel.manage", "grantChannel": "grant.manage",
    "revokeGrant": "grant.manage", "listTakedowns": "takedown.list", "getTakedown": "takedown.list",
    "acknowledgeTakedown": "takedown.acknowledge",
}  # fmt: skip


@pytest.fixture(scope="module")
def routes(installation: Installation) -> dict[str, tuple[str, str]]:
    contract = httpx.get(f"{installation.url}/openapi.json").json()
    return {
        about["operationId"]: (method.upper(), path)
        for path, methods in contract["paths"].items()
        for method, about in methods.items()
    }


def ask(who: Person, method: str, path: str, **ids: str) -> httpx.Response:
    names = {"material_id", "asset_id", "upload_id", "takedown_id", "organization_id"}
    for name in names:
        path = path.replace(f"{{{name}}}", ids.get(name, str(uuid4())))
    path = path.replace("{slug}", "press").replace("{version}", "1").replace("{rendition}", "original")
    headers = {"if-match": '"1"', "upload-length": "5", "upload-offset": "0"}
    body: object = ARTICLE if path.endswith("materials") else {"role": "main"} if "/assets/" in path else {}
    if method == "PATCH" and "uploads" in path:
        return who.request(method, path, headers=headers | {"content-type": "application/offset+octet-stream"})
    return who.request(method, path, headers=headers, json=body if method in ("POST", "PUT", "PATCH") else None)


def test_every_route_is_in_the_table(routes: dict[str, tuple[str, str]]) -> None:
    assert set(routes) == OPEN | CHANNEL | set(PROTECTED)
    assert set(PROTECTED.values()) <= set(RULES)


def test_without_a_token_every_protected_route_is_401(installation: Installation, routes: dict) -> None:
    nobody = Person(installation.url)
    assert {name: ask(nobody, *routes[name]).status_code for name in PROTECTED} == dict.fromkeys(PROTECTED, 401)


def test_with_the_wrong_scope_every_protected_route_is_403(installation: Installation, routes: dict) -> None:
    everything = set().union(*(rule.scopes for verb, rule in RULES.items() if not verb.startswith("me.")))
    unused = Person(installation.url, installation.member_token("dieuphoi.stttt", "webhooks:manage"))
    assert "webhooks:manage" not in everything
    for name in {name for name, verb in PROTECTED.items() if not verb.startswith("me.")}:
        answer = ask(unused, *routes[name])
        assert answer.status_code == 403, (name, answer.text)
        if answer.content:
            assert answer.json()["code"] == "insufficient_scope"


def test_with_the_wrong_role_every_protected_route_is_403(installation: Installation, routes: dict) -> None:
    partner = Person(installation.url, installation.client_token(installation.new_client("daiducLinh".lower())))
    for name, verb in PROTECTED.items():
        if "outlet_manager" not in RULES[verb].roles:
            assert ask(partner, *routes[name]).status_code == 403, name


def test_another_organizations_things_are_404(installation: Installation, newsroom: Newsroom, routes: dict) -> None:
    draft = newsroom.draft()
    stranger = Person(installation.url, installation.member_token("bientap.congan"))
    for name, verb in PROTECTED.items():
        path = routes[name][1]
        if "{material_id}" in path and "editor" in RULES[verb].roles and name != "putMaterial":
            assert ask(stranger, *routes[name], material_id=draft["id"]).status_code == 404, name


def test_channels_that_were_not_granted_do_not_exist(installation: Installation, routes: dict) -> None:
    outsider = Person(installation.url, installation.client_token(installation.new_client("daihamtan")))
    for name in ("getChannel", "listChannelChanges", "getChannelDigest"):
        assert ask(outsider, *routes[name]).status_code == 404, name
        assert ask(Person(installation.url), *routes[name]).status_code == 404, name


def test_a_disabled_client_is_out_within_five_seconds(installation: Installation) -> None:
    import subprocess
    import sys
    import time

    client = installation.new_client("daiphuquy")
    person = Person(installation.url, installation.client_token(client))
    assert person.get("/v1/me").status_code == 200
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "client", "disable", client["client_id"], "--json"],
        env={**__import__("os").environ, **installation.environ},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    time.sleep(5.2)
    assert person.get("/v1/me").status_code == 401
