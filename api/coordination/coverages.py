"""Coverages of activities, and rosters of training classes."""

from uuid import UUID

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation, revision_of
from api.coordination.activities import TAGS
from api.coordination.views import CoverageList, CoverageView, RosterView, show_roster
from api.dependencies import AnyRequest, Unit
from api.http.request_bodies import StrictBody, convert, read_file
from api.http.resources import created, resource
from api.http.views import NO_STORE, show
from domain.actor import Actor
from domain.coordination.actions import activities, coverages, rosters
from domain.coordination.coverage import CoveragePlan
from domain.coordination.roster import read_roster
from storage.coordination.lists import ActivityLists


@get(
    "/v1/activities/{activity_id:uuid}/coverages",
    operation_id="listCoverages",
    summary="Tài liệu cho hoạt động · Coverages",
    tags=TAGS,
    **operation("activity.read"),
)
async def list_coverages(
    activity_id: FromPath[UUID],
    work: Unit,
    activity_lists: NamedDependency[ActivityLists],
    actor: NamedDependency[Actor],
) -> Response[CoverageList]:
    """List the materials that are planned for an activity, by due time."""
    await activities.read(work, actor, activity_id)
    rows = await activity_lists.coverages(activity_id)
    return Response(CoverageList(items=[convert(row, CoverageView) for row in rows]), headers=NO_STORE)


@put(
    "/v1/activities/{activity_id:uuid}/coverages/{coverage_id:uuid}",
    dto=StrictBody[CoveragePlan],
    return_dto=None,
    operation_id="putCoverage",
    summary="Đặt tài liệu cho hoạt động · Plan a coverage",
    tags=TAGS,
    **operation("activity.manage", "id_taken", "stale_version", "wrong_state", *WRITING, also=created(CoverageView)),
)
async def put_coverage(
    activity_id: FromPath[UUID],
    coverage_id: FromPath[UUID],
    data: JSONBody[CoveragePlan],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[CoverageView]:
    """Plan a material for an activity, or with `If-Match` change the plan; `material_id` links the material."""
    revision = None if if_match is None else revision_of(if_match)
    coverage, new = await coverages.put(work, actor, activity_id, coverage_id, data, revision)
    location = f"/v1/activities/{activity_id}/coverages"
    return resource(show(CoverageView, coverage), coverage.revision, location=location, new=new)


@delete(
    "/v1/activities/{activity_id:uuid}/coverages/{coverage_id:uuid}",
    status_code=204,
    operation_id="cancelCoverage",
    summary="Bỏ tài liệu đã đặt · Cancel a coverage",
    tags=TAGS,
    **operation("activity.manage", "stale_version"),
)
async def cancel_coverage(
    activity_id: FromPath[UUID], coverage_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> None:
    """Cancel a coverage and the assignments to it. Twice is the same as once."""
    await coverages.cancel(work, actor, activity_id, coverage_id)


@get(
    "/v1/activities/{activity_id:uuid}/roster",
    operation_id="getRoster",
    summary="Danh sách học viên · The roster of a training class",
    tags=TAGS,
    **operation("activity.manage", "wrong_state"),
)
async def get_roster(activity_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> Response[RosterView]:
    """Read the roster of a training class: it holds names, so only for the organization that runs the class."""
    activity, attendees = await rosters.read(work, actor, activity_id)
    return resource(show_roster(list(attendees)), activity.revision)


@put(
    "/v1/activities/{activity_id:uuid}/roster",
    operation_id="putRoster",
    summary="Nhập danh sách học viên · Send the roster of a training class",
    tags=TAGS,
    **operation("activity.manage", "wrong_state", "import_refused", *CHANGING, *WRITING),
)
async def put_roster(
    activity_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[RosterView]:
    """Put a `text/csv` table in the place of the roster, all or nothing.

    Columns (Vietnamese titles too): `name`, `unit`, `login`, `attended`, `completed_on`, `certificate_number`. UTF-8,
    with or without byte-order mark, or Windows-1258. Completion is recorded to the members whose login is given.
    """
    rows = read_roster(await read_file(request, "text/csv"))
    activity, attendees = await rosters.put(work, actor, activity_id, rows, known_revision(if_match))
    return resource(show_roster(list(attendees)), activity.revision)


ROUTES = [list_coverages, put_coverage, cancel_coverage, get_roster, put_roster]
