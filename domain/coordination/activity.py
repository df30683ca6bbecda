"""Activities: what is done where and when, once or as a series, and what came of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

from msgspec import Meta
from msgspec.structs import replace

from domain.content.content import ShortText
from domain.coordination.campaign import Audiences, Organizations, Tasks, Topics
from domain.errors import FieldError, InvalidContent
from domain.lifecycle import Transitions
from domain.noun import Noun
from domain.timing import MAX_EXCLUDED, Override, Timing

ActivityKind = Literal[
    "broadcast",
    "press_column",
    "online_column",
    "training_class",
    "contest",
    "game_show",
    "seminar",
    "poster_drive",
    "sms_blast",
    "school_programme",
    "loudspeaker_patrol",
    "publication",
    "guidance",
    "other",
]
ActivityState = Literal["planned", "confirmed", "done", "cancelled", "postponed"]
ActivityAction = Literal["confirm", "complete", "cancel", "postpone", "resume"]
EditScope = Literal["this", "this_and_following", "all"]
MAX_OVERRIDES = 400
OPEN: frozenset[ActivityState] = frozenset({"planned", "confirmed", "postponed"})
_STANDING: frozenset[ActivityState] = frozenset({"planned", "confirmed"})
TRANSITIONS: Transitions[ActivityAction, ActivityState] = {
    "confirm": (frozenset({"planned"}), "confirmed"),
    "complete": (_STANDING, "done"),
    "cancel": (OPEN, "cancelled"),
    "postpone": (_STANDING, "postponed"),
    "resume": (frozenset({"postponed"}), "planned"),
}
Count = Annotated[int, Meta(ge=0, le=10**9)]


class ActivityPlan(Noun, frozen=True, kw_only=True):
    """The editable part of an activity. `place_ids`: organizations of the tree (districts, communes) it is for.

    `participant_ids`: organizations that take part beside the owner.
    """

    kind: ActivityKind
    title: ShortText
    summary: Annotated[str, Meta(max_length=2000)] = ""
    campaign_id: UUID | None = None
    timing: Timing
    location: Annotated[str, Meta(max_length=200)] = ""
    place_ids: Annotated[tuple[UUID, ...], Meta(max_length=50)] = ()
    participant_ids: Organizations = ()
    topics: Topics = ()
    audiences: Audiences = ()
    tasks: Tasks = ()
    expected_size: Count | None = None


class Evidence(Noun, frozen=True, kw_only=True):
    """A proof: an address, or an uploaded file."""

    url: Annotated[str, Meta(max_length=500, pattern=r"\Ahttps?://[^\s]+\Z")] | None = None
    asset_id: UUID | None = None


class Results(Noun, frozen=True, kw_only=True):
    """What came of an activity, in numbers; of contests too, never names."""

    attendance: Count | None = None
    reach: Count | None = None
    entries: Count | None = None
    winners: Count | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=20)] = ()


class Activity(Noun, frozen=True, kw_only=True):
    """`cancelled_at`: since when it does not take place, cancelled or postponed. `split_from`: the series it continues.

    `external_uid`: the UID of the calendar entry that it was imported from.
    """

    id: UUID
    owner_id: UUID
    plan: ActivityPlan
    state: ActivityState = "planned"
    overrides: tuple[Override, ...] = ()
    results: Results | None = None
    note: str = ""
    cancelled_at: datetime | None = None
    split_from: UUID | None = None
    external_uid: str | None = None
    created_at: datetime
    updated_at: datetime
    revision: int = 1


class OccurrenceChange(Noun, frozen=True, kw_only=True):
    """How one occurrence of a series differs. Absent fields stay as the series has them."""

    start: str | None = None
    end: str | None = None
    title: ShortText | None = None
    location: Annotated[str, Meta(max_length=200)] | None = None


def added_uid(activity_id: UUID, recurrence_id: str) -> UUID:
    """The UID of an occurrence beside the rule: an entry of its own in iCalendar, for not every program reads RDATE."""
    return uuid5(activity_id, recurrence_id)


def override_at(activity: Activity, recurrence_id: str) -> Override:
    """How an occurrence differs; an empty override when it does not."""
    found = (o for o in activity.overrides if o.recurrence_id == recurrence_id)
    return next(found, Override(recurrence_id=recurrence_id))


def overridden(activity: Activity, override: Override) -> Activity:
    """The activity with this override in the place of what one occurrence had before; an empty one takes it away."""
    others = tuple(o for o in activity.overrides if o.recurrence_id != override.recurrence_id)
    if override == Override(recurrence_id=override.recurrence_id):
        return replace(activity, overrides=others)
    if len(others) >= MAX_OVERRIDES:
        raise InvalidContent(errors=[FieldError(pointer="", code="out_of_bounds", facts={"maximum": MAX_OVERRIDES})])
    return replace(activity, overrides=tuple(sorted((*others, override), key=lambda o: o.recurrence_id)))


def kept_overrides(activity: Activity, recurrence_ids: frozenset[str]) -> Activity:
    """Forget the overrides of occurrences that the series no longer has."""
    kept = tuple(o for o in activity.overrides if o.recurrence_id in recurrence_ids)
    return replace(activity, overrides=kept)


def without_cancelled(activity: Activity, before: datetime) -> Activity:
    """The activity without occurrences that were cancelled before a time: its series leaves out as many as it can."""
    recurrence = activity.plan.timing.recurrence
    assert recurrence is not None
    cancelled = [(o.cancelled_at, o.recurrence_id) for o in activity.overrides if o.cancelled_at]
    old = sorted(each for each in cancelled if each[0] < before)
    gone = {recurrence_id for _, recurrence_id in old[: MAX_EXCLUDED - len(recurrence.excluded)]}
    less = replace(
        recurrence,
        added=tuple(at for at in recurrence.added if at not in gone),
        excluded=tuple(sorted({*recurrence.excluded, *(gone - set(recurrence.added))})),
    )
    timing = replace(activity.plan.timing, recurrence=less)
    kept = tuple(o for o in activity.overrides if o.recurrence_id not in gone)
    return replace(activity, plan=replace(activity.plan, timing=timing), overrides=kept)


def check_results(results: Results) -> None:
    """Raise InvalidContent for evidence that is neither an address nor a file, or both."""
    for number, each in enumerate(results.evidence):
        if (each.url is None) == (each.asset_id is None):
            raise InvalidContent(errors=[FieldError(pointer=f"/results/evidence/{number}", code="one_proof")])
