"""Who is in the programme: the tree of organizations, exchanged as CSV or JSON."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import WRITING, operation
from api.content.views import OrganizationList, OrganizationView
from api.dependencies import Parts, Unit
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, convert, read_json
from api.identity.views import DifferenceView, OrganizationDetail, Succession, show_organization
from domain.actor import Actor
from domain.errors import MalformedRequest, UnsupportedMediaType
from domain.identity.actions import organizations
from domain.identity.directory import Line, lines_of, read_csv, write_csv

TAGS = ["organizations"]
Asked = Request[Any, Any, Any]


@get(
    "/v1/organizations",
    operation_id="listOrganizations",
    summary="Các đơn vị · Organizations",
    tags=TAGS,
    **operation("organization.list"),
)
async def list_organizations(
    request: Asked, parts: NamedDependency[Parts], *, cursor: CursorParameter = None, limit: Limit = 50
) -> Response[OrganizationList]:
    """Everybody in the programme."""
    rows = await parts.desk.organizations(after=read_page_cursor(cursor), limit=limit + 1)
    return page_of(request, OrganizationList, OrganizationView, rows, limit)


@get(
    "/v1/organizations/{organization_id:uuid}",
    operation_id="getOrganization",
    summary="Một đơn vị · One organization",
    tags=TAGS,
    **operation("organization.list"),
)
async def get_organization(organization_id: FromPath[UUID], work: Unit) -> Response[OrganizationDetail]:
    """Its place in the tree, when it is active, and who follows it."""
    async with work:
        found = await work.organizations.get(organization_id)
    return Response(show_organization(found), headers={"cache-control": "no-store"})


@get(
    "/v1/organizations/export",
    operation_id="exportOrganizations",
    summary="Xuất danh sách đơn vị · Export the organizations",
    tags=TAGS,
    **operation("organization.manage"),
)
async def export_organizations(
    work: Unit,
    *,
    kind: Annotated[Literal["csv", "json"], QueryParameter(name="format", description="csv, json")] = "json",
) -> Response[Any]:
    """The list that `importOrganizations` reads: parents and successors by their codes."""
    async with work:
        lines = lines_of(await work.organizations.all())
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="organizations.{kind}"'}
    if kind == "csv":
        return Response(write_csv(lines).encode(), media_type="text/csv", headers=headers)
    return Response(msgspec.json.encode(lines), media_type="application/json", headers=headers)


@post(
    "/v1/organizations/import",
    status_code=200,
    operation_id="importOrganizations",
    summary="Nhập danh sách đơn vị · Import organizations",
    tags=TAGS,
    **operation("organization.manage", *WRITING),
)
async def import_organizations(
    request: Asked,
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    dry_run: Annotated[bool, QueryParameter(description="true: only say what would change")] = False,
) -> Response[DifferenceView]:
    """A JSON list or `text/csv`, all or nothing. Organizations that it does not name stay as they are."""
    lines = await _lines(request)
    found = await organizations.import_lines(work, actor, lines, dry_run=dry_run)
    told = DifferenceView(dry_run=dry_run, added=list(found.added), changed=found.changed, unchanged=found.unchanged)
    return Response(told, headers={"cache-control": "no-store"})


async def _lines(request: Asked) -> list[Line]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if kind == "application/json":
        return convert(read_json(raw), list[Line])
    if kind != "text/csv":
        raise UnsupportedMediaType(expected="application/json, text/csv")
    try:
        return read_csv(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedRequest(reason="UTF-8") from error


@post(
    "/v1/organizations/{organization_id:uuid}/succession",
    dto=StrictBody[Succession],
    return_dto=None,
    status_code=200,
    operation_id="succeedOrganization",
    summary="Đơn vị kế thừa · Let another take the place",
    tags=TAGS,
    **operation("organization.manage", "wrong_state", *WRITING),
)
async def succeed_organization(
    organization_id: FromPath[UUID], data: JSONBody[Succession], work: Unit, actor: NamedDependency[Actor]
) -> Response[OrganizationDetail]:
    """Members, apps, grants, open obligations and drafts move; what was done stays under the old name."""
    changed = await organizations.succeed(work, actor, organization_id, data.successor_id)
    return Response(show_organization(changed), headers={"cache-control": "no-store"})


ROUTES = [
    list_organizations, export_organizations, get_organization, import_organizations, succeed_organization,
]  # fmt: skip
