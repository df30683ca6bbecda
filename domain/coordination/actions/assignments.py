"""Assignments: given, answered, given to others, delegated downward, reminded of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import inbox
from domain.coordination.activity import OPEN as OPEN_ACTIVITY
from domain.coordination.activity import Activity, Evidence
from domain.coordination.assignment import (
    ANSWERS,
    Assignee,
    Assignment,
    AssignmentAction,
    AssignmentRequest,
    AssignmentStep,
    AssignmentTerms,
    moved,
)
from domain.coordination.coverage import Coverage
from domain.errors import FieldError, Forbidden, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import CLOCK, ActivityStopped, CalendarChanged, OrganizationSucceeded
from domain.identity.organization import Organization
from domain.permissions import check_owned, require, sees, takes_part
from domain.references import check_assets
from domain.timing import due_instant, spelled
from domain.unit_of_work import UnitOfWork


def is_visible(actor: Actor, assignment: Assignment) -> bool:
    """Whether the assignment exists for `actor`: who gave it, whom it was given to, the coordinator."""
    return takes_part(actor, assignment.owner_id, [assignment.assignee.organization_id])


async def read(work: UnitOfWork, actor: Actor, assignment_id: UUID) -> Assignment:
    """Get an assignment; NotFound where the actor's organization neither gave nor got it."""
    async with work:
        assignment = await work.assignments.get(assignment_id)
    if not is_visible(actor, assignment):
        raise NotFound
    return assignment


async def put(
    work: UnitOfWork, actor: Actor, assignment_id: UUID, request: AssignmentRequest
) -> tuple[Assignment, bool]:
    """Assign with a client-made id; the same again answers the same (and False), other content IdTaken."""
    terms = terms_of(request)
    async with work:
        known = await work.assignments.find(assignment_id)
        if known is not None:
            given = known.history[0].assignee
            if not sees(actor, known.owner_id) or known.terms != terms or given != request.assignee:
                raise IdTaken
            return known, False
        due_at = await check_terms(work, actor, terms)
        await _check_assignee(work, request.assignee)
        made = assigned(work, actor, assignment_id, terms, request.assignee, due_at)
        await give(work, actor, made)
        await work.commit()
    return made, True


def terms_of(request: AssignmentTerms) -> AssignmentTerms:
    """What is asked, in canonical spelling."""
    values = {name: getattr(request, name) for name in AssignmentTerms.__struct_fields__}
    due = None if request.due is None else spelled(request.due, "/due")
    return AssignmentTerms(**values | {"due": due, "reminders": tuple(sorted(set(request.reminders), reverse=True))})


async def check_terms(work: UnitOfWork, actor: Actor, terms: AssignmentTerms) -> datetime | None:
    """Check what is asked; gives its own due time, None where that of the coverage counts."""
    try:
        activity = await work.activities.get(terms.activity_id, shared=True)
    except NotFound as error:
        raise InvalidContent(errors=[FieldError(pointer="/activity_id", code="unknown_reference")]) from error
    visible = takes_part(actor, activity.owner_id, activity.plan.participant_ids)
    check_owned(actor, "assignment.assign", activity.owner_id, visible=visible)
    if activity.state not in OPEN_ACTIVITY:
        raise WrongState(action="assign", state=activity.state, allowed=[])
    if terms.coverage_id is None:
        if terms.due is None:
            raise InvalidContent(errors=[FieldError(pointer="/due", code="required")])
        return due_instant(terms.due, terms.zone)
    coverage = await work.coverages.find(terms.coverage_id, shared=True)
    if coverage is None or coverage.activity_id != activity.id or coverage.state == "cancelled":
        raise InvalidContent(errors=[FieldError(pointer="/coverage_id", code="unknown_reference")])
    if terms.due is not None:
        raise InvalidContent(errors=[FieldError(pointer="/due", code="due_of_coverage")])
    return None


async def _check_assignee(work: UnitOfWork, assignee: Assignee) -> Organization:
    unknown = "unknown_reference"
    try:
        organization = await work.organizations.get(assignee.organization_id)
    except NotFound as error:
        raise InvalidContent(errors=[FieldError(pointer="/assignee/organization_id", code=unknown)]) from error
    if not is_active(organization, work.clock.now()):
        raise InvalidContent(errors=[FieldError(pointer="/assignee/organization_id", code="not_active")])
    if assignee.member_id is not None and assignee.role is not None:
        raise InvalidContent(errors=[FieldError(pointer="/assignee/role", code="member_or_role")])
    if assignee.member_id is not None:
        try:
            member = await work.members.get(assignee.member_id)
        except NotFound as error:
            raise InvalidContent(errors=[FieldError(pointer="/assignee/member_id", code=unknown)]) from error
        if member.organization_id != organization.id or not member.active:
            raise InvalidContent(errors=[FieldError(pointer="/assignee/member_id", code=unknown)])
    return organization


def is_active(organization: Organization, at: datetime) -> bool:
    """Whether an organization can be given work."""
    ended = organization.active_to is not None and organization.active_to <= at
    return organization.successor_id is None and not ended


def assigned(
    work: UnitOfWork,
    actor: Actor,
    assignment_id: UUID,
    terms: AssignmentTerms,
    assignee: Assignee,
    due_at: datetime | None,
    parent_id: UUID | None = None,
) -> Assignment:
    """The new assignment, with the first step of its history."""
    now = work.clock.now()
    step = AssignmentStep(at=now, by=actor.key, action="assign", assignee=assignee, note=terms.note)
    return Assignment(
        id=assignment_id,
        owner_id=actor.organization_id,
        terms=terms,
        assignee=assignee,
        due_at=due_at,
        parent_id=parent_id,
        history=(step,),
        created_at=now,
        updated_at=now,
    )


async def give(work: UnitOfWork, actor: Actor, assignment: Assignment) -> None:
    """Add an assignment and tell its assignee; the caller commits."""
    await work.assignments.add(assignment)
    inbox.add_assignment(work, assignment, "assignment", assignment.terms.note)
    work.record(_changed(actor.key, "assign", assignment))


def _changed(by: str, activity: str, assignment: Assignment) -> CalendarChanged:
    detail: dict[str, object] = {
        "state": assignment.state,
        "organization": str(assignment.assignee.organization_id),
    }
    target = f"assignment:{assignment.id}"
    return CalendarChanged(actor=by, activity=f"assignment.{activity}", target=target, detail=detail)


def is_below(parents: dict[UUID, UUID | None], organization_id: UUID, above: UUID | None) -> bool:
    """Whether `above` (None: anything) is on the way up from an organization."""
    here: UUID | None = organization_id
    while here is not None:
        here = parents.get(here)
        if above is None or here == above:
            return True
    return False


async def move(
    work: UnitOfWork,
    actor: Actor,
    assignment_id: UUID,
    action: AssignmentAction,
    *,
    revision: int,
    note: str = "",
    evidence: tuple[Evidence, ...] = (),
    assignee: Assignee | None = None,
) -> Assignment:
    """Answer an assignment, or as the one who gave it cancel it or give it to another."""
    async with work:
        known = await work.assignments.get(assignment_id)
        _check_allowed(actor, known, action)
        if known.revision != revision:
            raise StaleVersion(current=known.revision)
        if assignee is not None:
            await _check_assignee(work, assignee)
        elif action == "reassign":
            raise InvalidContent(errors=[FieldError(pointer="/assignee", code="required")])
        await check_assets(work, actor, {f"/evidence/{n}/asset_id": each.asset_id for n, each in enumerate(evidence)})
        now = work.clock.now()
        changed = moved(known, action, by=actor.key, at=now, note=note, evidence=evidence, assignee=assignee)
        saved = await work.assignments.save(changed)
        if action == "reassign":
            inbox.add_change(work, f"assignment:{saved.id}", [known.assignee.organization_id], "change", "reassign")
        if action == "cancel":
            await cancel_all(work, await work.assignments.list_open_of_parent(saved.id), actor.key, note)
        if action in ANSWERS:
            inbox.add_change(work, f"assignment:{saved.id}", [saved.owner_id], "change", action)
        else:
            inbox.add_assignment(work, saved, "assignment" if action == "reassign" else "change", note)
        work.record(_changed(actor.key, action, saved))
        await work.commit()
    return saved


def _check_allowed(actor: Actor, assignment: Assignment, action: AssignmentAction) -> None:
    if not is_visible(actor, assignment):
        raise NotFound
    to = assignment.assignee
    if action not in ANSWERS:
        require(actor, "assignment.assign", assignment.owner_id)
        return
    require(actor, "assignment.answer", to.organization_id)
    if actor.reaches_all or not (to.member_id or to.role):
        return
    if (to.member_id is not None and actor.member_id != to.member_id) or (to.role and to.role not in actor.roles):
        raise Forbidden(permission="assignment.answer")


async def delegate(
    work: UnitOfWork, actor: Actor, assignment_id: UUID, child_id: UUID, assignee: Assignee, *, note: str
) -> Assignment:
    """Give what was assigned to an organization on to one below it; both stay answerable."""
    async with work:
        parent = await work.assignments.get(assignment_id)
        if not is_visible(actor, parent):
            raise NotFound
        require(actor, "assignment.assign", parent.assignee.organization_id)
        # Locked against a cut or cancellation at the same time, and read again behind it.
        await work.activities.get(parent.terms.activity_id, shared=True)
        parent = await work.assignments.get(assignment_id)
        if parent.state not in ("accepted", "in_progress"):
            raise WrongState(action="delegate", state=parent.state, allowed=[])
        below = await _check_assignee(work, assignee)
        parents = {each.id: each.parent_id for each in await work.organizations.list()}
        if not is_below(parents, below.id, parent.assignee.organization_id):
            raise InvalidContent(errors=[FieldError(pointer="/assignee/organization_id", code="not_below")])
        terms = replace(parent.terms, note=note)
        if await work.assignments.find(child_id) is not None:
            raise IdTaken
        child = assigned(work, actor, child_id, terms, assignee, parent.due_at, parent.id)
        await give(work, actor, replace(child, owner_id=parent.assignee.organization_id))
        now = work.clock.now()
        started = parent.state == "accepted"
        # Written in both cases: a cancellation of the parent at the same time is refused, or refuses this.
        await work.assignments.save(
            moved(parent, "start", by=actor.key, at=now, note=f"→ {below.code}")
            if started
            else replace(parent, updated_at=now)
        )
        await work.commit()
    return replace(child, owner_id=parent.assignee.organization_id)


async def cancel_all(work: UnitOfWork, assignments: Sequence[Assignment], by: str, note: str) -> None:
    """Cancel open assignments because of something that happened elsewhere; the caller commits."""
    for each in assignments:
        saved = await work.assignments.save(moved(each, "cancel", by=by, at=work.clock.now(), note=note))
        inbox.add_assignment(work, saved, "change", note)
        work.record(_changed(by, "cancel", saved))
        await cancel_all(work, await work.assignments.list_open_of_parent(saved.id), by, note)


async def cancel_of_activity(work: UnitOfWork, event: ActivityStopped) -> None:
    """What is cancelled as a whole leaves nothing to do; what is postponed will still be done."""
    if event.reason == "activity_cancelled" and event.since is None:
        await cancel_all(work, await work.assignments.list_open_of_activity(event.activity_id), event.actor, "")


async def follow_coverage(work: UnitOfWork, coverage: Coverage, *, moved: bool) -> None:
    """Tell the assignees of a coverage that it changed; of a new due time they are reminded anew."""
    for each in await work.assignments.list_open_of_coverage(coverage.id):
        saved = each
        if moved and each.reminded:
            saved = await work.assignments.save(replace(each, reminded=(), updated_at=work.clock.now()))
        inbox.add_assignment(work, saved, "change")


async def list_assigned(work: UnitOfWork, activity: Activity) -> set[UUID]:
    """Organizations with an open assignment of an activity, or of another part of its series."""
    return await work.assignments.list_organizations(activity.id)


async def remind(work: UnitOfWork, limit: int = 200) -> int:
    """Send the reminders that are due, each once. Gives how many."""
    async with work:
        now = work.clock.now()
        waiting = await work.assignments.list_to_remind(now, limit)
        for each, due_at in waiting:
            seconds = (due_at - now).total_seconds()
            sent = tuple(sorted({*each.reminded, *(r for r in each.terms.reminders if r >= seconds)}))
            saved = await work.assignments.save(replace(each, reminded=sent, updated_at=now))
            inbox.add_assignment(work, saved, "reminder", due_at.isoformat())
            work.record(_changed(CLOCK, "remind", saved))
        if waiting:
            await work.commit()
    return len(waiting)


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the open assignments of the leaving organization to its successor."""
    await work.assignments.change_organization(event.leaving_id, event.successor_id)
