"""What happens further up when something happens below: event type → handlers, run in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.content.actions import materials
from domain.coordination.actions import (
    activities,
    assignments,
    calendar_feeds,
    campaigns,
    coverages,
    inbox,
    rosters,
)
from domain.distribution.actions import grants, takedowns
from domain.events import (
    ActivityStopped,
    BookingCancelled,
    BookingMade,
    CampaignCancelled,
    Event,
    GrantRevoked,
    MaterialTakenDown,
    MemberErased,
    OrganizationSucceeded,
    SeriesCut,
    TakedownOpened,
)
from domain.media.actions import uploads
from domain.outlets.actions import bookings, outlets
from domain.unit_of_work import UnitOfWork

Handler = Callable[[UnitOfWork, Any], Awaitable[None]]

REACTIONS: dict[type[Event], tuple[Handler, ...]] = {
    OrganizationSucceeded: (
        uploads.hand_over,
        materials.hand_over,
        grants.hand_over,
        takedowns.hand_over,
        outlets.hand_over,
        campaigns.hand_over,
        activities.hand_over,
        assignments.hand_over,
        inbox.hand_over,
        calendar_feeds.hand_over,
    ),
    MemberErased: (calendar_feeds.revoke_of_member, rosters.forget_member),
    GrantRevoked: (takedowns.open_for_lost_channel,),
    MaterialTakenDown: (takedowns.open_for_material, bookings.cancel_of_material, coverages.cancel_of_material),
    TakedownOpened: (inbox.add_takedown,),
    BookingMade: (activities.check_booked,),
    BookingCancelled: (inbox.add_cancelled_booking,),
    ActivityStopped: (bookings.cancel_of_activity, coverages.cancel_of_activity, assignments.cancel_of_activity),
    SeriesCut: (bookings.follow_cut,),
    CampaignCancelled: (activities.cancel_of_campaign,),
}


async def react(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Run the handlers of these events, in the order of the table. Called by `commit` of every unit of work."""
    for event in events:
        for handler in REACTIONS.get(type(event), ()):
            await handler(work, event)
