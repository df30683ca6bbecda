"""The unit of work: one transaction over all stores."""

from types import TracebackType
from typing import Protocol, Self

from domain.content.ports import Materials
from domain.coordination.ports import (
    Activities,
    Assignments,
    CalendarFeeds,
    Campaigns,
    Coverages,
    Inbox,
    Rosters,
)
from domain.distribution.ports import Channels, FeedEntries, Grants, Publications, Recipients, Takedowns
from domain.events import Event
from domain.identity.ports import (
    Assertions,
    AuthorizationCodes,
    Clients,
    Credentials,
    Devices,
    Invitations,
    Logins,
    Members,
    Organizations,
    RefreshTokens,
    Sessions,
    SigningKeys,
    Throttles,
)
from domain.media.ports import Assets, Uploads
from domain.outlets.ports import Bookings, Outlets, Placements, Slots
from domain.ports import Clock, Ids, Vocabularies
from domain.recurrence import RuleExpander


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit` rolls everything back."""

    clock: Clock
    ids: Ids
    expand_rule: RuleExpander
    vocabularies: Vocabularies
    organizations: Organizations
    members: Members
    invitations: Invitations
    clients: Clients
    credentials: Credentials
    logins: Logins
    sessions: Sessions
    authorization_codes: AuthorizationCodes
    refresh_tokens: RefreshTokens
    devices: Devices
    assertions: Assertions
    throttles: Throttles
    signing_keys: SigningKeys
    assets: Assets
    uploads: Uploads
    materials: Materials
    publications: Publications
    channels: Channels
    grants: Grants
    feed_entries: FeedEntries
    takedowns: Takedowns
    recipients: Recipients
    outlets: Outlets
    slots: Slots
    bookings: Bookings
    placements: Placements
    campaigns: Campaigns
    activities: Activities
    coverages: Coverages
    assignments: Assignments
    inbox: Inbox
    calendar_feeds: CalendarFeeds
    rosters: Rosters

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def record(self, event: Event) -> None:
        """Keep an event for the commit."""
        ...

    async def commit(self, *events: Event) -> None:
        """Run the reactions to all events, write an audit row for each, then the feed entries under the feed lock.

        Ends with NOTIFY and COMMIT. The unit of work may be entered again afterwards.
        """
        ...
