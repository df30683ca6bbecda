"""The vectors that any language can run: ours and another implementation must agree on every one."""

import json
import shutil
import subprocess
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from lantoa_sync.errors import NotEqual
from lantoa_sync.feed import Digest
from lantoa_sync.signatures import Verifier, statement_of
from lantoa_sync.state import Held
from lantoa_sync.tree import Tree

from adapters.recurrence import expand_rule
from domain.canonical_json import canonical
from domain.distribution.change import digest_statement
from domain.merge_patch import merge
from domain.occurrences import expand
from domain.timing import Override, Timing
from harness.people import proven

VECTORS = Path("openapi/vectors")


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("vector", vectors("canonical")["vectors"], ids=lambda v: v["name"])
def test_canonical_bytes(vector: dict[str, Any]) -> None:
    assert canonical(vector["value"]).decode() == vector["canonical"]
    assert sha256(canonical(vector["value"])).hexdigest() == vector["sha256"]


keys = st.text(st.characters(max_codepoint=126, min_codepoint=32))
texts = st.text(st.characters(exclude_categories=("Cs",)))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.booleans() | integers | texts, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20
)


@given(values)
def test_canonical_bytes_are_those_of_an_independent_rfc_8785_library(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, None, 2**53, {"khóa": 1}, {1: 1}, float("nan"), b"x"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical({"a": [value]} if not isinstance(value, dict) else value)


@pytest.mark.parametrize("vector", vectors("occurrences")["vectors"], ids=lambda v: v["name"])
def test_a_series_has_these_occurrences(vector: dict[str, Any]) -> None:
    timing = msgspec.convert(vector["timing"], Timing)
    overrides = msgspec.convert(vector["overrides"], list[Override])
    until = datetime.fromisoformat(vectors("occurrences")["until"])
    found = [msgspec.to_builtins(each) for each in expand(timing, overrides, until, expand_rule)]
    shown = [{k: v for k, v in each.items() if v is not None and k != "all_day"} for each in found]
    assert shown == vector["occurrences"]


@pytest.mark.parametrize("vector", vectors("signing")["vectors"], ids=lambda v: v["name"])
def test_a_signature_holds_for_one_document_in_its_own_place(vector: dict[str, Any]) -> None:
    keys = vectors("signing")["jwks"]["keys"]
    if vector["valid"]:
        assert proven(vector["change"], keys) == canonical(vector["change"]["item"])
    else:
        with pytest.raises(NotEqual):
            proven(vector["change"], keys)


@pytest.mark.parametrize("vector", vectors("digest")["statements"], ids=lambda v: v["name"])
def test_a_signed_digest_holds_for_one_channel_at_one_place(vector: dict[str, Any]) -> None:
    reported = vector["digest"]
    digest = msgspec.convert({name: value for name, value in reported.items() if name != "channel"}, Digest)
    statement = statement_of(reported["channel"], digest)
    ours = {name: reported[name] for name in ("cursor", "count", "sha256")}
    assert statement == digest_statement(reported["channel"], **ours)

    def check() -> None:
        Verifier(vectors("signing")["jwks"]["keys"]).check("it", statement, digest.signature, digest.kid)

    if vector["valid"]:
        check()
    else:
        with pytest.raises(NotEqual):
            check()


@pytest.mark.parametrize("vector", vectors("digest")["vectors"], ids=lambda v: v["name"])
def test_digest_lines(vector: dict[str, Any], tmp_path: Path) -> None:
    tree = Tree(tmp_path, "https://example.vn", "press")
    for material_id, version, document_sha256 in vector["live"]:
        tree.live[material_id] = Held(version, document_sha256)
        tree._sure.add(material_id)
    assert tree.digest() == vector["sha256"]
    assert len(tree.live) == vector["count"]


@pytest.mark.parametrize("vector", vectors("merge")["vectors"], ids=lambda v: json.dumps(v["patch"]))
def test_merge_patch(vector: dict[str, Any]) -> None:
    assert merge(vector["original"], vector["patch"]) == vector["result"]


def test_the_vectors_agree_in_another_language() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    done = subprocess.run([node, str(VECTORS / "check.mjs")], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "agree" in done.stdout
