"""Notifications of commits: one LISTEN connection per process, and a safety poll every second.

Caches subscribe here to learn when what they hold may be out of date.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from uuid import UUID

import asyncpg
import msgspec

from domain.errors import Unavailable
from storage.postgres.connections import LOST, parse_url, reading
from storage.postgres.unit_of_work import CALENDAR, ChangedChannels

FEED_NOTIFY = "feed"
POLL_SECONDS = 1.0
TRUSTED_SECONDS = 2.5
"""How long after a successful poll cached responses may be used; without a database nothing is used for longer."""
_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0)
_STATE = """
SELECT f.epoch, f.access, (SELECT last_value FROM calendar_changes) AS calendar,
       (SELECT coalesce(json_object_agg(c.id, e.head), '{}')::text
          FROM channels c, LATERAL (SELECT coalesce(max(seq), 0) AS head FROM entries WHERE channel_id = c.id) e
       ) AS heads
  FROM feed_epoch f
"""
log = logging.getLogger("lantoa.listener")


class _State(msgspec.Struct, frozen=True):
    epoch: str
    access: int
    heads: dict[UUID, int]
    calendar: int


_read_heads = msgspec.json.Decoder(dict[UUID, int]).decode


class FeedListener:
    """Notifies subscribers of changes to feeds, channels and grants."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool
        self._subscribers: list[Callable[[ChangedChannels], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._state: _State | None = None
        self.trusted_until = 0.0
        """On the monotonic clock; after it no cached response may be used."""

    async def start(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        with contextlib.suppress(Unavailable):
            await self._poll()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_polling())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.notify(None)

    def subscribe(self, subscriber: Callable[[ChangedChannels], None]) -> None:
        """Call `subscriber` at every change from now on."""
        self._subscribers.append(subscriber)

    def notify(self, channels: ChangedChannels) -> None:
        """Tell the subscribers which channels have moved; None: anything may be different."""
        if channels:
            channels |= {CALENDAR}  # calendars bear the titles of what is published
        for subscriber in self._subscribers:
            subscriber(channels)

    def _on_notification(self, _connection: object, _pid: int, _name: str, payload: object) -> None:
        text = str(payload)
        self.notify(None if text == "*" else frozenset(UUID(each) for each in text.split(",")))

    async def _poll(self) -> None:
        """Compare epoch, access and heads with the last poll: a missed notification is made up for."""
        began = time.monotonic()
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_STATE, timeout=TRUSTED_SECONDS)
        assert row is not None
        heads = _read_heads(row["heads"])
        seen, before = _State(row["epoch"], row["access"], heads, row["calendar"]), self._state
        self._state = seen
        if before is None or (before.epoch, before.access) != (seen.epoch, seen.access):
            self.notify(None)
        else:
            moved = {each for each, head in seen.heads.items() if before.heads.get(each) != head}
            if before.calendar != seen.calendar:
                moved.add(CALENDAR)
            if moved:
                self.notify(frozenset(moved))
        self.trusted_until = began + TRUSTED_SECONDS

    async def _keep_polling(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._poll()
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("cannot poll for changes: %s", type(error).__name__)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(**parse_url(self._url), timeout=2)
                try:
                    await connection.add_listener(FEED_NOTIFY, self._on_notification)
                    failures = 0
                    self.notify(None)  # for commits before LISTEN
                    while not connection.is_closed():
                        await asyncio.sleep(POLL_SECONDS)
                        await connection.execute("SELECT 1", timeout=2)
                finally:
                    connection.terminate()
            except (*LOST, asyncpg.PostgresError) as error:
                log.warning("listen lost: %s", type(error).__name__)
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1
