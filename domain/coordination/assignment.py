"""Assignments: who is asked to do an activity or a coverage, and how they answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta
from msgspec.structs import replace

from domain.coordination.activity import Evidence
from domain.errors import FieldError, InvalidContent, NoteRequired
from domain.identity.member import Role
from domain.identity.organization import OrganizationKind
from domain.lifecycle import Transitions, next_state
from domain.noun import Noun
from domain.timing import DEFAULT_ZONE, WallTime, Zone

AssignmentState = Literal["assigned", "accepted", "declined", "in_progress", "completed", "cancelled"]
AssignmentAction = Literal["accept", "decline", "start", "complete", "cancel", "reassign"]
OPEN: frozenset[AssignmentState] = frozenset({"assigned", "accepted", "in_progress"})
TRANSITIONS: Transitions[AssignmentAction, AssignmentState] = {
    "accept": (frozenset({"assigned"}), "accepted"),
    "decline": (frozenset({"assigned", "accepted"}), "declined"),
    "start": (frozenset({"accepted"}), "in_progress"),
    "complete": (frozenset({"accepted", "in_progress"}), "completed"),
    "cancel": (OPEN, "cancelled"),
    "reassign": (frozenset({*OPEN, "declined"}), "assigned"),
}
ANSWERS: frozenset[AssignmentAction] = frozenset({"accept", "decline", "start", "complete"})
"""What the assignee does; the rest is for the organization that assigned."""
Reminders = Annotated[tuple[Annotated[int, Meta(ge=0, le=90 * 86_400)], ...], Meta(max_length=5)]
Note = Annotated[str, Meta(max_length=2000)]


class Assignee(Noun, frozen=True, kw_only=True):
    """An organization as a whole, one of its members, or whoever has a role in it."""

    organization_id: UUID
    member_id: UUID | None = None
    role: Role | None = None


class AssignmentTerms(Noun, frozen=True, kw_only=True):
    """What is asked. A coverage has its own due time; an activity is due at `due`, a wall time of `zone`.

    `reminders`: seconds before the due time.
    """

    activity_id: UUID
    coverage_id: UUID | None = None
    due: WallTime | None = None
    zone: Zone = DEFAULT_ZONE
    reminders: Reminders = ()
    note: Note = ""


class AssignmentRequest(AssignmentTerms, frozen=True, kw_only=True):
    """One assignee and what is asked."""

    assignee: Assignee


class BulkSelection(Noun, frozen=True, kw_only=True):
    """Organizations by id, or all of these kinds that are active; below `below_id` in the tree where it is given."""

    organization_ids: Annotated[tuple[UUID, ...], Meta(max_length=200)] = ()
    kinds: Annotated[tuple[OrganizationKind, ...], Meta(max_length=15)] = ()
    below_id: UUID | None = None
    role: Role | None = None


class BulkRequest(AssignmentTerms, frozen=True, kw_only=True):
    """The same for many organizations. Each id is made of `key` and the organization: sent again it changes nothing."""

    key: UUID
    to: BulkSelection


class AssignmentStep(Noun, frozen=True, kw_only=True):
    """One step of an assignment's life."""

    at: datetime
    by: str
    action: str
    assignee: Assignee
    note: str = ""


class Assignment(Noun, frozen=True, kw_only=True):
    """Holds nothing that its activity or coverage says. `due_at` is set only where there is no coverage.

    `parent_id`: the assignment that was delegated with this one. `reminded`: reminders that were sent.
    """

    id: UUID
    owner_id: UUID
    terms: AssignmentTerms
    assignee: Assignee
    due_at: datetime | None = None
    parent_id: UUID | None = None
    state: AssignmentState = "assigned"
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    history: tuple[AssignmentStep, ...] = ()
    reminded: tuple[int, ...] = ()
    created_at: datetime
    updated_at: datetime
    revision: int = 1


def moved(
    assignment: Assignment,
    action: AssignmentAction,
    *,
    by: str,
    at: datetime,
    note: str = "",
    evidence: tuple[Evidence, ...] = (),
    assignee: Assignee | None = None,
) -> Assignment:
    """The assignment after an action. Declining needs a reason, completing evidence or a note."""
    state = next_state(TRANSITIONS, action, assignment.state)
    if action == "decline" and not note.strip():
        raise NoteRequired(errors=[FieldError(pointer="/note", code="required")], action=action)
    if action == "complete" and not (evidence or note.strip()):
        raise NoteRequired(errors=[FieldError(pointer="/evidence", code="required")], action=action)
    for number, each in enumerate(evidence):
        if (each.url is None) == (each.asset_id is None):
            raise InvalidContent(errors=[FieldError(pointer=f"/evidence/{number}", code="one_proof")])
    given_to = assignee or assignment.assignee
    step = AssignmentStep(at=at, by=by, action=action, assignee=given_to, note=note)
    return replace(
        assignment,
        state=state,
        assignee=given_to,
        note=note,
        evidence=evidence or assignment.evidence,
        history=(*assignment.history, step)[-200:],
        reminded=() if action == "reassign" else assignment.reminded,
        updated_at=at,
    )
