"""Domain events: what an action did. Each becomes one audit row; its type decides who reacts and what caches drop."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.occurrences import Occurrence

CLOCK = "clock"
"""The actor's name in history and audit when the background worker acts."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`actor` did `activity` to `target`; all three go into the audit trail with `detail`.

    `target` reads `<noun>:<id>`. `detail` holds no secret and no personal data.
    """

    actor: str
    activity: str
    target: str
    detail: dict[str, object] = {}

    changes_access: ClassVar[bool] = False
    """Whether who may read what may be different now: caches then drop everything."""
    changes_calendar: ClassVar[bool] = False
    """Whether calendars may look different now."""


class AccessChanged(Event, frozen=True, kw_only=True):
    """A channel, a grant or an organization changed."""

    changes_access: ClassVar[bool] = True


class GrantRevoked(AccessChanged, frozen=True, kw_only=True):
    """An organization may no longer pull a channel."""

    channel_id: UUID
    organization_id: UUID


class OrganizationSucceeded(AccessChanged, frozen=True, kw_only=True):
    """`successor_id` takes the place of `leaving_id` from `at` on."""

    leaving_id: UUID
    successor_id: UUID
    at: datetime


class MemberErased(Event, frozen=True, kw_only=True):
    """A person has left for good: what names the person goes."""

    changes_calendar: ClassVar[bool] = True
    member_id: UUID
    at: datetime


class MaterialTakenDown(Event, frozen=True, kw_only=True):
    """A published material was withdrawn or killed; `note` is public."""

    material_id: UUID
    reason: Literal["killed", "withdrawn"]
    note: str


class TakedownOpened(Event, frozen=True, kw_only=True):
    """These organizations must remove a material or their copy of a channel."""

    takedown_id: UUID
    organization_ids: tuple[UUID, ...]


class CalendarChanged(Event, frozen=True, kw_only=True):
    """A campaign, an activity, an assignment, an outlet or a booking changed."""

    changes_calendar: ClassVar[bool] = True


class BookingMade(CalendarChanged, frozen=True, kw_only=True):
    """A booking names an activity; `organization_id`: of whoever books (None: sees every activity)."""

    activity_id: UUID
    organization_id: UUID | None


class BookingCancelled(CalendarChanged, frozen=True, kw_only=True):
    """A booking was cancelled by something that happened elsewhere."""

    booking_id: UUID
    organization_id: UUID
    reason: str


class ActivityStopped(CalendarChanged, frozen=True, kw_only=True):
    """An activity does not take place, or of a series what lies between `since` and `until`."""

    activity_id: UUID
    since: datetime | None = None
    until: datetime | None = None
    reason: Literal["activity_cancelled", "activity_postponed"]


class SeriesCut(CalendarChanged, frozen=True, kw_only=True):
    """A series was cut in two: what was planned for occurrences of the second half belongs to it."""

    activity_id: UUID
    second_id: UUID
    first: Sequence[Occurrence]
    second: Sequence[Occurrence]


class CampaignCancelled(CalendarChanged, frozen=True, kw_only=True):
    """A campaign was cancelled, and with it what is open in it."""

    campaign_id: UUID
