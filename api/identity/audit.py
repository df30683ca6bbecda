"""Who did what: the audit trail."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.callers.operations import operation
from api.dependencies import Parts
from api.http.pagination import CursorParameter, Limit, page_of, read_cursor
from api.identity.views import AuditList, AuditView
from domain.errors import UnknownParameter

Text = Annotated[str | None, QueryParameter(max_length=200, description="Exactly this")]
Time = Annotated[datetime | None, QueryParameter(description="RFC 3339, with a zone")]


@get(
    "/v1/audit",
    operation_id="listAudit",
    summary="Nhật ký · The audit trail",
    tags=["audit"],
    **operation("audit.read"),
)
async def list_audit(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    who: Annotated[str | None, QueryParameter(name="actor", max_length=200, description="Exactly this actor")] = None,
    thing: Text = None,
    since: Time = None,
    until: Time = None,
) -> Response[AuditList]:
    """Newest first. `actor` is like `member:…` or `client:…`, `thing` like `material:…`."""
    for name, time in (("since", since), ("until", until)):
        if time is not None and time.tzinfo is None:
            raise UnknownParameter(parameter=name)
    if any("\0" in (text or "") for text in (who, thing)):
        raise UnknownParameter(parameter="actor")
    rows = await parts.directory.audit(
        after=read_cursor(cursor, _place), actor=who, thing=thing, since=since, until=until, limit=limit + 1
    )
    return page_of(request, AuditList, AuditView, rows, limit)


def _place(text: str) -> int:
    place = int(text)
    if not 0 <= place < 2**62:
        raise UnknownParameter(parameter="cursor")
    return place


ROUTES = [list_audit]
