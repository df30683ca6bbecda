"""Those who wait for the same thing: one goes ahead, and none is left behind whatever becomes of that one."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from uuid import uuid4

from api.cache.waiters import Waiters
from harness.installation import finished

CHANNEL = uuid4()
MANY = 120


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        finished(test())

    return run


class Waiting:
    """Many waiters of a channel, and the order in which they looked. The first looks until the gate is open."""

    def __init__(self) -> None:
        self.waiters = Waiters()
        self.looked: list[int] = []
        self.gate = asyncio.Event()

    async def wait(self, number: int, until: float) -> None:
        waiter = self.waiters.join(CHANNEL, until)
        try:
            await waiter
            self.looked.append(number)
            if len(self.looked) == 1:
                await self.gate.wait()
        finally:
            self.waiters.leave(waiter, CHANNEL, until)

    async def gather(self, seconds: float = 20) -> list[Any]:
        until = asyncio.get_running_loop().time() + seconds
        tasks = [asyncio.create_task(self.wait(number, until)) for number in range(MANY)]
        await asyncio.sleep(0)
        return tasks


async def _turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@in_a_loop
async def test_one_looks_before_all_others() -> None:
    waiting = Waiting()
    tasks = await waiting.gather()
    waiting.waiters.wake(frozenset({CHANNEL}))
    await _turns()
    assert len(waiting.looked) == 1
    waiting.gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert sorted(waiting.looked) == list(range(MANY))


@in_a_loop
async def test_who_goes_ahead_may_go_away() -> None:
    waiting = Waiting()
    tasks = await waiting.gather()
    waiting.waiters.wake(None)
    await _turns()
    [ahead] = waiting.looked
    tasks[ahead].cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert sorted(waiting.looked) == list(range(MANY))


@in_a_loop
async def test_who_went_away_before_the_call_is_not_sent_ahead() -> None:
    waiting = Waiting()
    waiting.gate.set()
    tasks = await waiting.gather()
    for each in tasks[:-1]:
        each.cancel()
    waiting.waiters.wake(frozenset({CHANNEL}))
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert waiting.looked == [MANY - 1]


@in_a_loop
async def test_whose_time_is_up_does_not_wait_for_who_went_ahead() -> None:
    waiting = Waiting()
    tasks = await waiting.gather(0.3)
    waiting.waiters.wake(frozenset({CHANNEL}))
    async with asyncio.timeout(5):
        while len(waiting.looked) < MANY:
            await asyncio.sleep(0.01)
    assert sorted(waiting.looked) == list(range(MANY))
    waiting.gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
