"""The worker: what the clock asks for. It reads state, not a queue, so nothing can be lost (docs/decisions/0003)."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import SystemClock, SystemIds
from adapters.markup import SafeMarkup
from domain.distribution.actions import publications, takedowns
from domain.distribution.actions.publications import Press
from domain.errors import NotFound, Refusal, StaleVersion, Unavailable
from domain.media.actions import uploads
from jobs.retention import purge
from runtime.settings import Settings
from storage.audit.trail import seal
from storage.identity.signing_keys import REFRESH_SECONDS, load_keys
from storage.objects.reconcile import reconcile
from storage.objects.store import ObjectStore
from storage.postgres.connections import WORKER, make_engine, make_pool
from storage.postgres.schema import check_schema
from storage.postgres.unit_of_work import Work

log = logging.getLogger("lantoa.worker")
TICK_SECONDS = 0.5
"""Embargo and expiry are kept to the second."""
HOURLY = 3600.0
DAILY = 24 * HOURLY


class Worker:
    """Any number of these may run: every step is a transaction that checks what it finds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.ids = SystemIds()
        self._next_hourly = 0.0
        self._next_keys = 0.0
        self._next_daily = time.monotonic() + HOURLY  # not while everything starts
        self.engine: AsyncEngine
        self.pool: asyncpg.Pool

    async def open(self) -> None:
        self.engine = make_engine(self.settings.database_url, size=2, name=WORKER)
        await check_schema(self.engine)
        self.pool = await make_pool(self.settings.database_url, size=2)
        self.objects = ObjectStore(self.settings)
        self.keys = await load_keys(self.engine, self.settings.secret_key, self.clock)
        self.press = Press(SafeMarkup(), self.keys)

    async def close(self) -> None:
        await self.pool.close()
        await self.engine.dispose()

    def work(self) -> Work:
        return Work(self.engine, self.clock, self.ids)

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop`. A part that is down is waited for. The heartbeat file tells that rounds are made."""
        while not stop.is_set():
            try:
                await self.tick()
            except Unavailable as error:
                log.warning("waiting for %s", error.facts.get("part"))
            if self.settings.heartbeat:
                Path(self.settings.heartbeat).touch()  # noqa: ASYNC240 -- on a temporary file system
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK_SECONDS)

    async def tick(self) -> None:
        """One round: due materials, changed channel rules, late recipients; once an hour what may be forgotten."""
        if time.monotonic() >= self._next_keys:
            self._next_keys = time.monotonic() + REFRESH_SECONDS
            await self.keys.refresh()
        for material_id in await self._due():
            await self._attempt(f"material {material_id}", self._run_due(material_id))
        for slug in await self._rerouting():
            await self._attempt(f"channel {slug}", self._reroute(slug))
        await takedowns.extend(self.work())
        await seal(self.pool)
        if time.monotonic() >= self._next_hourly:
            self._next_hourly = time.monotonic() + HOURLY
            await self._attempt("uploads", lambda: uploads.sweep(self.work(), self.objects))
            await self._attempt("retention", lambda: purge(self.pool, self.clock.now()))
        if time.monotonic() >= self._next_daily:
            self._next_daily = time.monotonic() + DAILY
            await self._attempt("objects", self._reconcile)

    async def _reconcile(self) -> None:
        found = await reconcile(self.engine, self.objects)
        await self.objects.remove(found.removable)
        if not found.sound:
            log.error("objects are missing or cut: lantoa audit objects (%s)", found.missing + found.wrong_size)

    async def _due(self) -> list[UUID]:
        async with self.work() as work:
            return await work.materials.due(self.clock.now(), 100)

    async def _rerouting(self) -> list[str]:
        async with self.work() as work:
            return [channel.slug for channel in await work.channels.all() if channel.rerouting_from is not None]

    def _run_due(self, material_id: UUID) -> Callable[[], Awaitable[object]]:
        return lambda: publications.run_due(self.work(), self.press, material_id)

    def _reroute(self, slug: str) -> Callable[[], Awaitable[object]]:
        return lambda: publications.reroute(self.work(), slug)

    async def _attempt(self, name: str, step: Callable[[], Awaitable[object]]) -> None:
        """One thing that cannot be done must not keep the others waiting."""
        try:
            await step()
        except Unavailable:
            raise
        except (StaleVersion, NotFound):
            log.info("%s: somebody else was faster", name)
        except Refusal as error:
            log.warning("%s: %s %s", name, error.code, error.facts)
