"""OAuth clients: registered, changed, given secrets, disabled by staff."""

import msgspec
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, known_revision, operation
from api.dependencies import AnyRequest, Unit
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_cursor
from api.http.request_bodies import StrictBody, given_fields
from api.http.views import NO_STORE
from api.identity.views import ClientList, ClientPatch, ClientRequest, ClientView, RegisteredClientView, show_client
from domain.actor import Actor
from domain.errors import NotFound
from domain.identity.actions import clients
from domain.identity.client import ClientPlan
from storage.identity.lists import ClientLists

TAGS = ["clients"]


@get(
    "/v1/clients",
    operation_id="listClients",
    summary="Các ứng dụng · Clients",
    tags=TAGS,
    **operation("client.read"),
)
async def list_clients(
    request: AnyRequest,
    client_lists: NamedDependency[ClientLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    within: Within = None,
) -> Response[ClientList]:
    """List the clients you may manage, with when and from which channel each last pulled."""
    rows = await client_lists.page(actor, after=read_cursor(cursor, str), organization=within, limit=limit + 1)
    return page_of(request, ClientList, ClientView, rows, limit)


@post(
    "/v1/clients",
    dto=StrictBody[ClientRequest],
    return_dto=None,
    operation_id="registerClient",
    summary="Đăng ký ứng dụng · Register a client",
    tags=TAGS,
    **operation("client.manage", *WRITING, *KEYED, shown_once=True),
)
async def register_client(
    data: JSONBody[ClientRequest],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[RegisteredClientView]:
    """Register a machine or an app. Its secret is shown once."""
    plan = ClientPlan(**given_fields(data) | {"scopes": frozenset(data.scopes)})
    client, secret = await clients.register(work, actor, plan)
    view = RegisteredClientView(client=show_client(client), client_secret=secret or msgspec.UNSET)
    headers = NO_STORE | {"etag": f'"{client.revision}"', "location": f"/v1/clients/{client.id}"}
    return Response(view, headers=headers)


@get(
    "/v1/clients/{client_id:str}",
    operation_id="getClient",
    summary="Một ứng dụng · One client",
    tags=TAGS,
    **operation("client.read"),
)
async def get_client(
    client_id: FromPath[str], client_lists: NamedDependency[ClientLists], actor: NamedDependency[Actor]
) -> Response[ClientView]:
    """Read one client. A change must send its ETag."""
    rows = await client_lists.page(actor, one=client_id, limit=1)
    if not rows:
        raise NotFound
    headers = NO_STORE | {"etag": f'"{rows[0]["revision"]}"'}
    return Response(msgspec.convert(rows[0], ClientView), headers=headers)


@patch(
    "/v1/clients/{client_id:str}",
    dto=StrictBody[ClientPatch],
    return_dto=None,
    operation_id="changeClient",
    summary="Sửa hoặc tắt ứng dụng · Change or disable a client",
    tags=TAGS,
    **operation("client.manage", *CHANGING, *WRITING),
)
async def change_client(
    client_id: FromPath[str],
    data: JSONBody[ClientPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[ClientView]:
    """Change or disable a client. A disabled client is out within five seconds."""
    changes = given_fields(data)
    if "scopes" in changes:
        changes["scopes"] = frozenset(changes["scopes"])
    changed = await clients.change(work, actor, client_id, known_revision(if_match), changes)
    return Response(show_client(changed), headers=NO_STORE | {"etag": f'"{changed.revision}"'})


@post(
    "/v1/clients/{client_id:str}/secrets",
    operation_id="rotateClientSecret",
    summary="Mật khẩu mới cho ứng dụng · A new secret",
    tags=TAGS,
    **operation("client.manage", "invalid_content", "stale_version", *KEYED, shown_once=True),
)
async def rotate_secret(
    client_id: FromPath[str],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[RegisteredClientView]:
    """Make a new secret. The one before stays valid until the next rotation."""
    client, secret = await clients.rotate_secret(work, actor, client_id)
    return Response(RegisteredClientView(client=show_client(client), client_secret=secret), headers=NO_STORE)


ROUTES = [list_clients, register_client, get_client, change_client, rotate_secret]
