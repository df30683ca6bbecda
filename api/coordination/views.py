"""Wire types of campaigns, activities, coverages and assignments."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.http.request_bodies import RequestBody, patch_of
from api.http.views import View, show
from domain.coordination.activity import (
    TRANSITIONS,
    Activity,
    ActivityAction,
    ActivityPlan,
    ActivityState,
    Evidence,
    Results,
)
from domain.coordination.assignment import Assignee, Assignment, AssignmentState, AssignmentStep, AssignmentTerms
from domain.coordination.campaign import TRANSITIONS as CAMPAIGN_TRANSITIONS
from domain.coordination.campaign import Campaign, CampaignAction, CampaignPlan, CampaignState
from domain.coordination.coverage import CoverageFlag, CoveragePlan, CoverageState
from domain.coordination.roster import Attendee
from domain.lifecycle import possible_actions
from domain.timing import Override

if TYPE_CHECKING:

    class CampaignPatch(msgspec.Struct):
        """Every field of CampaignPlan, each optional; null resets it."""

    class ActivityPatch(msgspec.Struct):
        """Every field of ActivityPlan, each optional; null resets it."""

else:
    CampaignPatch = patch_of(CampaignPlan, "CampaignPatch")
    ActivityPatch = patch_of(ActivityPlan, "ActivityPatch")

Note = Annotated[str, Meta(max_length=2000)]


class NoteRequest(RequestBody, frozen=True, kw_only=True):
    """Why. Cancelling and postponing need it."""

    note: Note = ""


class CampaignView(View, frozen=True, kw_only=True):
    """A campaign. `revision` is the ETag; the owner is the organization that leads it."""

    id: UUID
    owner_id: UUID
    revision: int
    state: CampaignState
    plan: CampaignPlan
    created_at: datetime
    updated_at: datetime
    possible_actions: tuple[CampaignAction, ...] = ()
    note: str = ""


def campaign_actions(state: CampaignState) -> tuple[CampaignAction, ...]:
    return tuple(possible_actions(CAMPAIGN_TRANSITIONS, state))


def show_campaign(campaign: Campaign) -> CampaignView:
    return show(CampaignView, campaign, possible_actions=campaign_actions(campaign.state))


class CampaignList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[CampaignView]
    next: str | UnsetType = UNSET


class ActivityView(View, frozen=True, kw_only=True):
    """An activity. `revision` is the ETag. `overrides`: the occurrences of a series that differ.

    `split_from`: the series that this one continues since it was cut in two.
    """

    id: UUID
    owner_id: UUID
    revision: int
    state: ActivityState
    plan: ActivityPlan
    created_at: datetime
    updated_at: datetime
    overrides: tuple[Override, ...] = ()
    possible_actions: tuple[ActivityAction, ...] = ()
    results: Results | UnsetType = UNSET
    cancelled_at: datetime | UnsetType = UNSET
    split_from: UUID | UnsetType = UNSET
    note: str = ""


def activity_actions(state: ActivityState) -> tuple[ActivityAction, ...]:
    return tuple(possible_actions(TRANSITIONS, state))


def show_activity(activity: Activity) -> ActivityView:
    return show(ActivityView, activity, possible_actions=activity_actions(activity.state))


class ActivityList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[ActivityView]
    next: str | UnsetType = UNSET


class ResultsRequest(RequestBody, frozen=True, kw_only=True):
    """What came of the activity."""

    results: Results = Results()
    note: Note = ""


class OccurrenceView(View, frozen=True, kw_only=True):
    """One occurrence. `start` and `end`: wall time of the activity's zone, or first and last day."""

    recurrence_id: str
    start: str
    end: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    title: str | UnsetType = UNSET
    location: str | UnsetType = UNSET
    cancelled_at: datetime | UnsetType = UNSET


class OccurrenceList(View, frozen=True, kw_only=True):
    """Every expanded occurrence, by start."""

    items: list[OccurrenceView]


class CoverageView(View, frozen=True, kw_only=True):
    """A material planned for an activity. `flag`: why it was cancelled by something that happened elsewhere."""

    id: UUID
    activity_id: UUID
    revision: int
    state: CoverageState
    plan: CoveragePlan
    due_at: datetime
    flag: CoverageFlag | UnsetType = UNSET


class CoverageList(View, frozen=True, kw_only=True):
    """The coverages of an activity, by due time."""

    items: list[CoverageView]


class AttendeeView(View, frozen=True, kw_only=True):
    """A person in a training class."""

    number: int
    name: str
    unit: str = ""
    member_id: UUID | UnsetType = UNSET
    attended: bool = False
    completed_on: date | UnsetType = UNSET
    certificate_number: str = ""


class RosterView(View, frozen=True, kw_only=True):
    """The people of a training class, in the order of the table that was sent."""

    items: list[AttendeeView]
    attended: int
    completed: int


def show_roster(attendees: list[Attendee]) -> RosterView:
    return RosterView(
        items=[show(AttendeeView, each) for each in attendees],
        attended=sum(each.attended for each in attendees),
        completed=sum(each.completed_on is not None for each in attendees),
    )


class AssignmentView(View, frozen=True, kw_only=True):
    """An assignment. `due_at` is its coverage's where it has one. `overdue` is derived from the clock."""

    id: UUID
    owner_id: UUID
    revision: int
    state: AssignmentState
    terms: AssignmentTerms
    assignee: Assignee
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    overdue: bool = False
    parent_id: UUID | UnsetType = UNSET
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    history: tuple[AssignmentStep, ...] = ()


class AssignmentList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[AssignmentView]
    next: str | UnsetType = UNSET


def show_assignment(assignment: Assignment, due_at: datetime, *, overdue: bool) -> AssignmentView:
    return show(AssignmentView, assignment, due_at=due_at, overdue=overdue)


class EvidenceRequest(RequestBody, frozen=True, kw_only=True):
    """Evidence or a note is needed to complete."""

    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=20)] = ()
    note: Note = ""


class ReassignRequest(RequestBody, frozen=True, kw_only=True):
    """The new assignee."""

    assignee: Assignee
    note: Note = ""


class DelegateRequest(RequestBody, frozen=True, kw_only=True):
    """An assignee below the organization that has the assignment. `id`: of the new assignment, made by the client."""

    id: UUID
    assignee: Assignee
    note: Note = ""


class BulkAnswerView(View, frozen=True, kw_only=True):
    """What became of one organization. `refused`: a code, such as `not_active`."""

    organization_id: UUID
    assignment_id: UUID
    new: bool = False
    refused: str = ""


class BulkAnswerList(View, frozen=True, kw_only=True):
    """One answer for each organization."""

    items: list[BulkAnswerView]
