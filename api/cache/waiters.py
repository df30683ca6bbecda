"""Long-poll waiters by channel, and single flight for identical requests.

Waiters wake a few at a time, so that new requests are not delayed. One wakes first and reads the news; the others then
find it in the cache.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

_BATCH = 50
"""Waiters woken in one turn of the event loop: about two milliseconds."""
_TICKS_PER_SECOND = 8
"""Resolution of deadlines."""
K = TypeVar("K")
Waiter = asyncio.Future[None]


def _tick(deadline: float) -> int:
    return math.ceil(deadline * _TICKS_PER_SECOND)


def _wake(waiter: Waiter) -> None:
    if not waiter.done():
        waiter.set_result(None)


class Waiters:
    """One future per waiter in two sets: at 5,000 waiters one more object each costs megabytes."""

    def __init__(self) -> None:
        self._by_channel: dict[UUID, set[Waiter]] = {}
        self._by_deadline: dict[int, set[Waiter]] = {}
        self._followers: dict[Waiter, list[Waiter]] = {}
        self._waking: set[asyncio.Task[None]] = set()

    def join(self, channel: UUID, deadline: float) -> Waiter:
        """A future that is done when the channel changes, or soon after `deadline` on the loop's clock."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        self._by_channel.setdefault(channel, set()).add(waiter)
        tick = _tick(deadline)
        if tick not in self._by_deadline:
            self._by_deadline[tick] = set()
            loop.call_at(tick / _TICKS_PER_SECOND, self._expire, tick)
        self._by_deadline[tick].add(waiter)
        return waiter

    def leave(self, waiter: Waiter, channel: UUID, deadline: float) -> None:
        """Called by everyone who joined, however it ended, after reading the news."""
        if (followers := self._followers.pop(waiter, None)) is not None:
            self.wake_all(followers)
        for waiters in (self._by_channel.get(channel), self._by_deadline.get(_tick(deadline))):
            if waiters:
                waiters.discard(waiter)

    def _expire(self, tick: int) -> None:
        self.wake_all(self._by_deadline.pop(tick))

    def wake(self, channels: frozenset[UUID] | None) -> None:
        """Wake the waiters of these channels; None: of all."""
        for channel in list(self._by_channel) if channels is None else channels:
            waiters = self._by_channel.pop(channel, None)
            if waiters:
                self._wake_first(waiters)

    def _wake_first(self, waiters: Iterable[Waiter]) -> None:
        """Wake one; the others when it has left."""
        waiting = (each for each in waiters if not each.done())
        if (first := next(waiting, None)) is not None:
            self._followers[first] = list(waiting)
            _wake(first)

    def wake_all(self, waiters: Iterable[Waiter]) -> None:
        """Wake these, a few at a time."""
        task = asyncio.get_running_loop().create_task(_wake_in_batches(list(waiters)))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)


async def _wake_in_batches(waiters: list[Waiter]) -> None:
    for start in range(0, len(waiters), _BATCH):
        for waiter in waiters[start : start + _BATCH]:
            _wake(waiter)
        await asyncio.sleep(0)


class SingleFlight(Generic[K]):
    """Requests in flight by key: identical requests wait for the one that asks."""

    def __init__(self, waiters: Waiters) -> None:
        self._waiters = waiters
        self._in_flight: dict[K, list[Waiter]] = {}

    async def once(self, key: K, ask: Callable[[], Awaitable[object]]) -> bool:
        """Run the request, or wait until the one in flight is done. True for the caller that ran it."""
        if (waiting := self._in_flight.get(key)) is not None:
            waiter: Waiter = asyncio.get_running_loop().create_future()
            waiting.append(waiter)
            await waiter
            return False
        self._in_flight[key] = []
        try:
            await ask()
        finally:
            self._waiters.wake_all(self._in_flight.pop(key))
        return True
