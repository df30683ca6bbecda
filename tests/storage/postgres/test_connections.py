"""A database that goes away is `Unavailable`, at whatever moment it does."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from adapters.clock import SystemClock
from adapters.ids import SystemIds
from adapters.recurrence import expand_rule
from domain.errors import Unavailable
from harness.installation import Installation
from storage.postgres.connections import make_engine, make_pool, parse_url, reading, translated
from storage.postgres.unit_of_work import PostgresUnitOfWork
from tests.support.partition_proxy import Line


async def hang_up(url: str, pid: int) -> None:
    """End a connection from the server's side, as a stop of the server does."""
    other = await asyncpg.connect(**parse_url(url))
    await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await other.close()
    await asyncio.sleep(0.2)  # its last words are on their way


def test_last_words_between_two_questions_are_unavailable(installation: Installation) -> None:
    """The connection still looks open: the driver calls what comes next a mistake of its own."""
    url = installation.environ["LANTOA_DATABASE_URL"]

    async def work(line: Line) -> None:
        pool = await make_pool(line.url, size=1)
        async with reading(pool) as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
        await hang_up(url, pid)
        with pytest.raises(Unavailable):
            async with reading(pool) as connection:
                await connection.fetchval("SELECT 1")
        pool.terminate()

        engine = make_engine(line.url, size=1)
        async with engine.connect() as kept:
            pid = (await kept.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await hang_up(url, pid)
        with pytest.raises(Unavailable), translated():
            async with engine.connect() as kept:
                await kept.execute(text("SELECT 1"))
        await engine.dispose()

    with Line(url) as line:
        line.lingers = True
        asyncio.run(work(line))


def test_a_terminated_connection_is_not_handed_out_again(installation: Installation) -> None:
    url = installation.environ["LANTOA_DATABASE_URL"]

    async def work(line: Line) -> None:
        engine = make_engine(line.url, size=1)
        unit = PostgresUnitOfWork(engine, SystemClock(), SystemIds(), expand_rule)
        async with unit:
            pid = (await unit.connection()).get_server_pid()
        await hang_up(url, pid)
        with pytest.raises(Unavailable):
            async with unit:
                await unit.vocabularies.codes()
        async with unit:
            assert await unit.vocabularies.codes()
        await engine.dispose()

    with Line(url) as line:
        line.lingers = True
        asyncio.run(work(line))
