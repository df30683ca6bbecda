"""The unit of work: nothing is kept without a commit, and no commit is claimed that PostgreSQL did not make."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import Text, bindparam, insert, text

from adapters.clock import SystemClock
from adapters.ids import SystemIds
from adapters.recurrence import expand_rule
from domain.errors import KeyInUse, Unavailable
from domain.events import Event
from harness.installation import Installation
from storage.postgres.connections import make_engine
from storage.postgres.statements import Statement
from storage.postgres.tables import vocabulary
from storage.postgres.unit_of_work import PostgresUnitOfWork

WRITE = Event(actor="test", activity="test", target="test")
ADD = Statement(insert(vocabulary), "list", "code", "title", "title_en", "place")


def with_work(installation: Installation, test: Callable[[PostgresUnitOfWork], Awaitable[None]]) -> None:
    async def run() -> None:
        engine = make_engine(installation.environ["LANTOA_DATABASE_URL"], size=1)
        try:
            await test(PostgresUnitOfWork(engine, SystemClock(), SystemIds(), expand_rule))
        finally:
            await engine.dispose()

    asyncio.run(run())


async def known(work: PostgresUnitOfWork, code: str) -> bool:
    async with work:
        query = text("SELECT 1 FROM vocabulary WHERE code = :code").bindparams(bindparam("code", type_=Text))
        return await work.sql.row(query, code=code) is not None


def test_what_is_kept_for_later_goes_with_the_commit_and_only_with_it(installation: Installation) -> None:
    async def test(work: PostgresUnitOfWork) -> None:
        one, two, three = (uuid4().hex for _ in range(3))
        async with work:
            work.sql.defer(ADD, list="test", code=one, title="t", title_en="t", place=1)
        assert not await known(work, one)
        async with work:
            for code in (two, three):
                work.sql.defer(ADD, list="test", code=code, title="t", title_en="t", place=1)
            await work.commit(WRITE)
        assert await known(work, two)
        assert await known(work, three)

    with_work(installation, test)


def test_a_commit_whose_answer_was_lost_is_not_reported_as_success(installation: Installation) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error: the audit row finds it out."""

    async def test(work: PostgresUnitOfWork) -> None:
        code = uuid4().hex

        async def twice() -> None:
            async with work:
                await work.sql.run(ADD, list="test", code=code, title="t", title_en="t", place=1)
                with contextlib.suppress(asyncpg.UniqueViolationError):
                    await work.sql.run(ADD, list="test", code=code, title="t", title_en="t", place=1)
                await work.commit(WRITE)

        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await twice()
        assert not await known(work, code)

    with_work(installation, test)


def test_a_connection_that_was_cut_is_not_used_again(installation: Installation) -> None:
    async def test(work: PostgresUnitOfWork) -> None:
        async def cut() -> None:
            async with work:
                pid = (await work.connection()).get_server_pid()
                await asyncio.to_thread(installation.sql, "SELECT pg_terminate_backend($1, 5000)", pid)
                await work.vocabularies.codes()

        for _ in range(3):  # more than the pool holds
            with pytest.raises(Unavailable):
                await cut()
        assert not await known(work, "none")

    with_work(installation, test)


def test_a_cancelled_work_leaves_its_connection_clean(installation: Installation) -> None:
    async def test(work: PostgresUnitOfWork) -> None:
        code = uuid4().hex

        async def slow() -> None:
            async with work:
                await work.sql.run(ADD, list="test", code=code, title="t", title_en="t", place=1)
                await work.sql.row(text("SELECT pg_sleep(30)"))

        task = asyncio.create_task(slow())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await known(work, code)

    with_work(installation, test)


def test_of_two_requests_with_the_same_idempotency_key_only_the_first_commits(installation: Installation) -> None:
    """A request may run for longer than its key is reserved; another then runs beside it."""
    key, codes = uuid4().hex, [uuid4().hex for _ in range(2)]
    installation.sql(
        "INSERT INTO idempotency (actor, key, fingerprint, started_at) VALUES ('a', $1, '\\x00', now())", key
    )

    async def run() -> None:
        engine = make_engine(installation.environ["LANTOA_DATABASE_URL"], size=2)
        try:
            slow, fast = (
                PostgresUnitOfWork(engine, SystemClock(), SystemIds(), expand_rule, idempotency=("a", key))
                for _ in range(2)
            )
            async with slow:
                slow.sql.defer(ADD, list="test", code=codes[0], title="t", title_en="t", place=1)
                async with fast:
                    fast.sql.defer(ADD, list="test", code=codes[1], title="t", title_en="t", place=1)
                    await fast.commit(WRITE)
                with pytest.raises(KeyInUse):
                    await slow.commit(WRITE)
            async with fast:
                await fast.commit(WRITE)  # a request may commit more than once
            assert [await known(fast, code) for code in codes] == [False, True]
        finally:
            await engine.dispose()

    asyncio.run(run())
