"""What was received is booked, however a write of the books ends."""

import asyncio
from contextlib import suppress
from typing import cast
from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.clock import SystemClock
from domain.actor import Actor
from domain.errors import Unavailable
from harness.installation import Installation
from storage.distribution.ledger import Ledger
from storage.postgres.connections import make_pool, parse_url, reading

_ORGANIZATION = """
INSERT INTO organizations (id, code, kind, name, duties, revision)
VALUES (gen_random_uuid(), $1, 'school', 'x', '{}', 1) RETURNING id
"""
_IDS = "SELECT (SELECT id FROM assets LIMIT 1) AS asset, (SELECT id FROM channels LIMIT 1) AS channel"
_LOCK = "LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE"
_COUNT = "SELECT count FROM downloads WHERE organization_id = $1"
_WAITS = "SELECT true FROM pg_locks WHERE pid = $1 AND NOT granted"


async def _held_up(other: "asyncpg.Connection[asyncpg.Record]", pid: int) -> None:
    """Until that process of the database waits for a lock."""
    async with asyncio.timeout(10):
        while not await other.fetchval(_WAITS, pid):
            await asyncio.sleep(0.01)


@pytest.fixture
def actor(installation: Installation) -> Actor:
    """Of an organization of its own."""
    code = f"ledger-{uuid4()}"
    [made] = installation.sql(_ORGANIZATION, code)
    return Actor(organization_id=cast("UUID", made["id"]), client_id=code, scopes=frozenset(), roles=frozenset())


def booked(installation: Installation, actor: Actor) -> list[object]:
    return [row["count"] for row in installation.sql(_COUNT, actor.organization_id)]


@pytest.mark.parametrize("end", ["cancelled", "cut"])
def test_what_is_received_while_a_write_fails_is_counted_with_the_rest(
    installation: Installation, actor: Actor, end: str
) -> None:
    url = installation.environ["LANTOA_DATABASE_URL"]
    [ids] = installation.sql(_IDS)
    asset, channel = (cast("UUID", ids[name]) for name in ("asset", "channel"))

    def receive(ledger: Ledger, seq: int) -> None:
        ledger.record_download(actor, asset)
        ledger.record_cursor(actor, channel, seq)

    async def work() -> None:
        pool, other = await make_pool(url, size=1), await asyncpg.connect(**parse_url(url))
        ledger = Ledger(pool, SystemClock())
        async with reading(pool) as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")  # the pool has only this one
        receive(ledger, 7)
        blocker = await asyncpg.connect(**parse_url(url))
        async with blocker.transaction():
            await blocker.execute(_LOCK)
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

    asyncio.run(work())
    assert booked(installation, actor) == [2]
    assert installation.sql("SELECT seq FROM ledger WHERE client_id = $1", actor.client_id) == [{"seq": 7}]


def test_a_write_that_the_database_refuses_is_not_the_last(
    installation: Installation, actor: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A deadlock or a full disk once ended the booking for as long as the process lived, and nobody was told."""
    monkeypatch.setattr("storage.distribution.ledger.FLUSH_SECONDS", 0.05)
    url = installation.environ["LANTOA_DATABASE_URL"]
    [ids] = installation.sql(_IDS)
    of_others = f"organization_id <> '{actor.organization_id}'"

    async def work() -> None:
        pool, other = await make_pool(url, size=1), await asyncpg.connect(**parse_url(url))
        ledger = Ledger(pool, SystemClock())
        await other.execute(f"ALTER TABLE downloads ADD CONSTRAINT refused CHECK ({of_others}) NOT VALID")
        try:
            await ledger.start()
            ledger.record_download(actor, cast("UUID", ids["asset"]))
            async with asyncio.timeout(10):
                while "was not written" not in caplog.text:
                    await asyncio.sleep(0.01)
        finally:
            await other.execute("ALTER TABLE downloads DROP CONSTRAINT refused")
        ledger.record_download(actor, cast("UUID", ids["asset"]))
        await ledger.stop()
        await other.close()
        await pool.close()

    asyncio.run(work())
    assert booked(installation, actor) == [2]
