"""The hot reads walk indexes: nothing on a request grows with the number of materials, partners or grants."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from cli.bulk import archive_importer
from harness.installation import Installation, finished
from harness.people import ARTICLE
from storage.distribution import digest as reader_digest
from storage.distribution import feed as reader_feed
from storage.distribution import published as reader_delivery
from storage.identity import callers
from storage.postgres.connections import PREPARED_STATEMENTS, parse_url

FEW, MANY = 1_000, 8_000
CHANNEL = "press"
_FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
TINY = {"channels", "feed_epoch", "clients", "members"}
"""A handful of rows in these tests, each found by its primary key where there are many."""
PAGE = 100
pytestmark = pytest.mark.xdist_group("plans")
WAYS = ({"plan_cache_mode": "force_custom_plan"}, PREPARED_STATEMENTS)


@pytest.fixture(scope="module")
def grown() -> Iterator[Installation]:
    """An installation of its own, for it is filled."""
    made = Installation("plans")
    made.start()
    made.client_token(made.new_client("baobinhthuan"))
    yield made
    made.stop()


async def fill(installation: Installation, count: int) -> None:
    """See that an archive of `count` articles is in the feed."""
    lines = [
        msgspec.json.encode(
            {
                "id": str(UUID(int=(1_500_000_000_000 + n) << 80 | 7 << 76 | 2 << 62 | n)),
                "content": ARTICLE | {"title": f"Bài số {n}", "body": Random(n).randbytes(1_000).hex()},
                "approved_by": "test",
                "published_at": (_FIRST_DAY + timedelta(minutes=n)).isoformat(),
            }
        )
        for n in range(count)
    ]
    async with archive_importer(installation.settings, "stttt") as (importer, _):
        imported = await importer.take(1, lines)
    assert imported.added + imported.known == count


COPY_OF_PRESS = """
WITH made AS (
  INSERT INTO channels (id, slug, title, rule, public) VALUES (gen_random_uuid(), $1, $1, '{"languages":["en"]}', false)
  ON CONFLICT (slug) DO NOTHING RETURNING id
), chosen AS (
  SELECT e.*, nextval('feed_seq') AS new_seq FROM
    (SELECT e.* FROM entries e JOIN channels c ON c.id = e.channel_id WHERE c.slug = 'press' ORDER BY e.seq LIMIT $2) e
)
INSERT INTO entries (channel_id, material_id, seq, first_seq, version, changed_at, reason, note, line)
SELECT made.id, material_id, new_seq, new_seq, version, changed_at, reason, note,
       convert_to(regexp_replace(convert_from(line, 'UTF8'), '^.{7}[0-9]+', '{"seq":' || new_seq), 'UTF8')
  FROM made, chosen
"""

_CROWD = """
WITH o AS (
  INSERT INTO organizations (id, code, kind, name, duties, revision)
  SELECT gen_random_uuid(), 'x' || n, 'school', 'x', '{}', 1 FROM generate_series($1::int, $2::int) n RETURNING id
), g AS (
  INSERT INTO grants SELECT c.id, o.id, now() FROM channels c, o
), a AS (
  INSERT INTO assets (id, owner_id, filename, media_type, size_bytes, sha256, created_at)
  SELECT gen_random_uuid(), id, 'x', 'audio/mpeg', 1, repeat('0', 64), now() FROM o RETURNING id
), e AS (
  INSERT INTO edition_assets SELECT m.id, 1, a.id FROM a, (SELECT id FROM materials ORDER BY id LIMIT 1) m
)
INSERT INTO sessions (id, client_id, created_at, expires_at)
SELECT gen_random_uuid(), (SELECT id FROM clients LIMIT 1), now(), now() + interval '1 day' FROM o
"""


async def many_partners(installation: Installation, first: int, last: int) -> None:
    """More partners, grants, files and sessions."""
    connection = await asyncpg.connect(**parse_url(installation.environ["LANTOA_DATABASE_URL"]))
    await connection.execute(_CROWD, first, last)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def explained(installation: Installation, slug: str, *ways: Mapping[str, str]) -> dict[str, tuple[set[str], int]]:
    """Of each hot read of a channel: the tables it walks from end to end, and the pages it touches.

    As delivery runs them, none sorts many rows.
    """
    connection = await asyncpg.connect(**parse_url(installation.environ["LANTOA_DATABASE_URL"]))
    try:
        channel, middle = await connection.fetchrow(
            "SELECT c.id, percentile_disc(0.5) WITHIN GROUP (ORDER BY e.seq) FROM channels c "
            "JOIN entries e ON e.channel_id = c.id WHERE slug = $1 GROUP BY c.id", slug
        )  # fmt: skip
        organization = await connection.fetchval("SELECT id FROM organizations WHERE code = 'baobinhthuan'")
        material = await connection.fetchval("SELECT material_id FROM entries WHERE seq = $1", middle)
        asset = await connection.fetchval("SELECT asset_id FROM edition_assets ORDER BY asset_id LIMIT 1")
        session = await connection.fetchval("SELECT id FROM sessions LIMIT 1")
        now = await connection.fetchval("SELECT now()")
        reads = {
            "first page": (reader_feed._FIRST_PAGE, slug, organization, False, 0, PAGE + 1),
            "next page": (reader_feed._NEXT_PAGE, slug, organization, False, middle, PAGE + 1),
            "nothing new": (reader_feed._NEXT_PAGE, slug, organization, False, 2**60, PAGE + 1),
            "digest": (reader_digest._LIVE, channel, reader_digest._BEFORE_ALL, PAGE),
            "changes for a digest": (reader_digest._CHANGED, channel, middle, PAGE),
            "head": (reader_feed._ONE_HEAD, slug, organization, False),
            "heads": (reader_feed._ALL_HEADS, None, organization, False),
            "document": (reader_delivery._DOCUMENT, material, organization, False, None),
            "media": (reader_delivery._MEDIA, asset, organization, False),
            "session": (callers._SESSIONS, [session], now),
        }
        found = {}
        for settings in ways:
            for setting, value in settings.items():
                await connection.execute(f"SET {setting} = {value}")
            for name, (query, *values) in reads.items():
                await connection.execute(f"PREPARE hot AS {query}")
                given = ", ".join(map(literal, values))
                reported = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE hot({given})")
                await connection.execute("DEALLOCATE hot")
                plan = json.loads(reported)[0]["Plan"]
                if settings["plan_cache_mode"] == PREPARED_STATEMENTS["plan_cache_mode"]:
                    assert max(sorted_rows(plan), default=0) < PAGE / 2, f"{name} is sorted"
                pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                found[f"{name}, {settings['plan_cache_mode']}"] = (set(walked(plan)) - TINY, pages)
        return found
    finally:
        await connection.close()


def literal(value: object) -> str:
    """As SQL reads it; all these values are ours."""
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    return "NULL" if value is None else f"'{value}'"


def walked(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for each in plan.get("Plans", ()):
        yield from walked(each)


def sorted_rows(plan: dict[str, Any]) -> Iterator[float]:
    if plan["Node Type"] in ("Sort", "Incremental Sort"):
        yield plan["Actual Rows"]
    for each in plan.get("Plans", ()):
        yield from sorted_rows(each)


def test_no_hot_read_walks_a_table_or_grows_with_the_materials(grown: Installation) -> None:
    finished(fill(grown, FEW))
    finished(many_partners(grown, 1, FEW))
    few = finished(explained(grown, CHANNEL, *WAYS))
    finished(fill(grown, MANY))
    finished(many_partners(grown, FEW + 1, MANY))
    many = finished(explained(grown, CHANNEL, *WAYS))
    assert {name: tables for name, (tables, _) in many.items() if tables} == {}
    for name, (_, pages) in many.items():
        assert pages <= few[name][1] * 1.2 + 10, f"{name}: {few[name][1]} pages of {FEW}, {pages} of {MANY}"
        assert pages <= 8 * PAGE + 50, f"{name}: {pages} pages"


@pytest.mark.parametrize("beliefs", [{}, {"random_page_cost": "100"}, {"random_page_cost": "0.1"}], ids=str)
def test_a_small_channel_is_read_alone_whatever_the_database_believes(
    grown: Installation, beliefs: dict[str, str]
) -> None:
    """Its digest once read all channels in the order of materials and left the others out."""
    finished(fill(grown, FEW))
    grown.sql(COPY_OF_PRESS, "small", 10)
    for name, (tables, pages) in finished(explained(grown, "small", PREPARED_STATEMENTS | beliefs)).items():
        assert tables == set(), name
        assert pages <= 100, f"{name}: {pages} pages"
