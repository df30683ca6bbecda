"""Hearing of commits: one LISTEN connection per process, and a poll every two seconds in case it is deaf."""

import asyncio
import contextlib
import logging
from uuid import UUID

import asyncpg

from storage.database import parse_url
from storage.work import FEED_NOTIFY

SAFETY_SECONDS = 2.0
_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0)
log = logging.getLogger("lantoa.watcher")


class FeedWatcher:
    """Lets long polls sleep until their channel changes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._wake(None)

    @contextlib.contextmanager
    def watching(self, channel_id: UUID):  # type: ignore[no-untyped-def]  # noqa: ANN201
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
        for text in str(payload).split(","):
            self._wake(UUID(text))

    def _wake(self, channel_id: UUID | None) -> None:
        chosen = list(self._waiting) if channel_id is None else [channel_id]
        for each in chosen:
            for event in self._waiting.get(each, ()):
                event.set()

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(**parse_url(self._url), timeout=2)
                try:
                    await connection.add_listener(FEED_NOTIFY, self._heard)
                    failures = 0
                    self._wake(None)  # whatever was committed while nobody listened
                    while not connection.is_closed():
                        await asyncio.sleep(SAFETY_SECONDS)
                        await connection.execute("SELECT 1", timeout=2)
                finally:
                    connection.terminate()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("listen lost: %s", type(error).__name__)
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1


async def until(event: asyncio.Event, seconds: float) -> None:
    """Sleep until `event`, at most `seconds`."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
