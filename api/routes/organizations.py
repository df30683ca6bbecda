"""Who is in the programme."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from api.dependencies import Parts
from api.operations import operation
from api.pages import CursorParameter, Limit, page_of, read_page_cursor
from api.views import OrganizationList, OrganizationView

TAGS = ["identity"]


@get(
    "/v1/organizations",
    operation_id="listOrganizations",
    summary="Các đơn vị · Organizations",
    tags=TAGS,
    **operation("organization.list"),
)
async def list_organizations(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
) -> Response[OrganizationList]:
    """Everybody in the programme."""
    rows = await parts.desk.organizations(after=read_page_cursor(cursor), limit=limit + 1)
    return page_of(request, OrganizationList, OrganizationView, rows, limit)


ROUTES = [list_organizations]
