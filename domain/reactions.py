"""What happens further up when something happens below: event type → handlers, run in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.content.actions import materials
from domain.distribution.actions import grants, takedowns
from domain.events import Event, GrantRevoked, MaterialTakenDown, OrganizationSucceeded
from domain.media.actions import uploads
from domain.unit_of_work import UnitOfWork

Handler = Callable[[UnitOfWork, Any], Awaitable[None]]

REACTIONS: dict[type[Event], tuple[Handler, ...]] = {
    OrganizationSucceeded: (uploads.hand_over, materials.hand_over, grants.hand_over, takedowns.hand_over),
    GrantRevoked: (takedowns.open_for_lost_channel,),
    MaterialTakenDown: (takedowns.open_for_material,),
}


async def react(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Run the handlers of these events, in the order of the table. Called by `commit` of every unit of work."""
    for event in events:
        for handler in REACTIONS.get(type(event), ()):
            await handler(work, event)
