"""Apps and machines: registered by staff, given keys and secrets, switched off."""

from typing import Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, known_revision, operation
from api.dependencies import Parts, Unit
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_cursor
from api.http.request_bodies import StrictBody
from api.identity.views import ClientChange, ClientList, ClientView, NewClient, NewClientView, sent, show_client
from domain.actor import Actor
from domain.errors import NotFound
from domain.identity.actions import clients
from domain.identity.actions.clients import ClientPlan

TAGS = ["clients"]
_PRIVATE = {"cache-control": "no-store"}


@get(
    "/v1/clients",
    operation_id="listClients",
    summary="Các ứng dụng · Clients",
    tags=TAGS,
    **operation("client.read"),
)
async def list_clients(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    within: Within = None,
) -> Response[ClientList]:
    """Those you may manage, with when each last asked and from which channel."""
    rows = await parts.directory.clients(actor, after=read_cursor(cursor, str), organization=within, limit=limit + 1)
    return page_of(request, ClientList, ClientView, rows, limit)


@post(
    "/v1/clients",
    dto=StrictBody[NewClient],
    return_dto=None,
    operation_id="registerClient",
    summary="Đăng ký ứng dụng · Register a client",
    tags=TAGS,
    **operation("client.manage", *WRITING, *KEYED, shown_once=True),
)
async def register_client(
    data: JSONBody[NewClient],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by api.middleware
) -> Response[NewClientView]:
    """The secret is shown once."""
    plan = ClientPlan(**sent(data) | {"scopes": frozenset(data.scopes)})
    client, secret = await clients.register(work, actor, plan)
    view = NewClientView(client=show_client(client), client_secret=secret or msgspec.UNSET)
    headers = _PRIVATE | {"etag": f'"{client.revision}"', "location": f"/v1/clients/{client.id}"}
    return Response(view, headers=headers)


@get(
    "/v1/clients/{client_id:str}",
    operation_id="getClient",
    summary="Một ứng dụng · One client",
    tags=TAGS,
    **operation("client.read"),
)
async def get_client(
    client_id: FromPath[str], parts: NamedDependency[Parts], actor: NamedDependency[Actor]
) -> Response[ClientView]:
    """The ETag is what a change must send."""
    rows = await parts.directory.clients(actor, after=None, one=client_id, limit=1)
    if not rows:
        raise NotFound
    headers = _PRIVATE | {"etag": f'"{rows[0]["revision"]}"'}
    return Response(msgspec.convert(rows[0], ClientView), headers=headers)


@patch(
    "/v1/clients/{client_id:str}",
    dto=StrictBody[ClientChange],
    return_dto=None,
    operation_id="changeClient",
    summary="Sửa hoặc tắt ứng dụng · Change or disable a client",
    tags=TAGS,
    **operation("client.manage", *CHANGING, *WRITING),
)
async def change_client(
    client_id: FromPath[str],
    data: JSONBody[ClientChange],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[ClientView]:
    """What is switched off is out within five seconds."""
    changes = sent(data)
    if "scopes" in changes:
        changes["scopes"] = frozenset(changes["scopes"])
    changed = await clients.change(work, actor, client_id, known_revision(if_match), changes)
    return Response(show_client(changed), headers=_PRIVATE | {"etag": f'"{changed.revision}"'})


@post(
    "/v1/clients/{client_id:str}/secrets",
    operation_id="rotateClientSecret",
    summary="Mật khẩu mới cho ứng dụng · A new secret",
    tags=TAGS,
    **operation("client.manage", "invalid_content", *KEYED, shown_once=True),
)
async def rotate_secret(
    client_id: FromPath[str],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by api.middleware
) -> Response[NewClientView]:
    """The one before stays good until the next rotation."""
    client, secret = await clients.rotate_secret(work, actor, client_id)
    return Response(NewClientView(client=show_client(client), client_secret=secret), headers=_PRIVATE)


ROUTES = [list_clients, register_client, get_client, change_client, rotate_secret]
