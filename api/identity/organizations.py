"""Organizations: the programme's tree, exchanged as CSV or JSON."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.callers.operations import WRITING, operation
from api.dependencies import AnyRequest, Unit
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, convert, read_json
from api.http.resources import TableFormat
from api.http.views import NO_STORE
from api.identity.views import (
    ImportReportView,
    OrganizationList,
    OrganizationSummary,
    OrganizationView,
    SuccessionRequest,
    show_organization,
)
from domain.actor import Actor
from domain.errors import BodyRequired, MalformedRequest, UnsupportedMediaType
from domain.identity.actions import organizations
from domain.identity.directory import OrganizationRow, read_csv, write_csv
from storage.identity.lists import OrganizationLists

TAGS = ["organizations"]


@get(
    "/v1/organizations",
    operation_id="listOrganizations",
    summary="Các đơn vị · Organizations",
    tags=TAGS,
    **operation("organization.list"),
)
async def list_organizations(
    request: AnyRequest,
    organization_lists: NamedDependency[OrganizationLists],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
) -> Response[OrganizationList]:
    """List every organization of the programme, oldest first."""
    rows = await organization_lists.page(after=read_page_cursor(cursor), limit=limit + 1)
    return page_of(request, OrganizationList, OrganizationSummary, rows, limit)


@get(
    "/v1/organizations/{organization_id:uuid}",
    operation_id="getOrganization",
    summary="Một đơn vị · One organization",
    tags=TAGS,
    **operation("organization.list"),
)
async def get_organization(organization_id: FromPath[UUID], work: Unit) -> Response[OrganizationView]:
    """Read one organization: its parent, when it is active, and its successor."""
    async with work:
        found = await work.organizations.get(organization_id)
    return Response(show_organization(found), headers=NO_STORE)


@get(
    "/v1/organizations/export",
    operation_id="exportOrganizations",
    summary="Xuất danh sách đơn vị · Export the organizations",
    tags=TAGS,
    **operation("organization.manage"),
)
async def export_organizations(
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    kind: Annotated[TableFormat, QueryParameter(name="format", description="csv, json")] = "json",
) -> Response[Any]:
    """Export the table that `importOrganizations` reads: parents and successors by their codes."""
    rows = await organizations.export_rows(work, actor)
    headers = NO_STORE | {"content-disposition": f'attachment; filename="organizations.{kind}"'}
    if kind == "csv":
        return Response(write_csv(rows).encode(), media_type="text/csv", headers=headers)
    return Response(msgspec.json.encode(rows), media_type="application/json", headers=headers)


@post(
    "/v1/organizations/import",
    status_code=200,
    operation_id="importOrganizations",
    summary="Nhập danh sách đơn vị · Import organizations",
    tags=TAGS,
    **operation("organization.manage", *WRITING),
)
async def import_organizations(
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    dry_run: Annotated[bool, QueryParameter(description="true: only say what would change")] = False,
) -> Response[ImportReportView]:
    """Import a JSON list or `text/csv`, all or nothing. Organizations that it does not name stay as they are."""
    rows = await _rows(request)
    found = await organizations.import_rows(work, actor, rows, dry_run=dry_run)
    report = ImportReportView(
        dry_run=dry_run, added=list(found.added), changed=found.changed, unchanged=found.unchanged
    )
    return Response(report, headers=NO_STORE)


async def _rows(request: AnyRequest) -> list[OrganizationRow]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if not raw:
        raise BodyRequired
    if kind == "application/json":
        return convert(read_json(raw), list[OrganizationRow])
    if kind != "text/csv":
        raise UnsupportedMediaType(expected="application/json, text/csv")
    try:
        return read_csv(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedRequest(reason="UTF-8") from error


@post(
    "/v1/organizations/{organization_id:uuid}/succession",
    dto=StrictBody[SuccessionRequest],
    return_dto=None,
    status_code=200,
    operation_id="succeedOrganization",
    summary="Đơn vị kế thừa · Let another take the place",
    tags=TAGS,
    **operation("organization.manage", "wrong_state", *WRITING),
)
async def succeed_organization(
    organization_id: FromPath[UUID], data: JSONBody[SuccessionRequest], work: Unit, actor: NamedDependency[Actor]
) -> Response[OrganizationView]:
    """Let another organization take the place: members, apps, grants, open obligations and drafts move to it.

    What was done stays under the old name.
    """
    changed = await organizations.succeed(work, actor, organization_id, data.successor_id)
    return Response(show_organization(changed), headers=NO_STORE)


ROUTES = [
    list_organizations, export_organizations, get_organization, import_organizations, succeed_organization,
]  # fmt: skip
