"""Every operation × {anonymous, wrong scope, foreign organization, revoked, right}: who gets what.

The operations and their permissions are read from the contract, so a new operation is walked as soon as it exists.
"""

import time
from collections import Counter
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person
from harness.planning import planned

CALLERS = ("anonymous", "wrong scope", "foreign organization", "revoked", "right")
ANY_SCOPE = {"me.read", "me.erase"}
"""Permissions that every scope gives."""
SHARED = {"organization.list"}
"""The directory of organizations is the same for everybody."""
LISTS = {"listChannels", "listChannelHeads"}
"""They answer with what the caller may read and leave out the rest."""
BODIES: dict[str, Any] = {
    "createMaterial": ARTICLE,
    "putMaterial": ARTICLE,
    "attachAsset": {"role": "main"},
    "acknowledgeTakedown": {"status": "removed"},
}
OF_ONE_CHANNEL = {"getChannel", "listChannelChanges", "getChannelDigest"}


class Operation(NamedTuple):
    name: str
    method: str
    path: str
    access: str

    def ask(self, caller: Person, ids: dict[str, str]) -> httpx.Response:
        path = self.path
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", value)
        headers = {"if-match": '"1"', "upload-length": "5", "upload-offset": "0", "tus-resumable": "1.0.0"}
        if self.method == "PATCH" and "upload" in path:
            headers["content-type"] = "application/offset+octet-stream"
            return caller.request(self.method, path, headers=headers)
        sent = BODIES.get(self.name, {}) if self.method in ("POST", "PUT", "PATCH") else None
        return caller.request(self.method, path, headers=headers, json=sent)


class Scene(NamedTuple):
    """A private channel with audio that only it may show to these callers, and those who ask."""

    ids: dict[str, str]
    readers: dict[str, Person]
    staff: dict[str, Person]


@pytest.fixture(scope="module")
def operations(installation: Installation) -> list[Operation]:
    contract = httpx.get(f"{installation.url}/openapi.json").json()
    found = [
        Operation(about["operationId"], method.upper(), path, about["x-lantoa-access"])
        for path, methods in contract["paths"].items()
        for method, about in methods.items()
    ]
    return sorted(found, key=lambda each: each.name == "eraseMe")


@pytest.fixture(scope="module")
def scene(installation: Installation) -> Scene:
    newsroom = Newsroom(installation)
    slug = f"kin-{uuid4().hex[:8]}"
    made = newsroom.coordinator.post(
        "/v1/channels", json={"slug": slug, "title": "Kín", "rule": {"kinds": ["radio_script"]}}
    )
    assert made.status_code == 201, made.text
    codes = {"wrong scope": "nganhang", "foreign organization": "nganhang", "revoked": "vienthong", "right": "thpt"}
    readers = {"anonymous": Person(installation.url)} | {
        name: _reader(installation, code, "placements:write" if name == "wrong scope" else "content:read")
        for name, code in codes.items()
    }
    for name in ("revoked", "right"):
        _grant(newsroom, slug, readers[name])
    newsroom.coordinator.delete(f"/v1/channels/{slug}/grants/{_organization(readers['revoked'])}").raise_for_status()
    change = _first_change(readers["right"], slug)
    ids = {
        "slug": slug,
        "material_id": change["id"],
        "version": "1",
        "asset_id": change["item"]["assets"][0]["id"],
        "rendition": "original",
        "code": "not_found",
        "organization_id": _organization(_reader(installation, "daihamtan", "content:read")),
        "member_id": str(installation.new_member("stttt", "editor").id),
        "client_id": installation.new_client("btv")["client_id"],
        "upload_id": _upload(newsroom),
        "takedown_id": str(uuid4()),
        "invitation_id": str(uuid4()),
        "token": "none",
    } | planned(newsroom.coordinator, change["id"])
    return Scene(ids, readers, _staff(installation))


def _reader(installation: Installation, code: str, scope: str) -> Person:
    client = installation.new_client(code, scopes=frozenset({scope}))
    return Person(installation.url, installation.client_token(client))


def _organization(person: Person) -> str:
    found: str = person.get("/v1/me").json()["organization"]["id"]
    return found


def _grant(newsroom: Newsroom, slug: str, person: Person) -> None:
    newsroom.coordinator.put(f"/v1/channels/{slug}/grants/{_organization(person)}").raise_for_status()


def _first_change(reader: Person, slug: str) -> dict[str, Any]:
    for _ in range(100):
        changes = reader.get(f"/v1/channels/{slug}/changes?limit=500").json()["changes"]
        with_files = [change for change in changes if change["item"].get("assets")]
        if with_files:
            found: dict[str, Any] = with_files[0]
            return found
        time.sleep(0.1)
    raise AssertionError("the new channel stayed empty")


def _upload(newsroom: Newsroom) -> str:
    made = newsroom.editor.post("/v1/uploads", headers={"upload-length": "5", "tus-resumable": "1.0.0"})
    assert made.status_code == 201, made.text
    return str(made.headers["location"]).rsplit("/", 1)[-1]


def _staff(installation: Installation) -> dict[str, Person]:
    def token(organization: str, role: Any, scopes: str = "") -> str:
        return installation.member_token(installation.new_member(organization, role).login, scopes)

    ended = token("stttt", "coordinator")
    client = Person(installation.url, ended)
    for session in client.get("/v1/me/export").json()["sessions"]:
        installation.sql("UPDATE sessions SET revoked_at = now() WHERE id = $1::text::uuid", session["id"])
    time.sleep(5.2)  # a session is checked again after at most five seconds
    return {
        "anonymous": Person(installation.url),
        "wrong scope": Person(installation.url, token("stttt", "coordinator", "webhooks:manage")),
        "foreign organization": Person(installation.url, token("nganhang", "editor")),
        "revoked": client,
        "right": Person(installation.url, token("stttt", "coordinator")),
    }


def verdict(answer: httpx.Response) -> tuple[int, str]:
    """The status and the problem's code."""
    problem = answer.headers.get("content-type", "").startswith("application/problem+json") and answer.content
    return answer.status_code, answer.json()["code"] if problem else ""


def wrong_for_readers(operation: Operation, caller: str, answer: httpx.Response) -> bool:
    """Whether a reader got anything but what the rule for readers says."""
    status, code = verdict(answer)
    if caller == "right":
        return status not in (200, 302)
    if caller == "wrong scope":
        return (status, code) != (403, "insufficient_scope")
    if operation.name in LISTS:
        return status != 200
    if caller == "revoked" and operation.name in OF_ONE_CHANNEL:
        return (status, code) != (403, "grant_revoked")
    return (status, code) != (404, "not_found")


def wrong_for_staff(operation: Operation, caller: str, answer: httpx.Response) -> bool:
    """Whether staff got anything but what the table of permissions says. HEAD has no body to tell a code."""
    status, code = verdict(answer)
    if caller in ("anonymous", "revoked"):
        return status != 401
    if caller == "wrong scope" and operation.access not in ANY_SCOPE:
        return status != 403 or code not in ("insufficient_scope", "")
    if caller == "foreign organization" and "{" in operation.path and operation.access not in SHARED:
        # An id that is in use cannot be used again; it says nothing else.
        return status not in (403, 404) and (operation.name, code) != ("putMaterial", "id_taken")
    if caller == "foreign organization":
        return status == 401
    return status in (401, 403) and operation.access not in ANY_SCOPE


def test_every_operation_answers_each_kind_of_caller_as_its_rule_says(
    operations: list[Operation], scene: Scene
) -> None:
    walked: Counter[str] = Counter()
    faults = []
    for operation in operations:
        people = scene.readers if operation.access == "channel" else scene.staff
        answers = {caller: operation.ask(people[caller], scene.ids) for caller in CALLERS}
        walked[{"open": "open", "channel": "readers"}.get(operation.access, "staff")] += len(answers)
        if operation.access == "open":
            reported = {caller: answer.status_code for caller, answer in answers.items() if caller != "revoked"}
            if len(set(reported.values())) > 1:
                faults.append((operation.name, "open", 0, str(reported)))
            continue
        wrong = wrong_for_readers if operation.access == "channel" else wrong_for_staff
        faults += [
            (operation.name, caller, *verdict(answer))
            for caller, answer in answers.items()
            if wrong(operation, caller, answer)
        ]
    total = sum(walked.values())
    print(f"{len(operations)} operations × {len(CALLERS)} callers = {total} requests: {dict(walked)}")
    assert faults == [], "\n".join(map(str, faults))
    assert total == len(operations) * len(CALLERS)
    assert walked["readers"] >= 9 * len(CALLERS)


def test_lists_leave_out_what_a_caller_may_not_read(scene: Scene) -> None:
    for caller in ("anonymous", "foreign organization", "revoked"):
        for path, key in (("/v1/channels", "slug"), ("/v1/changes", "channel")):
            names = {item[key] for item in scene.readers[caller].get(path).json()["items"]}
            assert "public-web" in names
            assert scene.ids["slug"] not in names, (caller, path)
    assert scene.ids["slug"] in {c["slug"] for c in scene.readers["right"].get("/v1/channels").json()["items"]}
