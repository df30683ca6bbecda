"""The bench's data sets: what filling takes away comes back, also when it was interrupted."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench import data
from bench.indexes import drop_indexes
from tests.installation import Installation, finished

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
    finished(data._fill(house.settings, [(20, 40)]))  # the second of three blocks; then a power cut
    assert data.generate(house.settings, COUNT, quiet=True) > 0
    assert definitions() == before
    made = house.sql("SELECT count(*) AS n FROM materials WHERE approved_by = $1", data.MARK)
    entries = house.sql(
        "SELECT count(*) AS n, count(DISTINCT seq) AS places FROM entries e JOIN materials m ON m.id = e.material_id"
        " WHERE m.approved_by = $1 AND convert_from(e.line, 'UTF8') LIKE '{\"seq\":' || e.seq || ',\"op\":\"upsert\"%'",
        data.MARK,
    )
    assert made[0]["n"] == COUNT
    assert entries[0]["n"] == entries[0]["places"] > COUNT
    assert data.generate(house.settings, COUNT, quiet=True) == 0
