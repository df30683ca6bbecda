"""Publishing with four writers, beside a bare loop that does what no publishing can do without."""

import asyncio
import json
import time
from uuid import uuid4

import asyncpg

from bench.data import ask
from bench.measure import Run, finished, in_turns, wrk
from storage.postgres.connections import parse_url

WRITERS = 4
_READY = """
INSERT INTO materials (id, owner_id, revision, state, kind, title, content, attachments, version,
                       edited_by, approved_by, created_at, updated_at)
SELECT gen_random_uuid(), owner_id, 1, 'approved', kind, title, content, attachments, 1, 'bench', 'bench', now(), now()
  FROM (SELECT * FROM materials WHERE kind = 'article' AND state = 'published' AND attachments = '[]' LIMIT 1) m,
       generate_series(1, $1) RETURNING id
"""
_SCRIPT = """
local ids = {}
for line in io.lines("%s") do ids[#ids + 1] = line end
local next = 0
request = function()
  next = next + 1
  return wrk.format("POST", "/v1/desk/materials/" .. ids[next] .. "/publish",
    { ["content-type"] = "application/json", ["if-match"] = '"1"', ["authorization"] = "%s" }, "{}")
end
"""
_ROWS = "INSERT INTO bench_entries SELECT c, m, nextval('feed_seq') FROM unnest($1::uuid[], $2::uuid[]) AS t (c, m)"
_GAPS = """
SELECT count(*) AS published, coalesce(min(e.n), 0) AS fewest, coalesce(max(e.n), 0) AS most
  FROM materials m LEFT JOIN (SELECT material_id, count(*) AS n FROM entries GROUP BY 1) e ON e.material_id = m.id
 WHERE m.id = ANY($1::uuid[]) AND m.state = 'published'
"""
_CARRIED = """
SELECT count(*) FROM entries WHERE material_id =
  (SELECT id FROM materials WHERE kind = 'article' AND state = 'published' AND attachments = '[]' LIMIT 1)
"""


def publish(run: Run, seconds: int = 3) -> None:
    """POST …/publish: sign, edition, two or three channels, history, audit, one WAL flush."""
    token = run.house.member_token("dieuphoi.stttt")
    [(carried,)] = finished(ask(run.house.settings, _CARRIED))

    def ours() -> float:
        ids = [str(row["id"]) for row in finished(ask(run.house.settings, _READY, 1500 * seconds))]
        (run.house.home / "ids.txt").write_text("\n".join(ids) + "\n")
        script = run.house.home / "publish.lua"
        script.write_text(_SCRIPT % (run.house.home / "ids.txt", f"Bearer {token}"))
        rate = wrk(run.house.url, {}, seconds, str(script), connections=WRITERS)
        [found] = finished(ask(run.house.settings, _GAPS, ids))
        assert found["fewest"] == found["most"] == carried, dict(found)
        assert found["published"] >= rate * seconds * 0.9, (dict(found), rate)
        return rate

    mine, limit = in_turns(run.rounds, ours, lambda: finished(_bare(run, seconds, carried)))
    run.line("publish, 4 writers", mine, limit, 0.30, f"lock, insert {carried} entries, notify, commit", "1/s")


async def _bare(run: Run, seconds: int, carried: int) -> float:
    """The same lock, two small rows, a notification and a commit, again and again on four connections."""
    where = parse_url(run.house.settings.database_url)
    setup = await asyncpg.connect(**where)
    await setup.execute("CREATE TABLE IF NOT EXISTS bench_entries (c uuid, m uuid, s bigint, PRIMARY KEY (c, m))")
    await setup.close()
    until, done = time.perf_counter() + seconds, 0

    async def write() -> None:
        nonlocal done
        connection = await asyncpg.connect(**where)
        while time.perf_counter() < until:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(3251)")
                rows = [(uuid4(), uuid4()) for _ in range(carried)]
                await connection.execute(
                    _ROWS,
                    [c for c, _ in rows], [m for _, m in rows],
                )  # fmt: skip
                await connection.execute("SELECT pg_notify('bench', $1)", json.dumps(done))
            done += 1
        await connection.close()

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return done / seconds
