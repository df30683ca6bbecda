"""The background worker: one job that fails does not keep the others waiting."""

import asyncio
import logging
from typing import Any

import pytest

from domain.errors import NotReady, Unavailable
from jobs import worker
from jobs.schedule import Job


class _Settings:
    heartbeat = ""


class _Services:
    settings = _Settings()


def test_a_job_that_fails_unexpectedly_is_logged_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    async def broken(_: Any) -> None:
        ran.append("broken")
        raise RuntimeError("boom")

    async def refused(_: Any) -> None:
        ran.append("refused")
        raise NotReady(errors=[])

    async def good(_: Any) -> None:
        ran.append("good")

    jobs = tuple(Job(each.__name__, each, 0.5, "none") for each in (broken, refused, good))
    monkeypatch.setattr(worker, "SCHEDULE", jobs)
    with caplog.at_level(logging.INFO, "lantoa.worker"):
        asyncio.run(worker.Worker(_Services()).run_round())  # type: ignore[arg-type]
    assert ran == ["broken", "refused", "good"]
    assert "unexpected error" in caplog.text


def test_a_part_that_is_down_ends_the_round_and_the_job_runs_again_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []

    async def waits(_: Any) -> None:
        ran.append("waits")
        if len(ran) == 1:
            raise Unavailable(part="database")

    monkeypatch.setattr(worker, "SCHEDULE", (Job("daily", waits, 86_400, "none"),))
    made = worker.Worker(_Services())  # type: ignore[arg-type]

    async def rounds() -> None:
        with pytest.raises(Unavailable):
            await made.run_round()
        await made.run_round()
        await made.run_round()

    asyncio.run(rounds())
    assert ran == ["waits", "waits"]
