"""Placements: where and when material appeared."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import WRITING, operation
from api.dependencies import AnyRequest, Unit
from api.http.instants import check_day
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.problems import Problem, prefers_english, problem_body
from api.http.request_bodies import StrictBody
from api.http.resources import created, resource
from api.http.views import NO_STORE
from api.outlets.bookings import AtOutlet, OfMaterial
from api.outlets.views import (
    BatchAnswer,
    BatchAnswers,
    PlacementBatch,
    PlacementItem,
    PlacementList,
    PlacementView,
    show_placement,
)
from domain.actor import Actor
from domain.outlets.actions import placements
from domain.outlets.placement import PUNCTUAL, PlacementReport
from storage.outlets.lists import PlacementLists

TAGS = ["placements"]
OnDay = Annotated[date | None, QueryParameter(name="on", description="Only of this day, where the outlet is")]


@get(
    "/v1/placements",
    operation_id="listPlacements",
    summary="Nơi đã đăng, phát · Placements",
    tags=TAGS,
    **operation("placement.read"),
)
async def list_placements(
    request: AnyRequest,
    placement_lists: NamedDependency[PlacementLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    organization: Within = None,
    at_outlet: AtOutlet = None,
    of_material: OfMaterial = None,
    on_day: OnDay = None,
) -> Response[PlacementList]:
    """List the placements that your organization reported, newest first; coordinators see all."""
    rows = await placement_lists.page(
        actor,
        after=read_page_cursor(cursor),
        organization=organization,
        outlet=at_outlet,
        material=of_material,
        on=check_day("on", on_day),
        limit=limit + 1,
    )
    return page_of(request, PlacementList, PlacementView, [with_outcome(row) for row in rows], limit)


def with_outcome(row: dict[str, object]) -> dict[str, object]:
    """A row of placements with how it was against its booking."""
    late = row.get("late_seconds")
    if not isinstance(late, int):
        return row | {"outcome": "not_booked"}
    punctual = abs(late) <= PUNCTUAL.total_seconds()
    return row | {"outcome": "as_planned" if punctual else "late" if late > 0 else "early"}


@put(
    "/v1/placements/{placement_id:uuid}",
    dto=StrictBody[PlacementReport],
    return_dto=None,
    operation_id="putPlacement",
    summary="Báo đã đăng, phát · Report a placement",
    tags=TAGS,
    **operation("placement.report", "id_taken", *WRITING, also=created(PlacementView)),
)
async def put_placement(
    placement_id: FromPath[UUID], data: JSONBody[PlacementReport], work: Unit, actor: NamedDependency[Actor]
) -> Response[PlacementView]:
    """Report that a published material appeared at an outlet. The same again is answered alike, other content is 409.

    It is matched to the nearest booking of the material within three hours. A material that was taken down may be
    reported too; its takedown then says `aired`.
    """
    placement, new = await placements.put(work, actor, placement_id, data)
    return resource(show_placement(placement), placement.revision, location=f"/v1/placements/{placement_id}", new=new)


@get(
    "/v1/placements/{placement_id:uuid}",
    operation_id="getPlacement",
    summary="Một lần đăng, phát · One placement",
    tags=TAGS,
    **operation("placement.read"),
)
async def get_placement(
    placement_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]
) -> Response[PlacementView]:
    """Read a placement."""
    placement = await placements.read(work, actor, placement_id)
    return resource(show_placement(placement), placement.revision)


@post(
    "/v1/placements/batch",
    dto=StrictBody[PlacementBatch],
    return_dto=None,
    status_code=200,
    operation_id="putPlacements",
    summary="Báo nhiều lần đăng, phát · Report many placements",
    tags=TAGS,
    **operation("placement.report", *WRITING),
)
async def put_placements(
    data: JSONBody[PlacementBatch], request: AnyRequest, work: Unit, actor: NamedDependency[Actor]
) -> Response[BatchAnswers]:
    """Report up to 500 placements. Each is answered on its own, so sending the batch again is harmless."""
    english = prefers_english(request.headers.get("accept-language", ""))
    answers = await placements.put_batch(work, actor, [(item.id, _report(item)) for item in data.items])
    return Response(BatchAnswers(items=[_answer(each, english=english) for each in answers]), headers=NO_STORE)


def _report(item: PlacementItem) -> PlacementReport:
    return PlacementReport(**{name: getattr(item, name) for name in PlacementReport.__struct_fields__})


def _answer(answer: placements.Answer, *, english: bool) -> BatchAnswer:
    if answer.placement is not None:
        view = show_placement(answer.placement)
        return BatchAnswer(id=answer.id, status=201 if answer.new else 200, placement=view)
    error = answer.refusal
    assert error is not None
    instance = f"/v1/placements/{answer.id}"
    status, body = problem_body(
        error.code, english=english, instance=instance, errors=error.errors, facts=dict(error.facts)
    )
    return BatchAnswer(id=answer.id, status=status, problem=msgspec.json.decode(body, type=Problem))


ROUTES = [list_placements, put_placement, get_placement, put_placements]
