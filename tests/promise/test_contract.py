"""schemathesis over the running server, with tokens of every role: no 5xx, no undocumented status, no mismatch.

Bounded by LANTOA_FUZZ_SECONDS (35 for each role); seeded, the seed is printed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from domain.scopes import ROLE_SCOPES, SCOPES
from harness.installation import Installation
from openapi.export import TARGET, contract

SEED = os.environ.get("LANTOA_SEED", "3250")
SECONDS = os.environ.get("LANTOA_FUZZ_SECONDS", "35")
CONFIG = """
base-url = "{url}"
[checks]
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = false
ignored_auth.enabled = false
negative_data_rejection.enabled = false
"""


def fuzz(installation: Installation, token: str | None, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.format(url=installation.url))
    headers = ["--header", f"Authorization: Bearer {token}"] if token else []
    command = [
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--config-file", str(config),
        "run", f"{installation.url}/openapi.json", "--seed", SEED, "--max-time", SECONDS,
        "--generation-database", "none", "--request-timeout", "20", "--no-color", "--exclude-operation-id", "eraseMe", *headers, *more,
    ]  # fmt: skip
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.promise.fuzz_hooks", "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def house(request: pytest.FixtureRequest, role: str) -> Iterator[Installation]:
    """The coordinator's run may suspend and hand over whom it likes: in a house of its own."""
    if role != "dieuphoi.stttt":
        yield request.getfixturevalue("installation")
        return
    made = Installation(f"fuzz-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    made.start()
    yield made
    made.stop()


ROLES = ["dieuphoi.stttt", "duyet.stttt", "bientap.stttt", "partner", "anonymous"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.timeout(240)
def test_every_answer_is_as_the_contract_says(house: Installation, role: str, tmp_path: Path) -> None:
    token = {
        "partner": lambda: house.client_token(house.new_client("baobinhthuan")),
        "anonymous": lambda: None,
    }.get(role, lambda: house.member_token(role))()
    done = fuzz(house, token, tmp_path, "--phases", "examples,coverage,fuzzing,stateful")
    print(f"seed {SEED}\n{done.stdout[-6000:]}")
    assert done.returncode == 0, done.stdout.partition("= FAILURES =")[2][:6000] + done.stderr[-2000:]
    assert "test cases" in done.stdout or "passed" in done.stdout


def test_the_committed_contract_is_current() -> None:
    assert contract() == TARGET.read_text(encoding="utf-8")


def test_every_operation_has_summary_id_scopes_and_problems() -> None:
    document = json.loads(Path("openapi/openapi.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            assert about["summary"], (path, method)
            assert about["operationId"], (path, method)
            problems = [a for s, a in about["responses"].items() if s[0] == "4" and "problem" in str(a.get("content"))]
            assert problems, (path, method)


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            yield path, method, about


def test_every_operation_has_a_description_a_tag_that_is_described_and_says_whether_it_is_public() -> None:
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert document["info"]["license"]
    assert document["info"]["contact"]
    for path, method, about in _operations():
        assert about.get("description"), (method, path)
        assert all(tags.get(tag) for tag in about["tags"]), (method, path)
        assert (about["security"] == []) == (about["x-lantoa-access"] == "open"), (method, path)


def test_every_request_and_successful_response_has_an_example_that_fits_its_schema() -> None:
    components = json.loads(TARGET.read_text(encoding="utf-8"))["components"]
    checked = 0
    for path, method, about in _operations():
        successful = [answer for status, answer in about["responses"].items() if status[0] == "2"]
        for part in [about.get("requestBody", {}), *successful]:
            for media_type, body in part.get("content", {}).items():
                assert "example" in body, (method, path, media_type)
                schema = jsonschema_rs.Draft202012Validator({**body["schema"], "components": components})
                assert [e.message for e in schema.iter_errors(body["example"])] == [], (method, path, media_type)
                checked += 1
    print(f"{checked} examples")
    assert checked >= 100


def test_enums_are_components_and_schema_names_are_public_vocabulary() -> None:
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not name.isalnum() or not name[0].isupper()] == []
    assert "PermissionRule" not in schemas
    inline: list[str] = []

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            inline.extend([path] if isinstance(value.get("enum"), list) else [])
            for key, each in value.items():
                walk(each, f"{path}/{key}")
        elif isinstance(value, list):
            for each in value:
                walk(each, path)

    walk(document["paths"], "")
    for name, schema in schemas.items():
        walk(schema.get("properties", {}), name)
    assert inline == []


def test_the_table_of_scopes_for_client_authors_is_the_one_that_is_enforced() -> None:
    rows = [line.split("|") for line in Path("openapi/oauth.md").read_text(encoding="utf-8").splitlines()]
    reported = {
        row[1].strip(" `"): set(row[3].replace(" ", "").split(",")) for row in rows if len(row) == 5 and ":" in row[1]
    }
    assert reported == {scope: {role for role, may in ROLE_SCOPES.items() if scope in may} for scope in SCOPES}
