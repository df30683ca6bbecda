"""The background worker: runs the schedule. It reads state, not a queue, so nothing can be lost (decision 0003)."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path

from domain.errors import Unavailable
from jobs.attempts import attempt
from jobs.schedule import ROUND_SECONDS, SCHEDULE, Job
from runtime.services import Services

log = logging.getLogger("lantoa.worker")


class Worker:
    """Any number of these may run: every job is made of transactions that check what they find."""

    def __init__(self, services: Services) -> None:
        self._services = services
        now = time.monotonic()
        self._next: dict[Job, float] = {job: now + job.first_after_seconds for job in SCHEDULE}

    async def run(self, stop: asyncio.Event) -> None:
        """Run rounds until `stop`. While a part is down the round waits for it.

        The heartbeat file is touched after every round.
        """
        heartbeat = self._services.settings.heartbeat
        while not stop.is_set():
            try:
                await self.run_round()
            except Unavailable as error:
                log.warning("waiting for %s", error.facts.get("part"))
            if heartbeat:
                Path(heartbeat).touch()  # noqa: ASYNC240 -- on a temporary file system
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), ROUND_SECONDS)

    async def run_round(self) -> None:
        """Run every job that is due, in the order of the schedule."""
        for job in SCHEDULE:
            now = time.monotonic()
            if now >= self._next[job]:
                await attempt(job.name, job.run(self._services))
                self._next[job] = now + job.every_seconds if job.every_seconds > ROUND_SECONDS else now
