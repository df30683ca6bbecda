"""Jobs of coordination: reminders, series expanded further as time goes on, old cancellations left out of them."""

from datetime import timedelta

from domain.coordination.actions import assignments, series
from domain.timing import HORIZON
from runtime.services import Services

ROLL_ON_AFTER = timedelta(days=7)
"""How old an expansion may be: three years ahead, less a week."""


async def remind(services: Services) -> None:
    await assignments.remind(services.work())


async def roll_on(services: Services) -> None:
    before = services.clock.now() + HORIZON - ROLL_ON_AFTER
    while await series.roll_on(services.work(), before):
        pass
    while await series.leave_out_cancelled(services.work()):
        pass
