"""Takedowns: what must be removed, and which organizations have done so."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import WRITING, operation
from api.dependencies import AnyRequest, Unit
from api.distribution.views import AcknowledgementRequest, TakedownList, TakedownView, show_takedown
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import StrictBody
from api.http.views import NO_STORE
from domain.actor import Actor
from domain.distribution.actions import takedowns
from domain.errors import NotFound
from storage.distribution.lists import TakedownLists

TAGS = ["takedowns"]
Waiting = Annotated[bool | None, QueryParameter(description="true: only those that wait for your answer")]


@get(
    "/v1/takedowns",
    operation_id="listTakedowns",
    summary="Việc phải gỡ · Takedowns",
    tags=TAGS,
    **operation("takedown.list"),
)
async def list_takedowns(
    request: AnyRequest,
    takedown_lists: NamedDependency[TakedownLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    waiting: Waiting = None,
) -> Response[TakedownList]:
    """List the takedowns that address your organization, newest first; the coordinator sees all."""
    rows = await takedown_lists.page(actor, after=read_page_cursor(cursor), waiting=waiting, limit=limit + 1)
    return page_of(request, TakedownList, TakedownView, rows, limit)


@get(
    "/v1/takedowns/{takedown_id:uuid}",
    operation_id="getTakedown",
    summary="Một lệnh gỡ · One takedown",
    tags=TAGS,
    **operation("takedown.list"),
)
async def get_takedown(
    takedown_id: FromPath[UUID], takedown_lists: NamedDependency[TakedownLists], actor: NamedDependency[Actor]
) -> Response[TakedownView]:
    """Read a takedown: the answers that were given, and those that are missing."""
    rows = await takedown_lists.page(actor, one=takedown_id, limit=1)
    if not rows:
        raise NotFound
    return Response(msgspec.convert(rows[0], TakedownView), headers=NO_STORE)


@put(
    "/v1/takedowns/{takedown_id:uuid}/acks/{organization_id:uuid}",
    dto=StrictBody[AcknowledgementRequest],
    return_dto=None,
    operation_id="acknowledgeTakedown",
    summary="Xác nhận đã gỡ · Acknowledge",
    tags=TAGS,
    **operation("takedown.acknowledge", *WRITING),
)
async def acknowledge(
    takedown_id: FromPath[UUID],
    organization_id: FromPath[UUID],
    data: JSONBody[AcknowledgementRequest],
    work: Unit,
    actor: NamedDependency[Actor],
) -> Response[TakedownView]:
    """Answer for an organization. The last answer closes the takedown; the same again changes nothing."""
    takedown = await takedowns.acknowledge(work, actor, takedown_id, organization_id, data.status, data.note)
    return Response(show_takedown(takedown, actor), headers=NO_STORE)


ROUTES = [list_takedowns, get_takedown, acknowledge]
