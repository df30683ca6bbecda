"""Activities: planned once or as a series; edits say which occurrences they are for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import CHANGING, WRITING, IfMatch, known_revision, operation
from api.coordination.campaigns import OwnerOf
from api.coordination.views import (
    ActivityList,
    ActivityPatch,
    ActivityView,
    NoteRequest,
    OccurrenceList,
    OccurrenceView,
    ResultsRequest,
    activity_actions,
    show_activity,
)
from api.dependencies import AnyRequest, Unit
from api.http.instants import check_instant
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.request_bodies import OptionalBody, StrictBody, convert, sent_fields
from api.http.resources import created, resource
from api.http.views import NO_STORE
from domain.actor import Actor
from domain.coordination.actions import activities
from domain.coordination.actions.series import Part
from domain.coordination.activity import ActivityAction, ActivityKind, ActivityPlan, ActivityState, EditScope
from storage.coordination.lists import ActivityLists

TAGS = ["activities"]
OfCampaign = Annotated[UUID | None, QueryParameter(name="campaign", description="Only of this campaign")]
OfKind = Annotated[ActivityKind | None, QueryParameter(name="kind", description="Only of this kind")]
InState = Annotated[ActivityState | None, QueryParameter(name="state", description="Only in this state")]
InDistrict = Annotated[
    UUID | None, QueryParameter(name="district", description="Only for this organization of the tree or one below it")
]
OfTopic = Annotated[str | None, QueryParameter(name="topic", description="Only with this topic", max_length=40)]
OfAudience = Annotated[str | None, QueryParameter(name="audience", description="Only for this audience", max_length=40)]
Since = Annotated[datetime | None, QueryParameter(name="from", description="Only with an occurrence that ends later")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Only with an occurrence that starts earlier")]
Scope = Annotated[
    EditScope, QueryParameter(name="scope", description="Which occurrences of a series the request is for")
]
AtOccurrence = Annotated[
    str | None,
    QueryParameter(
        name="occurrence", description="`recurrence_id` of an occurrence, unless the scope is `all`", max_length=19
    ),
]


@get(
    "/v1/activities",
    operation_id="listActivities",
    summary="Hoạt động · Activities",
    tags=TAGS,
    **operation("activity.read"),
)
async def list_activities(
    request: AnyRequest,
    activity_lists: NamedDependency[ActivityLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    organization: Within = None,
    of_campaign: OfCampaign = None,
    of_kind: OfKind = None,
    in_state: InState = None,
    in_district: InDistrict = None,
    of_topic: OfTopic = None,
    of_audience: OfAudience = None,
    since: Since = None,
    until: Until = None,
) -> Response[ActivityList]:
    """List the activities that your organization plans, takes part in or was assigned, newest first."""
    rows = await activity_lists.page(
        actor,
        after=read_page_cursor(cursor),
        limit=limit + 1,
        organization=organization,
        campaign=of_campaign,
        kind=of_kind,
        state=in_state,
        district=in_district,
        topic=of_topic,
        audience=of_audience,
        start=check_instant("from", since),
        end=check_instant("to", until),
    )
    shown = [row | {"possible_actions": activity_actions(row["state"])} for row in rows]
    return page_of(request, ActivityList, ActivityView, shown, limit)


@put(
    "/v1/activities/{activity_id:uuid}",
    dto=StrictBody[ActivityPlan],
    return_dto=None,
    operation_id="putActivity",
    summary="Lập hoạt động · Plan an activity",
    tags=TAGS,
    **operation("activity.manage", "id_taken", "wrong_state", *WRITING, also=created(ActivityView)),
)
async def put_activity(
    activity_id: FromPath[UUID],
    data: JSONBody[ActivityPlan],
    work: Unit,
    actor: NamedDependency[Actor],
    owner: OwnerOf = None,
) -> Response[ActivityView]:
    """Plan an activity under an id that you chose. The same content again is answered alike, other content is 409.

    A series has at most 400 occurrences within three years, and starts with an occurrence that its rule produces.
    """
    activity, new = await activities.put(work, actor, activity_id, data, owner_id=owner)
    return resource(show_activity(activity), activity.revision, location=f"/v1/activities/{activity_id}", new=new)


@get(
    "/v1/activities/{activity_id:uuid}",
    operation_id="getActivity",
    summary="Một hoạt động · One activity",
    tags=TAGS,
    **operation("activity.read"),
)
async def get_activity(
    activity_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> Response[ActivityView]:
    """Read an activity with its ETag."""
    activity = await activities.read(work, actor, activity_id)
    return resource(show_activity(activity), activity.revision)


@patch(
    "/v1/activities/{activity_id:uuid}",
    dto=StrictBody[ActivityPatch],
    return_dto=None,
    operation_id="patchActivity",
    summary="Sửa hoạt động · Change an activity",
    tags=TAGS,
    **operation("activity.manage", "wrong_state", *CHANGING, *WRITING),
)
async def patch_activity(
    activity_id: FromPath[UUID],
    data: JSONBody[ActivityPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    if_match: IfMatch = None,
    edit_scope: Scope = "all",
    occurrence: AtOccurrence = None,
) -> Response[ActivityView]:
    """Change an activity with an RFC 7396 merge patch; of a series one occurrence, it and all that follow, or all.

    `this_and_following` cuts the series in two and answers with the second, which has the changes. For `this` only
    times, title and location may differ.
    """
    part, changes = Part(edit_scope, occurrence), sent_fields(data)
    activity = await activities.patch(work, actor, activity_id, changes, known_revision(if_match), part)
    location = f"/v1/activities/{activity.id}" if activity.id != activity_id else ""
    answer = resource(show_activity(activity), activity.revision)
    if location:
        answer.headers["location"] = location
    return answer


@get(
    "/v1/activities/{activity_id:uuid}/occurrences",
    operation_id="listOccurrences",
    summary="Các lần diễn ra · Occurrences",
    tags=TAGS,
    **operation("activity.read"),
)
async def list_occurrences(
    activity_id: FromPath[UUID],
    work: Unit,
    activity_lists: NamedDependency[ActivityLists],
    actor: NamedDependency[Actor],
) -> Response[OccurrenceList]:
    """List every occurrence of an activity up to three years ahead, cancelled ones too."""
    await activities.read(work, actor, activity_id)
    rows = await activity_lists.occurrences(activity_id)
    items = [convert(row, OccurrenceView) for row in rows]
    return Response(OccurrenceList(items=items), headers=NO_STORE)


def _action_route(action: ActivityAction, summary: str, description: str) -> HTTPRouteHandler:
    async def handler(
        activity_id: FromPath[UUID],
        work: Unit,
        actor: NamedDependency[Actor],
        *,
        data: JSONBody[NoteRequest] = NoteRequest(),  # noqa: B008 -- frozen
        if_match: IfMatch = None,
        edit_scope: Scope = "all",
        occurrence: AtOccurrence = None,
    ) -> Response[ActivityView]:
        activity = await activities.move(
            work,
            actor,
            activity_id,
            action,
            revision=known_revision(if_match),
            note=data.note,
            part=Part(edit_scope, occurrence),
        )
        return resource(show_activity(activity), activity.revision)

    name = f"{action}Activity"
    return post(
        f"/v1/activities/{{activity_id:uuid}}/{action}",
        dto=OptionalBody[NoteRequest],
        return_dto=None,
        status_code=200,
        name=name,
        operation_id=name,
        summary=summary,
        description=description,
        tags=TAGS,
        **operation("activity.manage", "wrong_state", *CHANGING, *WRITING),
    )(handler)


@post(
    "/v1/activities/{activity_id:uuid}/complete",
    dto=OptionalBody[ResultsRequest],
    return_dto=None,
    status_code=200,
    operation_id="completeActivity",
    summary="Hoàn thành hoạt động · Complete an activity",
    tags=TAGS,
    **operation("activity.manage", "wrong_state", *CHANGING, *WRITING),
)
async def complete_activity(
    activity_id: FromPath[UUID],
    work: Unit,
    actor: NamedDependency[Actor],
    data: JSONBody[ResultsRequest] = ResultsRequest(),  # noqa: B008 -- frozen
    if_match: IfMatch = None,
) -> Response[ActivityView]:
    """Say that an activity was done and what came of it, in numbers."""
    revision, given = known_revision(if_match), data.results
    activity = await activities.move(
        work, actor, activity_id, "complete", revision=revision, note=data.note, results=given
    )
    return resource(show_activity(activity), activity.revision)


ROUTES = [
    list_activities,
    put_activity,
    get_activity,
    patch_activity,
    list_occurrences,
    complete_activity,
    _action_route("confirm", "Xác nhận hoạt động · Confirm an activity", "Confirm a planned activity."),
    _action_route(
        "cancel",
        "Hủy hoạt động · Cancel an activity",
        "Cancel an activity, or of a series one occurrence or it and all that follow. Its assignments, coverages and "
        "bookings to come are cancelled with it; calendars show it as cancelled for 60 days.",
    ),
    _action_route(
        "postpone",
        "Hoãn hoạt động · Postpone an activity",
        "Take an activity out of its time; its bookings to come are cancelled, its assignments stay open.",
    ),
    _action_route(
        "resume",
        "Nối lại hoạt động · Resume an activity",
        "Bring a postponed activity back to `planned`; with `scope=this` a cancelled occurrence of a series.",
    ),
]
