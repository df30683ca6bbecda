"""Jobs of coordination: reminders, and series expanded further as time goes on."""

from datetime import timedelta

from domain.coordination.actions import activities, assignments
from domain.timing import HORIZON
from runtime.services import Services

ROLL_ON_AFTER = timedelta(days=7)
"""How old an expansion may be: three years ahead, less a week."""


async def remind(services: Services) -> None:
    await assignments.remind(services.work())


async def roll_on(services: Services) -> None:
    before = services.clock.now() + HORIZON - ROLL_ON_AFTER
    while await activities.roll_on(services.work(), before):
        pass
