"""Outlets: where material appears, and the recurring slots that an outlet keeps for it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.content.content import Kind, Language, ShortText
from domain.noun import Noun
from domain.timing import DEFAULT_ZONE, Timing, Zone

OutletKind = Literal[
    "fm_frequency",
    "loudspeaker_network",
    "tv_slot",
    "newspaper_section",
    "website",
    "facebook_page",
    "zalo_oa",
    "sms_sender",
    "notice_board",
    "classroom",
]
MAX_SLOT_SECONDS = 24 * 3600
MAX_SLOTS = 50


class FrequencyCap(Noun, frozen=True, kw_only=True):
    """The same material at most `count` times within any `days` days."""

    count: Annotated[int, Meta(ge=1, le=1000)]
    days: Annotated[int, Meta(ge=1, le=366)]


class OutletProfile(Noun, frozen=True, kw_only=True):
    """What an organization says of its outlet. Empty lists of languages and kinds mean any.

    `place_id`: the organization of the tree that the outlet serves. `contact_role`: an office, never a person's name.
    """

    kind: OutletKind
    name: ShortText
    address: Annotated[str, Meta(max_length=300, examples=["FM 92,3 MHz"])] = ""
    place_id: UUID | None = None
    zone: Zone = DEFAULT_ZONE
    languages: Annotated[tuple[Language, ...], Meta(max_length=4)] = ()
    accepts: Annotated[tuple[Kind, ...], Meta(max_length=13)] = ()
    longest_seconds: Annotated[int, Meta(ge=1, le=MAX_SLOT_SECONDS)] | None = None
    estimated_reach: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    contact_role: Annotated[str, Meta(max_length=120, examples=["Ban biên tập"])] = ""
    frequency_cap: FrequencyCap | None = None


class Outlet(Noun, frozen=True, kw_only=True):
    """A concrete place where an organization publishes or airs."""

    id: UUID
    owner_id: UUID
    profile: OutletProfile
    active: bool = True
    created_at: datetime
    updated_at: datetime
    revision: int = 1


class SlotPlan(Noun, frozen=True, kw_only=True):
    """A recurring window of an outlet, in the outlet's zone. Empty lists mean whatever the outlet accepts."""

    title: ShortText
    timing: Timing
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=13)] = ()
    languages: Annotated[tuple[Language, ...], Meta(max_length=4)] = ()


class Slot(Noun, frozen=True, kw_only=True):
    """`removed_at`: no booking may use it from then on."""

    id: UUID
    outlet_id: UUID
    plan: SlotPlan
    removed_at: datetime | None = None
    revision: int = 1
