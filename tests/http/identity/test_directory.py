"""Organizations, members, clients, one's own data, and the audit trail."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.browser_session import App, BrowserSession, Form
from harness.installation import PASSWORD, Installation
from harness.people import Newsroom, Person, pull


@pytest.fixture(scope="module")
def boss(newsroom: Newsroom) -> Person:
    return newsroom.coordinator


def lantoa(installation: Installation, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env={**os.environ, **installation.environ},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def communes(prefix: str, count: int) -> list[dict[str, object]]:
    return [
        {"code": f"{prefix}-{number}", "kind": "commune", "name": f"Xã {prefix} {number}", "parent": "stttt"}
        for number in range(count)
    ]


def test_124_communes_are_imported_after_a_look_at_what_would_change(boss: Person) -> None:
    lines = communes("xa", 124)
    look = boss.post("/v1/organizations/import?dry_run=true", json=lines).json()
    assert (len(look["added"]), look["dry_run"]) == (124, True)
    assert boss.post("/v1/organizations/import?dry_run=true", json=lines).json() == look  # nothing was done
    assert len(boss.post("/v1/organizations/import", json=lines).json()["added"]) == 124
    again = [lines[0] | {"name": "Phường Một", "duties": ["radio"]}, *lines[1:]]
    done = boss.post("/v1/organizations/import", json=again).json()
    assert done == {"dry_run": False, "added": [], "changed": {"xa-0": ["name", "duties"]}, "unchanged": 123}


def test_what_is_exported_can_be_imported_and_changes_nothing(boss: Person) -> None:
    for kind, content in (("json", "application/json"), ("csv", "text/csv")):
        exported = boss.get(f"/v1/organizations/export?format={kind}")
        assert exported.headers["content-type"].startswith(content)
        done = boss.post("/v1/organizations/import", content=exported.content, headers={"content-type": content}).json()
        assert (done["added"], done["changed"]) == ([], {}), kind
    rows = list(csv.DictReader(io.StringIO(boss.get("/v1/organizations/export?format=csv").text)))
    assert {"code", "kind", "name", "parent"} <= set(rows[0])


def test_a_list_with_a_fault_names_it_and_changes_nothing(boss: Person) -> None:
    good = {"code": "khong-vao", "kind": "school", "name": "Không vào"}
    bad = {
        "/1/parent": good | {"code": "a1", "parent": "khong-co"},
        "/1/code": good,
        "/1/kind": good | {"code": "a2", "kind": "planet"},
        "/1/secret": good | {"code": "a3", "secret": 1},
    }
    for pointer, line in bad.items():
        answer = boss.post("/v1/organizations/import", json=[good, line])
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    circle = [good | {"code": "b1", "parent": "b2"}, good | {"code": "b2", "parent": "b1"}]
    assert boss.post("/v1/organizations/import", json=circle).status_code == 422
    table = "code,kind,name,colour\r\nx1,school,X,red\r\n"
    headers = {"content-type": "text/csv"}
    assert boss.post("/v1/organizations/import", content=table, headers=headers).status_code == 422
    codes = {line["code"] for line in boss.get("/v1/organizations/export").json()}
    assert not codes & {"khong-vao", "a1", "b1", "x1"}


def test_the_operator_imports_a_file_too(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "xa.csv"
    file.write_text("code,kind,name,parent\nxa-cli,commune,Xã từ tệp,stttt\n", encoding="utf-8")
    look = lantoa(installation, "organizations", "import", str(file), "--dry-run")
    assert "+ xa-cli" in look.stdout, look.stderr
    done = lantoa(installation, "organizations", "import", str(file), "--json")
    assert json.loads(done.stdout)["added"] == ["xa-cli"]
    assert "xa-cli,commune" in lantoa(installation, "organizations", "export", "--csv").stdout


def test_a_successor_takes_over_grants_apps_people_and_open_takedowns(
    installation: Installation, newsroom: Newsroom, boss: Person
) -> None:
    lines = communes("cu", 1) + communes("moi", 1)
    boss.post("/v1/organizations/import", json=lines).raise_for_status()
    ids = {row["code"]: row["id"] for row in installation.sql("SELECT code, id::text AS id FROM organizations")}
    assert boss.put(f"/v1/channels/press/grants/{ids['cu-0']}").status_code == 204
    member = installation.new_member("cu-0", "editor")
    partner = Person(installation.url, installation.client_token(installation.new_client("cu-0")))
    material = newsroom.published(title="Sẽ phải gỡ")
    pull(partner, "press")
    time.sleep(2.5)  # the ledger is written
    newsroom.killed(material)
    path = f"/v1/organizations/{ids['cu-0']}/succession"
    done = boss.post(path, json={"successor_id": ids["moi-0"]})
    assert (done.status_code, done.json()["successor_id"]) == (200, ids["moi-0"]), done.text
    assert boss.post(path, json={"successor_id": ids["moi-0"]}).status_code == 409
    time.sleep(5.2)
    assert partner.get("/v1/me").json()["organization"]["code"] == "moi-0"
    assert partner.get("/v1/channels/press/changes").status_code == 200
    waiting = partner.get("/v1/takedowns?waiting=true").json()["items"]
    assert [each["material_id"] for each in waiting] == [material["id"]]
    assert {o["organization_id"] for o in waiting[0]["obligations"]} == {ids["moi-0"]}
    moved = boss.get(f"/v1/members/{member.id}").json()
    assert moved["organization_id"] == ids["moi-0"]
    time.sleep(1.5)  # a worker's round: nobody is asked to delete what moved
    assert len(partner.get("/v1/takedowns?waiting=true").json()["items"]) == 1


def test_a_person_is_invited_accepts_signs_in_and_is_suspended(installation: Installation, boss: Person) -> None:
    owner = boss.get("/v1/me").json()["organization"]["id"]
    made = boss.post("/v1/invitations", json={"organization_id": owner, "roles": ["editor"]})
    assert made.status_code == 201, made.text
    person = BrowserSession(installation)
    page = person.get(made.json()["link"])
    assert "Tạo tài khoản" in page.text
    taken = person.submit(page, name="Lan", login="bientap.stttt", password=PASSWORD)
    assert (taken.status_code, "đã có" in taken.text) == (422, True)
    easy = person.submit(page, name="Lan", login="lan.moi", password="lan.moi123456")
    assert (easy.status_code, "dễ đoán" in easy.text) == (422, True)
    accepted = person.follow(person.submit(page, name="Lan", login="lan.moi", password=PASSWORD))
    assert str(accepted.url).endswith("/account")
    assert BrowserSession(installation).get(made.json()["link"]).status_code == 404  # once
    member = next(each for each in boss.get("/v1/members?limit=200").json()["items"] if each["login"] == "lan.moi")
    assert "email" not in member
    path, match = f"/v1/members/{member['id']}", {"if-match": f'"{member["revision"]}"'}
    assert boss.patch(path, json={"active": False}, headers=match).status_code == 200
    assert boss.patch(path, json={"active": True}, headers=match).status_code == 412
    assert BrowserSession(installation).sign_in("lan.moi").status_code == 401
    assert person.get("/account").status_code == 303


def test_an_invitation_can_be_withdrawn(installation: Installation, boss: Person) -> None:
    owner = boss.get("/v1/me").json()["organization"]["id"]
    made = boss.post("/v1/invitations", json={"organization_id": owner, "roles": ["editor"]}).json()
    assert boss.delete(f"/v1/invitations/{made['id']}").status_code == 204
    assert boss.delete(f"/v1/invitations/{made['id']}").status_code == 404
    assert BrowserSession(installation).get(made["link"]).status_code == 404


def test_a_coordinator_needs_a_second_step_and_each_code_is_good_once(installation: Installation) -> None:
    member = installation.new_member("stttt", "coordinator")
    person = BrowserSession(installation)
    recovery = person.sign_in(member.login)
    codes = [part.split("</code>")[0] for part in recovery.text.split("<code>")[1:]]
    assert len(codes) == 10
    assert person.get("/account").status_code == 200
    other = BrowserSession(installation)
    step = other.follow(other.submit(other.get("/oauth/login"), login=member.login, password=PASSWORD))
    assert other.get("/account").status_code == 303, "the password alone opens nothing"
    assert other.submit(step, code="000000").status_code == 401
    assert other.follow(other.submit(step, code=codes[0])).url.path == "/account"
    third = BrowserSession(installation)
    step = third.follow(third.submit(third.get("/oauth/login"), login=member.login, password=PASSWORD))
    assert third.submit(step, code=codes[0]).status_code == 401


def test_a_sign_in_never_leads_to_another_site(installation: Installation) -> None:
    member = installation.new_member("stttt", "editor")
    for where in (
        "https://evil.example/account",
        "//evil.example/account",
        "/account\r\nx: y",
        "/account/..//evil",
        "\\\\evil",
    ):
        person = BrowserSession(installation)
        page = person.get("/oauth/login", params={"next": where})
        answer = person.submit(page, login=member.login, password=PASSWORD)
        assert "evil" not in answer.headers["location"] or answer.headers["location"].startswith("/account/"), where
        assert not answer.headers["location"].startswith("//")


def test_a_persons_data_can_be_taken_along_and_erased_while_the_audit_stays_whole(installation: Installation) -> None:
    member = installation.new_member("stttt", "editor")
    app = App(installation)
    person = Person(installation.url, app.tokens_for(member.login)["access_token"])
    about = person.get("/v1/me/export").json()
    assert about["person"]["login"] == member.login
    assert {"login", "consent"} <= {activity["activity"] for activity in about["activities"]}
    assert not any("hash" in key for key in about["person"])
    assert person.delete("/v1/me").status_code == 204
    left = json.dumps(
        [str(row) for row in installation.sql("SELECT * FROM members WHERE id = $1", member.id)]
        + [str(row) for row in installation.sql("SELECT * FROM audit")],
        ensure_ascii=False,
    )
    assert member.login not in left
    assert "Người Thử" not in left
    assert installation.sql("SELECT count(*) AS n FROM credentials WHERE member_id = $1", member.id) == [{"n": 0}]
    assert BrowserSession(installation).sign_in(member.login).status_code == 401
    verified = lantoa(installation, "audit", "verify", "--json")
    assert (verified.returncode, json.loads(verified.stdout)["broken_at"]) == (0, None), verified.stderr


def test_a_machine_is_registered_changes_its_secret_without_a_gap_and_shows_when_it_asked(
    installation: Installation, boss: Person
) -> None:
    owner = next(o for o in boss.get("/v1/organizations?limit=200").json()["items"] if o["code"] == "daituyphong")["id"]
    new = {"name": "Đài Tuy Phong", "organization_id": owner, "roles": ["outlet_manager"], "scopes": ["content:read"]}
    made = boss.post("/v1/clients", json=new)
    assert made.status_code == 201, made.text
    client, first = made.json()["client"], made.json()["client_secret"]
    path = made.headers["location"]

    def token(secret: str) -> int:
        form = {"grant_type": "client_credentials"}
        return httpx.post(f"{installation.url}/oauth/token", data=form, auth=(client["id"], secret)).status_code

    second = boss.post(f"{path}/secrets").json()["client_secret"]
    assert (token(first), token(second)) == (200, 200)
    third = boss.post(f"{path}/secrets").json()["client_secret"]
    assert (token(first), token(second), token(third)) == (401, 200, 200)
    machine = Person(installation.url, installation.client_token({"client_id": client["id"], "client_secret": third}))
    assert machine.get("/v1/channels/public/changes").status_code in (200, 404)
    slug = machine.get("/v1/channels").json()["items"][0]["slug"]
    assert machine.get(f"/v1/channels/{slug}/changes").status_code == 200
    time.sleep(2.5)
    shown = boss.get(path)
    assert shown.json()["last_channel"] == slug
    assert "secret_hashes" not in shown.text
    off = boss.patch(path, json={"active": False}, headers={"if-match": shown.headers["etag"]})
    assert (off.status_code, token(third)) == (200, 401)


def test_a_secret_that_is_shown_once_rests_nowhere_even_with_an_idempotency_key(
    installation: Installation, boss: Person
) -> None:
    owner = boss.get("/v1/me").json()["organization"]["id"]
    machine = {"name": "x", "organization_id": owner, "roles": ["outlet_manager"]}
    person = {"organization_id": owner, "roles": ["editor"]}
    for path, body, field in (("/v1/clients", machine, "client_secret"), ("/v1/invitations", person, "code")):
        key = {"idempotency-key": f"once-{time.time_ns()}"}
        made = boss.post(path, json=body, headers=key)
        assert made.status_code == 201, made.text
        kept = installation.sql("SELECT * FROM idempotency WHERE key = $1", key["idempotency-key"])
        assert made.json()[field] not in str(kept)
        again = boss.post(path, json=body, headers=key)
        assert (again.status_code, again.json()["code"]) == (409, "already_done")


def test_a_client_that_makes_no_sense_is_refused_with_every_reason(boss: Person) -> None:
    owner = boss.get("/v1/me").json()["organization"]["id"]
    base = {"name": "x", "organization_id": owner}
    private = {"keys": [{"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "d": "A" * 43}]}
    for change, pointer in (
        ({"public": True}, "/grant_types"),
        ({"grant_types": ["authorization_code"], "public": True}, "/redirect_uris"),
        ({"grant_types": ["password"]}, "/grant_types"),
        ({"roles": ["outlet_manager"], "scopes": ["audit:read"]}, "/scopes"),
        ({"roles": ["outlet_manager"], "jwks": private}, "/jwks"),
        ({"roles": ["outlet_manager"], "jwks": {"keys": []}}, "/jwks"),
    ):
        answer = boss.post("/v1/clients", json=base | change)
        assert answer.status_code == 422, change
        assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}, answer.text


def test_the_audit_trail_is_paged_and_filtered(installation: Installation, newsroom: Newsroom, boss: Person) -> None:
    draft = newsroom.draft()
    target = f"material:{draft['id']}"
    rows = boss.get("/v1/audit", params={"target": target}).json()["items"]
    assert [row["activity"] for row in rows] == ["material.create"]
    actor, at = rows[0]["actor"], rows[0]["at"]
    assert all(r["actor"] == actor for r in boss.get("/v1/audit", params={"actor": actor}).json()["items"])
    assert boss.get("/v1/audit", params={"target": target, "until": at}).json()["items"] == []
    assert len(boss.get("/v1/audit", params={"target": target, "since": at}).json()["items"]) == 1
    page = boss.get("/v1/audit?limit=2").json()
    after = boss.get("/v1/audit", params={"limit": 2, "cursor": page["next"]}).json()["items"]
    assert after[0]["id"] < page["items"][-1]["id"]
    for bad in ("since=gestern", "since=2026-01-01T00:00:00", "cursor=%21", "actor=%00", "cursor=LTE"):
        assert boss.get(f"/v1/audit?{bad}").status_code == 400, bad
    auditor = Person(installation.url, installation.member_token(installation.new_member("stttt", "auditor").login))
    assert auditor.get("/v1/audit").status_code == 200


def test_an_altered_or_removed_audit_row_is_found(installation: Installation, newsroom: Newsroom) -> None:
    for _ in range(3):
        newsroom.draft()

    def verify(*more: str) -> tuple[int, dict[str, object]]:
        done = lantoa(installation, "audit", "verify", "--json", *more)
        return done.returncode, json.loads(done.stdout)

    status, whole = verify()
    assert status == 0
    last = installation.sql("SELECT * FROM audit WHERE seal_no IS NOT NULL ORDER BY seal_no DESC LIMIT 1")[0]
    number, place = last["seal_no"] - 1, "SELECT place FROM audit WHERE seal_no = $1"
    row = installation.sql(place, number)[0]["place"]
    (kept,) = installation.sql("SELECT actor FROM audit WHERE place = $1", row)
    installation.sql("UPDATE audit SET actor = 'member:0' WHERE place = $1", row)
    assert verify() == (2, verify()[1])
    assert verify()[1]["broken_at"] == number
    installation.sql("UPDATE audit SET actor = $2 WHERE place = $1", row, kept["actor"])
    assert verify("--head", str(whole["head"]))[0] == 0
    installation.sql("CREATE TABLE kept AS SELECT * FROM audit WHERE place = $1", row)
    installation.sql("DELETE FROM audit WHERE place = $1", row)
    assert verify()[1]["broken_at"] == number
    installation.sql("INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT * FROM kept")
    installation.sql("DROP TABLE kept")
    assert verify()[0] == 0
    forged = f"{whole['chained']}:{'0' * 64}"
    assert verify("--head", forged)[0] == 2


def test_pages_are_in_the_browsers_language(installation: Installation) -> None:
    english = BrowserSession(installation)
    english.headers["accept-language"] = "en"
    assert "Sign in" in english.get("/oauth/login").text
    assert "Đăng nhập" in BrowserSession(installation).get("/oauth/login").text
    assert Form(english.get("/oauth/login").text).action == "/oauth/login"


def test_second_rotation_of_a_secret_is_refused_with_412(installation: Installation, boss: Person) -> None:
    """Of two simultaneous rotations both once answered 201, and one of the secrets was dead."""
    refused = 0
    for _ in range(15):
        client = installation.new_client("daituyphong")["client_id"]
        path = f"{installation.url}/v1/clients/{client}/secrets"
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(httpx.post, path, headers=dict(boss.headers)) for _ in range(2)]
            answers = [each.result() for each in sent]
        assert {answer.status_code for answer in answers} <= {201, 412}, [answer.text for answer in answers]
        refused += [answer.status_code for answer in answers].count(412)
        for answer in answers:
            if answer.status_code == 201:
                secret = installation.keep_secret(answer.json()["client_secret"])
                installation.client_token({"client_id": client, "client_secret": secret})
    print(f"{refused} of 15 pairs had a second rotation refused")


def test_signing_out_ends_the_browsers_login_and_is_audited(installation: Installation) -> None:
    member = installation.new_member("stttt", "editor")
    with BrowserSession(installation) as browser:
        page = browser.sign_in(member.login)
        assert browser.post("/account/logout", data=Form(page.text).fields).status_code == 303
        assert browser.get("/account").status_code == 303
    rows = installation.sql("SELECT verb FROM audit WHERE actor = $1 ORDER BY place", f"member:{member.id}")
    assert [row["verb"] for row in rows][-1] == "logout"
