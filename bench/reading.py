"""What is read: polls, pages, documents, redirects, whole channels."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import asyncpg

from bench.data import CHANNEL, ask
from bench.measure import Run, finished, in_turns, wrk
from storage.postgres.connections import parse_url

_SAME = "bare ASGI, same bytes"
_PAGE_QUERY = """
SELECT d.document FROM entries e JOIN editions d ON d.material_id = e.material_id AND d.version = e.version
 WHERE e.channel_id = $1 AND e.seq > $2 AND e.reason IS NULL ORDER BY e.seq LIMIT 100
"""
_COPY = """
SELECT d.document FROM entries e JOIN editions d USING (material_id, version)
  JOIN channels c ON c.id = e.channel_id WHERE c.slug = $1
"""
_COPY_OF_PRESS = """
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


_CHANGES = f"/v1/channels/{CHANNEL}/changes"
_PULLS = 3


def unchanged(run: Run) -> tuple[str, str]:
    """The address of a poll with nothing new, and the head that it names."""
    heads = run.get("/v1/changes").json()["items"]
    head = next(item["cursor"] for item in heads if item["channel"] == CHANNEL)
    return f"{_CHANGES}?since={head}", head


def polls(run: Run) -> None:
    """Is there anything new? There is not."""
    asked, head = unchanged(run)
    poll = run.get(asked, if_none_match=f'"{head}"')
    assert poll.status_code == 304
    bare = run.same_answers({"/poll": poll})
    run.compare("poll, nothing new", run.house.url + asked, f"{bare}/poll", 0.80, _SAME, if_none_match=f'"{head}"')


def from_memory(run: Run) -> None:
    """Poll, page, document, redirect: asked again and again."""
    polls(run)
    changes = _CHANGES
    page, start = run.get(f"{changes}?limit=100"), run.get(f"{changes}?limit=29").json()["changes"]
    asset = next(c["item"]["assets"][0]["id"] for c in start if c["item"].get("assets"))
    document, media = f"/v1/materials/{start[0]['id']}", f"/v1/media/{asset}/original"
    bare = run.same_answers({"/page": page, "/document": run.get(document), "/media": run.get(media)})
    url = run.house.url
    run.compare("page of 100, again", f"{url}{changes}?limit=100", f"{bare}/page", 0.85, _SAME)
    run.compare("one document, again", f"{url}{document}", f"{bare}/document", 0.80, _SAME)
    run.compare("media redirect", f"{url}{media}", f"{bare}/media", 0.70, _SAME)


def middle(run: Run) -> tuple[str, int, str]:
    """A channel's id, a place in its middle, and the address of the page that begins there."""
    [(channel, place)] = finished(
        ask(run.house.settings, "SELECT c.id, (SELECT min(seq) FROM entries WHERE channel_id = c.id) + $2::bigint "
            "FROM channels c WHERE slug = $1", CHANNEL, run.count)
    )  # fmt: skip
    cursor = f"{unchanged(run)[1].rsplit('-', 1)[0]}-{place:x}"
    return str(channel), place, f"{_CHANGES}?limit=100&since={cursor}"


def growth(small: Run, large: Run) -> float:
    """Time of a page at the large data set by the time at the small one, asked for in turns."""
    addresses = {}
    for run in (small, large):
        run.start()
        run.restart_api(LANTOA_RESPONSE_CACHE="off")
        addresses[run.count] = run.house.url + middle(run)[2]
    try:
        few, many = in_turns(
            small.rounds,
            lambda: wrk(addresses[small.count], small.headers, small.seconds),
            lambda: wrk(addresses[large.count], large.headers, large.seconds),
        )
    finally:
        small.stop()
        large.stop()
    return statistics.median(a / b for a, b in zip(few, many, strict=True))


def from_database(run: Run) -> None:
    """A page and a document that nobody has asked for: the shortcut is off."""
    run.restart_api(LANTOA_RESPONSE_CACHE="off")
    dsn = run.house.environ["LANTOA_DATABASE_URL"]
    channel, place, page = middle(run)
    sql = run.bare_server(
        "create_sql_app", BENCH_DSN=dsn, BENCH_QUERY=_PAGE_QUERY, BENCH_VALUES=json.dumps([channel, place])
    )
    run.compare("page of 100, first", run.house.url + page, f"{sql}/page", 0.80, "bare asyncpg query, joined and sent")
    one = run.get(page).json()["changes"][0]["id"]
    bare = run.bare_server(
        "create_sql_app", BENCH_DSN=dsn, BENCH_VALUES=json.dumps([one]),
        BENCH_QUERY="SELECT document FROM editions WHERE material_id = $1 AND version = 1",
    )  # fmt: skip
    document = f"{run.house.url}/v1/materials/{one}"
    run.compare("one document, first", document, f"{bare}/one", 0.50, "bare asyncpg query, sent")
    run.restart_api()


async def _copied(settings: Any, channel: str) -> float:
    """Documents a second out of a bare COPY TO STDOUT."""
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        with tempfile.TemporaryFile() as sink:
            start = time.perf_counter()
            reported = await connection.copy_from_query(_COPY, channel, output=sink)
            return int(reported.split()[1]) / (time.perf_counter() - start)
    finally:
        await connection.close()


def full_sync(run: Run, count: int) -> None:
    """A whole channel by lantoa-sync: fetched, verified, on disk, proven equal."""
    channel = f"bench-{count}"
    finished(ask(run.house.settings, _COPY_OF_PRESS, channel, count))
    grant = (
        "INSERT INTO grants SELECT c.id, o.id, now() FROM channels c, organizations o "
        "WHERE c.slug = $1 AND o.code = 'baobinhthuan' ON CONFLICT DO NOTHING"
    )
    finished(ask(run.house.settings, grant, channel))

    # Mirrors are deleted when all have been measured: ext4 without a journal shuns inodes deleted lately.
    with tempfile.TemporaryDirectory() as mirrors:

        def pulled() -> float:
            run.restart_api()  # no page is in its memory
            command = [sys.executable, "-m", "lantoa_sync.main", "pull", "--channel", channel, "--json"]
            environ = os.environ | {
                "LANTOA_SERVER": run.house.url,
                "LANTOA_CLIENT_ID": run.client["client_id"],
                "LANTOA_CLIENT_SECRET": run.client["client_secret"],
            }
            command += ["--to", tempfile.mkdtemp(dir=mirrors)]
            start = time.perf_counter()
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            taken = time.perf_counter() - start
            last = [json.loads(line) for line in done.stdout.splitlines() if '"equal"' in line][-1]
            assert last["count"] >= count
            return float(last["count"] / taken)

        ours, limit = in_turns(_PULLS, pulled, lambda: finished(_copied(run.house.settings, channel)))
    run.line(f"full sync of {count:,}", ours, limit, 0.60, "COPY TO STDOUT", "documents/s")
