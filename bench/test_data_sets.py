"""The bench's data sets: what filling takes away comes back, also when it was interrupted."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.markup import SafeMarkup
from bench import data
from bench.copies import id_of
from bench.indexes import drop_indexes
from domain.actor import OPERATOR
from domain.content.content import Content
from domain.content.material import Material
from domain.distribution.archive import read_line, take_over
from domain.distribution.publication import Signature
from harness.installation import Installation, finished
from runtime.services import open_services
from storage.distribution.bulk import _MATERIALS, _material
from storage.distribution.feed_entries import EncodedEntry, encoded_entry, entry_suffix

COUNT = 50
_DEFINITIONS = """
SELECT pg_get_indexdef(indexrelid) AS made FROM pg_index WHERE indrelid::regclass::text NOT LIKE 'pg_%'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
UNION ALL SELECT unnest(setconfig) FROM pg_db_role_setting
"""


@pytest.fixture
def house() -> Iterator[Installation]:
    house = Installation("filled")
    try:
        house.start_parts()
        yield house
    finally:
        house.stop()


def test_a_fill_that_was_interrupted_is_completed(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_BLOCK", 20)

    async def on(query: str, *values: object) -> list[Any]:
        return await data.ask(house.settings, query, *values)

    def definitions() -> list[str]:
        return sorted(row["made"] for row in finished(on(_DEFINITIONS)))

    before = definitions()
    finished(drop_indexes(on))
    assert len(definitions()) < len(before)
    originals = finished(data._originals(house.settings))
    data._begin(house.settings, originals)
    data._make(range(20, 40))  # the second of three blocks; then a power cut
    assert data.generate(house.settings, COUNT, quiet=True) > 0
    assert definitions() == before
    made = house.sql("SELECT count(*) AS n FROM materials WHERE approved_by = $1", data.MARK)
    entries = house.sql(
        "SELECT count(*) AS n, count(DISTINCT seq) AS places FROM entries e JOIN materials m ON m.id = e.material_id"
        " WHERE m.approved_by = $1 AND convert_from(e.line, 'UTF8') LIKE '{\"seq\":' || e.seq || ',\"op\":\"upsert\"%'",
        data.MARK,
    )
    assert made[0]["n"] == COUNT + len(originals)
    assert entries[0]["n"] == entries[0]["places"] > COUNT + len(originals)
    assert data.generate(house.settings, COUNT, quiet=True) == 0


def test_a_copy_is_what_taking_that_line_over_would_have_made(house: Installation) -> None:
    data.generate(house.settings, COUNT, quiet=True)
    texts = [msgspec.json.decode(row["content"], type=Content) for row in house.sql(data._TEXTS)]
    for n in (0, COUNT - 1):
        line = data._line(texts[n % len(texts)], n)
        [row] = house.sql("SELECT * FROM materials WHERE id = $1", id_of(n))
        material, document = finished(_taken_over(house, line, row["created_at"]))
        stored = {**row, "content": msgspec.json.decode(row["content"])}
        made = dict(zip(_MATERIALS, _material(material), strict=True))
        assert stored == {**made, "content": msgspec.json.decode(made["content"])}
        [add_version] = house.sql("SELECT * FROM editions WHERE material_id = $1", id_of(n))
        assert (add_version["version"], add_version["document"]) == (1, document)
        assert add_version["sha256"] == sha256(document).hexdigest()
        key = house.sql("SELECT public_jwk ->> 'x' AS x FROM signing_keys WHERE kid = $1", add_version["kid"])[0]["x"]
        Ed25519PublicKey.from_public_bytes(_bytes(key)).verify(_bytes(add_version["signature"]), document)
        entries = house.sql("SELECT * FROM entries WHERE material_id = $1", id_of(n))
        signature = Signature(sha256=add_version["sha256"], value=add_version["signature"], kid=add_version["kid"])
        assert entries
        for entry in entries:
            known = EncodedEntry(material_id=id_of(n), version=1, changed_at=entry["changed_at"], signature=signature)
            assert entry["line"] == encoded_entry(entry["seq"], entry_suffix(known).encode())
            assert entry["first_seq"] == entry["seq"]


async def _taken_over(house: Installation, raw: bytes, at: datetime) -> tuple[Material, bytes]:
    async with open_services(house.settings) as services, services.work() as work:
        owner, codes = await work.organizations.get_by_code(data._OWNER), await work.vocabularies.codes()
    line, material_id = read_line(raw, codes)
    body_html = SafeMarkup().html(line.content.body)
    return take_over(line, material_id, body_html, owner=owner, by=OPERATOR.key, at=at)


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
