"""The operator's command: `--json` for machines, one line for people, and what each part can do."""

import json
import os
import subprocess
from typing import Any

from harness.installation import Installation
from harness.people import Person


def lantoa(installation: Installation, *arguments: str, status: int = 0) -> str:
    environ = os.environ | installation.environ
    done = subprocess.run(
        [".venv/bin/lantoa", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout or done.stderr


def command_result(installation: Installation, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lantoa(installation, *arguments, "--json"))
    return found


def test_doctor_finds_every_part_well(installation: Installation) -> None:
    found = command_result(installation, "doctor")["findings"]
    assert {each["part"] for each in found} == {"database", "schema", "keys", "worker", "objects", "api"}
    assert {each["state"] for each in found} == {"ok"}


def test_doctor_says_what_is_wrong_and_how_to_remedy_it(installation: Installation) -> None:
    broken = os.environ | installation.environ | {"LANTOA_S3_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [".venv/bin/lantoa", "doctor", "--json"], env=broken, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (wrong,) = [each for each in json.loads(done.stdout)["findings"] if each["state"] == "wrong"]
    assert wrong["part"] == "objects"
    assert "LANTOA_S3_" in wrong["remedy"]


def test_a_clients_whole_life(installation: Installation) -> None:
    made = command_result(installation, "client", "add", "baobinhthuan", "Tòa soạn")
    token = installation.client_token(made)
    assert Person(installation.url, token).get("/v1/me").status_code == 200
    listed = command_result(installation, "client", "list")["items"]
    assert made["client_id"] in [each["client_id"] for each in listed]
    assert made["client_secret"] not in json.dumps(listed)
    rotated = command_result(installation, "client", "rotate-secret", made["client_id"])
    for secret in (made["client_secret"], rotated["client_secret"]):  # both live until the next rotation
        installation.client_token(made | {"client_secret": secret})
    command_result(installation, "client", "disable", made["client_id"])
    answer = Person(installation.url).post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], rotated["client_secret"]),
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_loading_twice_changes_nothing(installation: Installation) -> None:
    assert set(command_result(installation, "load").values()) == {0}


def test_keys_are_shown_without_their_private_halves(installation: Installation) -> None:
    shown = lantoa(installation, "keys", "show", "--json")
    assert '"d"' not in shown
    assert {each["crv"] for each in json.loads(shown)["keys"]} == {"P-256", "Ed25519"}


def test_the_audit_of_objects_is_sound_and_finds_a_missing_one(installation: Installation) -> None:
    found = command_result(installation, "audit", "objects")
    assert found["objects"] >= 7
    assert (found["missing"], found["wrong_size"]) == ([], [])
    ghost = "insert into assets (id, owner_id, filename, media_type, size_bytes, sha256, created_at) "
    installation.sql(
        ghost + "select gen_random_uuid(), owner_id, 'x', 'audio/mpeg', 1, repeat('0', 64), now() from assets limit 1"
    )
    try:
        assert "missing 1" in lantoa(installation, "audit", "objects", status=2)
    finally:
        installation.sql("delete from assets where sha256 = repeat('0', 64)")


def test_a_members_token_is_audited(installation: Installation) -> None:
    before = installation.sql("select count(*) as n from audit where verb = 'token.mint'")[0]["n"]
    assert lantoa(installation, "token", "bientap.stttt").count(".") == 2
    after = installation.sql("select count(*) as n from audit where verb = 'token.mint'")[0]["n"]
    assert after == before + 1
    assert "not_found" in lantoa(installation, "token", "nobody", status=1)
