"""What was received is booked, however a write of the books ends."""

import asyncio
from contextlib import suppress
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from domain.actor import Actor
from domain.errors import Unavailable
from storage.database import make_pool, parse_url, reading
from storage.ledger import Ledger
from storage.system import SystemClock
from tests.installation import Installation

_IDS = """
SELECT (SELECT id FROM organizations LIMIT 1) AS organization, (SELECT id FROM assets LIMIT 1) AS asset,
       (SELECT id FROM channels LIMIT 1) AS channel
"""
_WAITS = "SELECT true FROM pg_locks WHERE pid = $1 AND NOT granted"


async def _held_up(other: "asyncpg.Connection[asyncpg.Record]", pid: int) -> None:
    """Until that process of the database waits for a lock."""
    async with asyncio.timeout(10):
        while not await other.fetchval(_WAITS, pid):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("end", ["cancelled", "cut"])
def test_what_is_received_while_a_write_fails_is_counted_with_the_rest(installation: Installation, end: str) -> None:
    url = installation.environ["LANTOA_DATABASE_URL"]
    [ids] = installation.sql(_IDS)
    organization, asset, channel = (cast("UUID", ids[name]) for name in ("organization", "asset", "channel"))
    actor = Actor(organization_id=organization, client_id=f"ledger-{end}", scopes=frozenset(), roles=frozenset())

    def receive(ledger: Ledger, seq: int) -> None:
        ledger.downloaded(actor, asset)
        ledger.saw(actor, channel, seq)

    async def work() -> None:
        pool, other = await make_pool(url, size=1), await asyncpg.connect(**parse_url(url))
        ledger = Ledger(pool, SystemClock())
        async with reading(pool) as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")  # the pool has only this one
        receive(ledger, 7)
        blocker = await asyncpg.connect(**parse_url(url))
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE")
            write = asyncio.create_task(ledger.flush())
            await _held_up(other, pid)
            receive(ledger, 6)
            if end == "cut":
                await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            else:
                write.cancel()
            with suppress(Unavailable, asyncio.CancelledError):
                await write
        await ledger.flush()
        for each in (other, blocker):
            await each.close()
        await pool.close()

    count = "SELECT coalesce(sum(count), 0) AS n FROM downloads WHERE organization_id = $1 AND asset_id = $2"
    before = installation.sql(count, organization, asset)[0]["n"]
    asyncio.run(work())
    assert installation.sql(count, organization, asset)[0]["n"] == before + 2
    assert installation.sql("SELECT seq FROM ledger WHERE client_id = $1", actor.client_id) == [{"seq": 7}]
