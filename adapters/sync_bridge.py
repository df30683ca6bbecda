"""Running synchronous code that needs asynchronous stores: Authlib's core over the unit of work (decision 0004)."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.util import await_only, greenlet_spawn

T = TypeVar("T")


async def run_sync(core: Callable[[], T]) -> T:
    """Run `core` on this event loop; inside it `wait` suspends until an awaitable is done."""
    return await greenlet_spawn(core)


def wait(awaitable: Awaitable[T]) -> T:
    """Give the result of an awaitable, from synchronous code inside `run_sync`."""
    return await_only(awaitable)
