"""Many that wait for the same thing: woken a few at a time, so that whoever has just come in is not kept waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

_AT_ONCE = 50
"""So many are woken in one turn of the event loop: about two milliseconds."""
K = TypeVar("K")


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class Crowd:
    """Sleepers, by the channel they wait for. Each is one future."""

    def __init__(self) -> None:
        self._sleepers: dict[UUID, set[asyncio.Future[None]]] = {}
        self._waking: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many sleep."""
        return sum(map(len, self._sleepers.values()))

    def sleeper(self, channel: UUID, until: float) -> asyncio.Future[None]:
        """A future that is done when the channel is called, or at a time of the loop's clock."""
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        sleepers = self._sleepers.setdefault(channel, set())
        sleepers.add(sleeper)
        timer = loop.call_at(until, _wake, sleeper)

        def over(done: asyncio.Future[None]) -> None:
            timer.cancel()
            sleepers.discard(done)

        sleeper.add_done_callback(over)
        return sleeper

    def wake(self, channels: frozenset[UUID] | None) -> None:
        """Call channels; None: all of them."""
        for channel in list(self._sleepers) if channels is None else channels:
            sleepers = self._sleepers.pop(channel, None)
            if sleepers:
                self.rouse(sleepers)

    def rouse(self, sleepers: Iterable[asyncio.Future[None]]) -> None:
        """Wake these, a few at a time."""
        task = asyncio.get_running_loop().create_task(_one_after_another(list(sleepers)))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)


async def _one_after_another(sleepers: list[asyncio.Future[None]]) -> None:
    for start in range(0, len(sleepers), _AT_ONCE):
        for sleeper in sleepers[start : start + _AT_ONCE]:
            _wake(sleeper)
        await asyncio.sleep(0)


class Flights(Generic[K]):
    """Questions under way: who has the same question waits for the one answer."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._under_way: dict[K, list[asyncio.Future[None]]] = {}

    async def once(self, key: K, ask: Callable[[], Awaitable[object]]) -> bool:
        """Ask, or wait until the one who asks has the answer. True for the one who asked."""
        if (waiting := self._under_way.get(key)) is not None:
            sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting.append(sleeper)
            await sleeper
            return False
        self._under_way[key] = []
        try:
            await ask()
        finally:
            self._crowd.rouse(self._under_way.pop(key))
        return True
