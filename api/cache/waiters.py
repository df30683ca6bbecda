"""Many that wait for the same thing: woken a few at a time, so that whoever has just come in is not kept waiting.

One goes ahead: it looks what there is, and the others find it remembered.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

_AT_ONCE = 50
"""So many are woken in one turn of the event loop: about two milliseconds."""
_TICKS = 8
"""In a second: so often is looked whose time is up."""
K = TypeVar("K")
Sleeper = asyncio.Future[None]


def _tick(until: float) -> int:
    return math.ceil(until * _TICKS)


def _wake(sleeper: Sleeper) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class Crowd:
    """Sleepers, by the channel they wait for. Each is one future in two sets: a thing more is megabytes."""

    def __init__(self) -> None:
        self._sleepers: dict[UUID, set[Sleeper]] = {}
        self._due: dict[int, set[Sleeper]] = {}
        self._behind: dict[Sleeper, list[Sleeper]] = {}
        self._waking: set[asyncio.Task[None]] = set()

    def join(self, channel: UUID, until: float) -> Sleeper:
        """A future that is done when the channel is called, or soon after a time of the loop's clock."""
        loop = asyncio.get_running_loop()
        sleeper: Sleeper = loop.create_future()
        self._sleepers.setdefault(channel, set()).add(sleeper)
        tick = _tick(until)
        if tick not in self._due:
            self._due[tick] = set()
            loop.call_at(tick / _TICKS, self._time_is_up, tick)
        self._due[tick].add(sleeper)
        return sleeper

    def leave(self, sleeper: Sleeper, channel: UUID, until: float) -> None:
        """Called by everybody who joined, however it ended, after looking what there is."""
        if (behind := self._behind.pop(sleeper, None)) is not None:
            self.rouse(behind)
        for sleepers in (self._sleepers.get(channel), self._due.get(_tick(until))):
            if sleepers:
                sleepers.discard(sleeper)

    def _time_is_up(self, tick: int) -> None:
        self.rouse(self._due.pop(tick))

    def wake(self, channels: frozenset[UUID] | None) -> None:
        """Call channels; None: all of them."""
        for channel in list(self._sleepers) if channels is None else channels:
            sleepers = self._sleepers.pop(channel, None)
            if sleepers:
                self._send_ahead(sleepers)

    def _send_ahead(self, sleepers: Iterable[Sleeper]) -> None:
        """Wake the first; the others when it has left."""
        waiting = (each for each in sleepers if not each.done())
        if (first := next(waiting, None)) is not None:
            self._behind[first] = list(waiting)
            _wake(first)

    def rouse(self, sleepers: Iterable[Sleeper]) -> None:
        """Wake these, a few at a time."""
        task = asyncio.get_running_loop().create_task(_one_after_another(list(sleepers)))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)


async def _one_after_another(sleepers: list[Sleeper]) -> None:
    for start in range(0, len(sleepers), _AT_ONCE):
        for sleeper in sleepers[start : start + _AT_ONCE]:
            _wake(sleeper)
        await asyncio.sleep(0)


class Flights(Generic[K]):
    """Questions under way: who has the same question waits for the one answer."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._under_way: dict[K, list[Sleeper]] = {}

    async def once(self, key: K, ask: Callable[[], Awaitable[object]]) -> bool:
        """Ask, or wait until the one who asks has the answer. True for the one who asked."""
        if (waiting := self._under_way.get(key)) is not None:
            sleeper: Sleeper = asyncio.get_running_loop().create_future()
            waiting.append(sleeper)
            await sleeper
            return False
        self._under_way[key] = []
        try:
            await ask()
        finally:
            self._crowd.rouse(self._under_way.pop(key))
        return True
