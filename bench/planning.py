"""Calendars and overviews: a subscribed feed, a month of twenty thousand occurrences, what needs the coordinator."""

import asyncio
import re
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from bench.measure import Run, console, finished, in_turns
from domain.actor import OPERATOR
from storage.coordination import calendar, overview
from storage.postgres.connections import parse_url

ACTIVITIES, ORGANIZATIONS, IN_CAMPAIGN = 20_000, 200, 2_000
CAMPAIGN = UUID("32500000-0000-4000-8000-00000000cafe")
FROM, TO = "2026-06-01T00:00:00+07:00", "2026-07-01T00:00:00+07:00"
_SAME = "bare ASGI, same bytes"
_ORGANIZATIONS = """
INSERT INTO organizations (id, code, kind, name, parent_id, duties, revision)
SELECT gen_random_uuid(), 'do-' || n, CASE WHEN n % 10 = 0 THEN 'district' ELSE 'commune' END, 'Đơn vị ' || n,
       (SELECT id FROM organizations WHERE code = 'stttt'), '{}', 1
  FROM generate_series(1, $1::int) n ON CONFLICT (code) DO NOTHING
"""
_CAMPAIGN = """
INSERT INTO campaigns (id, owner_id, code, title, starts_on, ends_on, participant_ids, plan, state, note, created_at,
                       updated_at, revision)
SELECT $1, id, 'do', 'Đo', '2026-01-01', '2026-12-31', '{}', jsonb_build_object('code', 'do', 'title', 'Đo',
       'starts_on', '2026-01-01', 'ends_on', '2026-12-31', 'topics', '["online_scams","fake_information"]'::jsonb,
       'audiences', '["general_public","youth"]'::jsonb), 'running', '', now(), now(), 1
  FROM organizations WHERE code = 'stttt' ON CONFLICT DO NOTHING
"""
_MADE = """
CREATE TEMPORARY TABLE made AS
SELECT gen_random_uuid() AS id, n, o.id AS place,
       (array['online_scams','fake_information','training'])[n % 3 + 1] AS topic,
       (array['general_public','youth'])[n % 2 + 1] AS audience,
       timestamp '2026-01-01 07:00' + (n * 26 % 525600) * interval '1 minute' AS start
  FROM generate_series(1, $1::int) n
  JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS k, count(*) OVER () AS all_of FROM organizations) o
    ON o.k = n % o.all_of
"""
_ACTIVITIES = """
INSERT INTO activities (id, owner_id, campaign_id, kind, title, place_ids, participant_ids, topics, audiences, plan,
                        overrides, state, note, recurring, expanded_until, created_at, updated_at, revision)
SELECT id, place, CASE WHEN n <= $2 THEN $1::uuid END, 'broadcast', 'Hoạt động ' || n, array[place], '{}',
       array[topic], array[audience], jsonb_build_object(
       'kind', 'broadcast', 'title', 'Hoạt động ' || n, 'place_ids', array[place],
       'topics', array[topic], 'audiences', array[audience], 'location', 'Phòng ' || n % 500,
       'timing', jsonb_build_object(
         'start', to_char(start, 'YYYY-MM-DD"T"HH24:MI:SS'),
         'end', to_char(start + interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SS'))),
       '[]', (array['planned','confirmed','done'])[n % 3 + 1], '', false, now(), now(), now(), 1 FROM made
"""
_OCCURRENCES = """
INSERT INTO occurrences (activity_id, recurrence_id, start, "end", starts_at, ends_at, all_day)
SELECT id, to_char(start, 'YYYY-MM-DD"T"HH24:MI:SS'), to_char(start, 'YYYY-MM-DD"T"HH24:MI:SS'),
       to_char(start + interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SS'), start AT TIME ZONE 'Asia/Ho_Chi_Minh',
       (start + interval '30 minutes') AT TIME ZONE 'Asia/Ho_Chi_Minh', false FROM made
"""


async def _fill(settings: Any) -> None:
    """Make the plans once; the installation keeps them."""
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        if await connection.fetchval("SELECT count(*) FROM activities") >= ACTIVITIES:
            return
        async with connection.transaction():
            await connection.execute(_ORGANIZATIONS, ORGANIZATIONS)
            await connection.execute(_CAMPAIGN, CAMPAIGN)
            await connection.execute(_MADE, ACTIVITIES)
            await connection.execute(_ACTIVITIES, CAMPAIGN, IN_CAMPAIGN)
            await connection.execute(_OCCURRENCES)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"ARRAY[{','.join(map(_literal, value))}]::text[]"
    return f"'{value}'"


def _with_values(sql: str, *values: object) -> str:
    """The query with its values written in, for a server that knows nothing of their types."""
    return re.sub(r"\$(\d+)", lambda found: _literal(values[int(found[1]) - 1]), sql)


def planning(run: Run) -> None:
    """The three aims of coordination."""
    finished(_fill(run.house.settings))
    token = run.house.member_token("dieuphoi.stttt")
    run.headers = {"authorization": f"Bearer {token}"}
    _feed(run)
    _month(run)
    _overview(run)


def _feed(run: Run) -> None:
    import httpx

    made = httpx.post(
        f"{run.house.url}/v1/calendar-feeds",
        headers=run.headers,
        json={"scope": "campaign", "target_id": str(CAMPAIGN)},
    ).json()
    feed, headers = made["url"].removeprefix(run.house.settings.public_url), run.headers
    run.headers = {}
    began = time.perf_counter()
    answer = run.get(feed)
    first = time.perf_counter() - began
    assert answer.content.count(b"BEGIN:VEVENT") == IN_CAMPAIGN
    console.print(
        f"  calendar feed of {IN_CAMPAIGN:,} events, first: {1000 * first:.0f} ms, {len(answer.content):,} bytes"
    )
    bare = run.same_answers({"/feed": answer})
    run.compare(f"calendar feed of {IN_CAMPAIGN:,}, again", run.house.url + feed, f"{bare}/feed", 0.80, _SAME)
    run.headers = headers


def _month(run: Run) -> None:
    window = f"from={FROM}&to={TO}".replace("+", "%2B").replace(":", "%3A")
    path = f"/v1/calendar?{window}&limit=5000"
    items = run.get(path).json()["items"]
    query = calendar.query_of(OPERATOR)
    values = (*query.parameters, FROM, TO, 5001, None, None, "")
    sql = _with_values(calendar._ENTRIES, *values)  # noqa: SLF001 -- the very query
    bare = run.bare_server(
        "create_rows_app",
        BENCH_DSN=run.house.environ["LANTOA_DATABASE_URL"],
        BENCH_QUERY=sql,
        BENCH_ROWS=str(len(items)),
    )
    name = f"calendar of a month, {len(items):,} of {ACTIVITIES:,}"
    run.compare(name, run.house.url + path, f"{bare}/", 0.50, "bare asyncpg query, same rows")


def _overview(run: Run) -> None:
    import httpx

    now, today = datetime.now(UTC), date.today()  # noqa: DTZ011
    first = today - timedelta(days=today.weekday())

    async def alone() -> float:
        pool = await asyncpg.create_pool(**parse_url(run.house.settings.database_url), min_size=1, max_size=1)
        reader = overview.OverviewReader(pool)
        times = []
        for _ in range(6):
            began = time.perf_counter()
            await reader.programme(OPERATOR, now, first, first + timedelta(weeks=3))
            times.append(time.perf_counter() - began)
        await pool.close()
        return 1 / statistics.median(times)

    def ours() -> float:
        times = []
        with httpx.Client(headers=run.headers) as client:
            for _ in range(6):
                began = time.perf_counter()
                client.get(f"{run.house.url}/v1/coordination/overview").raise_for_status()
                times.append(time.perf_counter() - began)
        return 1 / statistics.median(times)

    mine, limit = in_turns(run.rounds, ours, lambda: asyncio.run(alone()))
    console.print(f"  coordinator's overview: {1000 / statistics.median(mine):.0f} ms (aim 150)")
    run.line("coordinator's overview", mine, limit, 1 / 3, "its SQL alone", "1/s")
