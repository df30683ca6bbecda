"""Free ranges: when an outlet has time for a booking."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.actor import Actor
from domain.outlets.booking import Window, windows
from domain.outlets.outlet import Outlet
from domain.permissions import check_owned
from domain.unit_of_work import UnitOfWork

MAX_FREE = 50


async def find(work: UnitOfWork, outlet: Outlet, start: datetime, end: datetime, length: timedelta) -> list[Window]:
    """Ranges inside the outlet's slots that are free for at least `length`, by start."""
    if start >= end:
        return []
    slots = list(await work.slots.list_of_outlet(outlet.id))
    taken = await work.bookings.list_between(outlet.id, start, end)
    free: list[Window] = []
    for window in windows(slots, start, end, work.expand_rule):
        here = max(window.starts_at, start)
        for each in [*taken, None]:
            until = min(window.ends_at, each.starts_at) if each else window.ends_at
            if until - here >= length:
                free.append(Window(slot=window.slot, starts_at=here, ends_at=until))
            if each is not None:
                here = max(here, each.ends_at)
    return sorted(free, key=lambda window: window.starts_at)[:MAX_FREE]


async def list_of_outlet(
    work: UnitOfWork, actor: Actor, outlet_id: UUID, start: datetime, end: datetime, length: timedelta
) -> list[Window]:
    """Free ranges of an outlet that the actor sees."""
    async with work:
        outlet = await work.outlets.get(outlet_id)
        check_owned(actor, "outlet.read", outlet.owner_id)
        return await find(work, outlet, max(start, work.clock.now()), end, length)
