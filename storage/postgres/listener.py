"""Hearing of commits: one LISTEN connection per process, and a look for oneself every second in case it is deaf.

Whoever remembers anything that is read from the feed is told here when it may no longer be true.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import asyncpg
import msgspec

from domain.errors import Unavailable
from storage.postgres.connections import LOST, parse_url, reading
from storage.postgres.unit_of_work import FEED_NOTIFY

LOOK_SECONDS = 1.0
TRUSTED_SECONDS = 2.5
"""So long after a look what is remembered may be used; without a database nothing is remembered for longer."""
_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0)
_STATE = """
SELECT f.epoch, f.access,
       (SELECT coalesce(json_object_agg(c.id, e.head), '{}')::text
          FROM channels c, LATERAL (SELECT coalesce(max(seq), 0) AS head FROM entries WHERE channel_id = c.id) e
       ) AS heads
  FROM feed_epoch f
"""
Heard = Callable[[frozenset[UUID] | None], None]
"""Told which channels' feeds have moved; None: anything may be different, also who may read what."""
log = logging.getLogger("lantoa.watcher")


class _State(msgspec.Struct, frozen=True):
    epoch: str
    access: int
    heads: dict[UUID, int]


_read_heads = msgspec.json.Decoder(dict[UUID, int]).decode


class FeedWatcher:
    """Tells of changes to the feed, its channels and its grants."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool
        self._tell: list[Heard] = []
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._state: _State | None = None
        self.trusted_until = 0.0
        """On the monotonic clock; beyond it nothing that is remembered is known to be true."""

    async def start(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        with contextlib.suppress(Unavailable):
            await self._look()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_looking())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.changed(None)

    def tell(self, heard: Heard) -> None:
        """Call `heard` at every change from now on."""
        self._tell.append(heard)

    def changed(self, channels: frozenset[UUID] | None) -> None:
        """Pass on that channels have moved; None: anything may be different."""
        for heard in self._tell:
            heard(channels)
        for channel_id in list(self._waiting) if channels is None else channels:
            for event in self._waiting.get(channel_id, ()):
                event.set()

    @contextlib.contextmanager
    def watching(self, channel_id: UUID) -> Iterator[asyncio.Event]:
        """Register before looking, so that no commit falls between the look and the sleep."""
        event = asyncio.Event()
        self._waiting.setdefault(channel_id, set()).add(event)
        try:
            yield event
        finally:
            events = self._waiting[channel_id]
            events.discard(event)
            if not events:
                del self._waiting[channel_id]

    def _heard(self, _connection: object, _pid: int, _name: str, payload: object) -> None:
        text = str(payload)
        self.changed(None if text == "*" else frozenset(UUID(each) for each in text.split(",")))

    async def _look(self) -> None:
        """Compare with what was seen at the last look; a notification that was missed is made good."""
        began = time.monotonic()
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_STATE, timeout=TRUSTED_SECONDS)
        assert row is not None
        seen, before = _State(row["epoch"], row["access"], _read_heads(row["heads"])), self._state
        self._state = seen
        if before is None or (before.epoch, before.access) != (seen.epoch, seen.access):
            self.changed(None)
        elif moved := {each for each, head in seen.heads.items() if before.heads.get(each) != head}:
            self.changed(frozenset(moved))
        self.trusted_until = began + TRUSTED_SECONDS

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("cannot look for changes: %s", type(error).__name__)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(**parse_url(self._url), timeout=2)
                try:
                    await connection.add_listener(FEED_NOTIFY, self._heard)
                    failures = 0
                    self.changed(None)  # whatever was committed while nobody listened
                    while not connection.is_closed():
                        await asyncio.sleep(LOOK_SECONDS)
                        await connection.execute("SELECT 1", timeout=2)
                finally:
                    connection.terminate()
            except (*LOST, asyncpg.PostgresError) as error:
                log.warning("listen lost: %s", type(error).__name__)
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1
