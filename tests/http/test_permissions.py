"""Every route × (no token, each role, wrong scope, other organization, suspended member, disabled client).

The walk is made from the OpenAPI document: `x-lantoa-access` is the permission that the guard of the route asks for.
"""

import subprocess
import sys
import time
from typing import get_args
from uuid import UUID, uuid4

import httpx
import pytest

from domain.actor import Actor
from domain.identity.member import Role
from domain.permissions import RULES, can
from domain.scopes import scopes_of
from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person

OPEN = {
    "getService", "getLive", "getReady", "getOpenapi", "getDocs", "getProblem", "getSecurityTxt", "issueToken",
    "revokeToken", "introspectToken", "authorizeDevice", "getKeys", "getServerMetadata", "getResourceMetadata",
    "getUploadCapabilities", "getVocabularies", "getCalendarFile",
}  # fmt: skip
CHANNEL = {
    "listChannels", "getChannel", "listChannelChanges", "getChannelDigest", "listChannelHeads", "getMaterial", "listVersions",
    "getVersion", "getMedia",
}  # fmt: skip
Route = tuple[str, str, str]
"""(method, path, access)"""


@pytest.fixture(scope="module")
def routes(installation: Installation) -> dict[str, Route]:
    contract = httpx.get(f"{installation.url}/openapi.json").json()
    return {
        about["operationId"]: (method.upper(), path, about["x-lantoa-access"])
        for path, methods in contract["paths"].items()
        for method, about in methods.items()
    }


@pytest.fixture(scope="module")
def protected(routes: dict[str, Route]) -> dict[str, Route]:
    """All that need a token; erasing oneself comes last."""
    found = {name: route for name, route in routes.items() if route[2] not in ("open", "channel")}
    return dict(sorted(found.items(), key=lambda item: item[0] == "eraseMe"))


def ask(who: Person, route: Route, **ids: str) -> httpx.Response:
    method, path, _ = route
    names = {
        "material_id", "asset_id", "upload_id", "takedown_id", "organization_id", "member_id", "invitation_id",
        "client_id", "outlet_id", "slot_id", "booking_id", "placement_id", "campaign_id", "activity_id", "coverage_id",
        "assignment_id", "feed_id", "token",
    }  # fmt: skip
    for name in names:
        path = path.replace(f"{{{name}}}", ids.get(name, str(uuid4())))
    path = path.replace("{slug}", "press").replace("{version}", "1").replace("{rendition}", "original")
    headers = {"if-match": '"1"', "upload-length": "5", "upload-offset": "0", "tus-resumable": "1.0.0"}
    body: object = ARTICLE if path.endswith("materials") else {"role": "main"} if "/assets/" in path else {}
    if method == "PATCH" and "uploads" in path:
        return who.request(method, path, headers=headers | {"content-type": "application/offset+octet-stream"})
    return who.request(method, path, headers=headers, json=body if method in ("POST", "PUT", "PATCH") else None)


def test_every_route_is_open_by_decision_or_has_a_rule_and_every_rule_a_route(routes: dict[str, Route]) -> None:
    by_access = {kind: {n for n, r in routes.items() if r[2] == kind} for kind in ("open", "channel")}
    assert by_access == {"open": OPEN, "channel": CHANNEL}
    assert {route[2] for route in routes.values()} - {"open", "channel"} == set(RULES)


def test_what_declares_no_access_does_not_exist(installation: Installation) -> None:
    """The framework brings routes of its own, for schemas and pages that we serve elsewhere."""
    for path in ("/_openapi", "/_openapi/openapi.json"):
        answer = httpx.get(installation.url + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_without_a_token_every_protected_route_is_401(installation: Installation, protected: dict[str, Route]) -> None:
    nobody = Person(installation.url)
    assert {name: ask(nobody, route).status_code for name, route in protected.items()} == dict.fromkeys(protected, 401)


def test_with_the_wrong_scope_every_protected_route_is_403(
    installation: Installation, protected: dict[str, Route]
) -> None:
    unused = "webhooks:manage"
    assert not any(unused in rule.scopes for permission, rule in RULES.items() if not permission.startswith("me."))
    person = Person(installation.url, installation.member_token("dieuphoi.stttt", unused))
    for name, route in protected.items():
        if not route[2].startswith("me."):
            answer = ask(person, route)
            assert answer.status_code == 403, (name, answer.text)
            if answer.content:
                assert answer.json()["code"] == "insufficient_scope"


@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    installation: Installation, protected: dict[str, Route], role: Role
) -> None:
    member = installation.new_member("congan", role)
    person = Person(installation.url, installation.member_token(member.login))
    actor = Actor(
        client_id="x",
        organization_id=UUID(int=1),
        scopes=scopes_of((role,)),
        roles=frozenset({role}),
        member_id=member.id,
    )
    for name, route in protected.items():
        status = ask(person, route).status_code
        if can(actor, route[2]):
            assert status not in (401, 403), (name, status)
        else:
            assert status == 403, (name, status)


def test_materials_of_another_organization_are_404(
    installation: Installation, newsroom: Newsroom, protected: dict[str, Route]
) -> None:
    draft = newsroom.draft()
    stranger = Person(installation.url, installation.member_token("bientap.congan"))
    walked = 0
    for name, route in protected.items():
        if "{material_id}" in route[1] and "editor" in RULES[route[2]].roles and name != "putMaterial":
            assert ask(stranger, route, material_id=draft["id"]).status_code == 404, name
            walked += 1
    assert walked >= 6


def test_channels_that_were_not_granted_do_not_exist(installation: Installation, routes: dict[str, Route]) -> None:
    outsider = Person(installation.url, installation.client_token(installation.new_client("daihamtan")))
    for name in ("getChannel", "listChannelChanges", "getChannelDigest"):
        assert ask(outsider, routes[name]).status_code == 404, name
        assert ask(Person(installation.url), routes[name]).status_code == 404, name


def test_a_suspended_member_and_a_disabled_client_are_out_everywhere_within_five_seconds(
    installation: Installation, newsroom: Newsroom, protected: dict[str, Route]
) -> None:
    client = installation.new_client("daiphuquy")
    machine = Person(installation.url, installation.client_token(client))
    member = installation.new_member("stttt", "editor")
    person = Person(installation.url, installation.member_token(member.login))
    assert machine.get("/v1/me").status_code == person.get("/v1/me").status_code == 200
    suspended = newsroom.coordinator.patch(
        f"/v1/members/{member.id}", json={"active": False}, headers={"if-match": '"1"'}
    )
    assert suspended.status_code == 200, suspended.text
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "client", "disable", client["client_id"], "--json"],
        env={**__import__("os").environ, **installation.environ},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    time.sleep(5.2)
    for who in (machine, person):
        assert {ask(who, route).status_code for route in protected.values()} == {401}
