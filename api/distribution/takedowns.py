"""Takedowns: what must be removed, and who has done so."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import WRITING, operation
from api.content.views import Acknowledgement, TakedownList, TakedownView, show_takedown
from api.dependencies import Parts, Unit
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import StrictBody
from domain.actor import Actor
from domain.distribution.actions import takedowns
from domain.errors import NotFound

TAGS = ["takedowns"]


@get(
    "/v1/takedowns",
    operation_id="listTakedowns",
    summary="Việc phải gỡ · What must be removed",
    tags=TAGS,
    **operation("takedown.list"),
)
async def list_takedowns(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    waiting: Annotated[
        bool | None, QueryParameter(description="true: only those that still wait for an answer")
    ] = None,
) -> Response[TakedownList]:
    """A partner sees those that address it; the coordinator sees all."""
    after = read_page_cursor(cursor)
    rows = await parts.desk.takedowns(actor, after=after, one=None, waiting=waiting, limit=limit + 1)
    return page_of(request, TakedownList, TakedownView, rows, limit)


@get(
    "/v1/takedowns/{takedown_id:uuid}",
    operation_id="getTakedown",
    summary="Một lệnh gỡ · One takedown",
    tags=TAGS,
    **operation("takedown.list"),
)
async def get_takedown(
    takedown_id: FromPath[UUID], parts: NamedDependency[Parts], actor: NamedDependency[Actor]
) -> Response[TakedownView]:
    """Who has answered, and who has not."""
    rows = await parts.desk.takedowns(actor, after=None, one=takedown_id, waiting=None, limit=1)
    if not rows:
        raise NotFound
    return Response(msgspec.convert(rows[0], TakedownView), headers={"cache-control": "no-store"})


@put(
    "/v1/takedowns/{takedown_id:uuid}/acks/{organization_id:uuid}",
    dto=StrictBody[Acknowledgement],
    return_dto=None,
    operation_id="acknowledgeTakedown",
    summary="Xác nhận đã gỡ · Acknowledge",
    tags=TAGS,
    **operation("takedown.acknowledge", *WRITING),
)
async def acknowledge(
    takedown_id: FromPath[UUID],
    organization_id: FromPath[UUID],
    data: JSONBody[Acknowledgement],
    work: Unit,
    actor: NamedDependency[Actor],
) -> Response[TakedownView]:
    """The last answer closes the takedown. The same again changes nothing."""
    takedown = await takedowns.acknowledge(work, actor, takedown_id, organization_id, data.status, data.note)
    return Response(show_takedown(takedown, actor), headers={"cache-control": "no-store"})


ROUTES = [list_takedowns, get_takedown, acknowledge]
