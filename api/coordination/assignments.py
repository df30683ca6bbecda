"""Assignments, and the inbox."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation
from api.coordination.activities import OfCampaign
from api.coordination.views import (
    AssignmentList,
    AssignmentView,
    BulkAnswerList,
    BulkAnswerView,
    DelegateRequest,
    EvidenceRequest,
    NoteRequest,
    ReassignRequest,
)
from api.dependencies import AnyRequest, Unit, services_of
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.request_bodies import OptionalBody, StrictBody
from api.http.resources import created, resource
from api.http.views import NO_STORE, show
from domain.actor import Actor
from domain.coordination.actions import assignments, bulk_assignments
from domain.coordination.assignment import (
    OPEN,
    Assignment,
    AssignmentAction,
    AssignmentRequest,
    AssignmentState,
    BulkRequest,
)
from domain.unit_of_work import UnitOfWork
from storage.coordination.lists import AssignmentLists
from storage.coordination.overview import UNANSWERED_AFTER

TAGS = ["assignments"]
OfActivity = Annotated[UUID | None, QueryParameter(name="activity", description="Only of this activity")]
InState = Annotated[AssignmentState | None, QueryParameter(name="state", description="Only in this state")]
Overdue = Annotated[bool | None, QueryParameter(description="true: only open ones whose due time is over")]

Unanswered = Annotated[
    bool | None, QueryParameter(description="true: only those without an answer for three days or more")
]


async def _show(work: UnitOfWork, assignment: Assignment) -> AssignmentView:
    """The assignment with its due time, which is its coverage's where it has one."""
    due_at = assignment.due_at
    if due_at is None:
        assert assignment.terms.coverage_id is not None
        async with work:
            due_at = (await work.coverages.get(assignment.terms.coverage_id)).due_at
    overdue = assignment.state in OPEN and due_at < work.clock.now()
    return show(AssignmentView, assignment, due_at=due_at, overdue=overdue)


@get(
    "/v1/assignments",
    operation_id="listAssignments",
    summary="Giao việc · Assignments",
    tags=TAGS,
    **operation("assignment.read"),
)
async def list_assignments(
    request: AnyRequest,
    assignment_lists: NamedDependency[AssignmentLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    organization: Within = None,
    of_activity: OfActivity = None,
    of_campaign: OfCampaign = None,
    in_state: InState = None,
    overdue: Overdue = None,
    unanswered: Unanswered = None,
) -> Response[AssignmentList]:
    """List the assignments that your organization gave or got, newest first; coordinators see all."""
    now = services_of(request).clock.now()
    rows = await assignment_lists.page(
        actor,
        now=now,
        after=read_page_cursor(cursor),
        organization=organization,
        activity=of_activity,
        campaign=of_campaign,
        state=in_state,
        overdue=overdue,
        unanswered_since=now - UNANSWERED_AFTER if unanswered else None,
        limit=limit + 1,
    )
    shown = [row | {"overdue": row["state"] in OPEN and row["due_at"] < now} for row in rows]
    return page_of(request, AssignmentList, AssignmentView, shown, limit)


@put(
    "/v1/assignments/{assignment_id:uuid}",
    dto=StrictBody[AssignmentRequest],
    return_dto=None,
    operation_id="putAssignment",
    summary="Giao một việc · Assign",
    tags=TAGS,
    **operation("assignment.assign", "id_taken", "wrong_state", *WRITING, also=created(AssignmentView)),
)
async def put_assignment(
    assignment_id: FromPath[UUID], data: JSONBody[AssignmentRequest], work: Unit, actor: NamedDependency[Actor]
) -> Response[AssignmentView]:
    """Ask an organization, one of its members or whoever has a role in it to do an activity or a coverage."""
    assignment, new = await assignments.put(work, actor, assignment_id, data)
    view = await _show(work, assignment)
    return resource(view, assignment.revision, location=f"/v1/assignments/{assignment_id}", new=new)


@get(
    "/v1/assignments/{assignment_id:uuid}",
    operation_id="getAssignment",
    summary="Một việc được giao · One assignment",
    tags=TAGS,
    **operation("assignment.read"),
)
async def get_assignment(
    assignment_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> Response[AssignmentView]:
    """Read an assignment with its ETag and its whole history."""
    assignment = await assignments.read(work, actor, assignment_id)
    return resource(await _show(work, assignment), assignment.revision)


@post(
    "/v1/assignments/bulk",
    dto=StrictBody[BulkRequest],
    return_dto=None,
    status_code=200,
    operation_id="putAssignments",
    summary="Giao cho nhiều đơn vị · Assign to many organizations",
    tags=TAGS,
    **operation("assignment.assign", "wrong_state", *WRITING),
)
async def put_assignments(
    data: JSONBody[BulkRequest], work: Unit, actor: NamedDependency[Actor]
) -> Response[BulkAnswerList]:
    """Ask the same of many organizations in one call, such as all radio stations; answered for each.

    With the same `key` again only organizations that are new get an assignment.
    """
    answers = await bulk_assignments.put(work, actor, data)
    items = [msgspec.convert(msgspec.structs.asdict(each), BulkAnswerView) for each in answers]
    return Response(BulkAnswerList(items=items), headers=NO_STORE)


def _answer_route(action: AssignmentAction, summary: str, description: str) -> HTTPRouteHandler:
    async def handler(
        assignment_id: FromPath[UUID],
        work: Unit,
        actor: NamedDependency[Actor],
        data: JSONBody[NoteRequest] = NoteRequest(),  # noqa: B008 -- frozen
        if_match: IfMatch = None,
    ) -> Response[AssignmentView]:
        revision = known_revision(if_match)
        assignment = await assignments.move(work, actor, assignment_id, action, revision=revision, note=data.note)
        return resource(await _show(work, assignment), assignment.revision)

    name = f"{action}Assignment"
    permission = "assignment.assign" if action == "cancel" else "assignment.answer"
    return post(
        f"/v1/assignments/{{assignment_id:uuid}}/{action}",
        dto=OptionalBody[NoteRequest],
        return_dto=None,
        status_code=200,
        name=name,
        operation_id=name,
        summary=summary,
        description=description,
        tags=TAGS,
        **operation(permission, "wrong_state", "note_required", *CHANGING, *WRITING),  # type: ignore[arg-type]
    )(handler)


@post(
    "/v1/assignments/{assignment_id:uuid}/complete",
    dto=OptionalBody[EvidenceRequest],
    return_dto=None,
    status_code=200,
    operation_id="completeAssignment",
    summary="Báo hoàn thành · Complete an assignment",
    tags=TAGS,
    **operation("assignment.answer", "wrong_state", "note_required", *CHANGING, *WRITING),
)
async def complete_assignment(
    assignment_id: FromPath[UUID],
    data: JSONBody[EvidenceRequest],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[AssignmentView]:
    """Complete an assignment, with evidence or a note."""
    revision = known_revision(if_match)
    assignment = await assignments.move(
        work, actor, assignment_id, "complete", revision=revision, note=data.note, evidence=data.evidence
    )
    return resource(await _show(work, assignment), assignment.revision)


@post(
    "/v1/assignments/{assignment_id:uuid}/reassign",
    dto=StrictBody[ReassignRequest],
    return_dto=None,
    status_code=200,
    operation_id="reassignAssignment",
    summary="Giao lại cho đơn vị khác · Give an assignment to another",
    tags=TAGS,
    **operation("assignment.assign", "wrong_state", *CHANGING, *WRITING),
)
async def reassign_assignment(
    assignment_id: FromPath[UUID],
    data: JSONBody[ReassignRequest],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[AssignmentView]:
    """Give an assignment to another; its history keeps those who had it before."""
    revision = known_revision(if_match)
    assignment = await assignments.move(
        work, actor, assignment_id, "reassign", revision=revision, note=data.note, assignee=data.assignee
    )
    return resource(await _show(work, assignment), assignment.revision)


@post(
    "/v1/assignments/{assignment_id:uuid}/delegate",
    dto=StrictBody[DelegateRequest],
    return_dto=None,
    status_code=201,
    operation_id="delegateAssignment",
    summary="Giao xuống cấp dưới · Delegate downward",
    tags=TAGS,
    **operation("assignment.assign", "wrong_state", "id_taken", "stale_version", *WRITING),
)
async def delegate_assignment(
    assignment_id: FromPath[UUID], data: JSONBody[DelegateRequest], work: Unit, actor: NamedDependency[Actor]
) -> Response[AssignmentView]:
    """Give what was assigned to your organization on to one below it, such as from a district to a commune."""
    child = await assignments.delegate(work, actor, assignment_id, data.id, data.assignee, note=data.note)
    view = await _show(work, child)
    return resource(view, child.revision, location=f"/v1/assignments/{child.id}", new=True)


ROUTES = [
    list_assignments,
    put_assignment,
    get_assignment,
    put_assignments,
    complete_assignment,
    reassign_assignment,
    delegate_assignment,
    _answer_route("accept", "Nhận việc · Accept an assignment", "Accept an assignment of your organization."),
    _answer_route("decline", "Từ chối việc · Decline an assignment", "Decline an assignment; a reason is needed."),
    _answer_route("start", "Bắt đầu việc · Start an assignment", "Say that work on an accepted assignment has begun."),
    _answer_route("cancel", "Hủy việc đã giao · Cancel an assignment", "Cancel an assignment that you gave."),
]
