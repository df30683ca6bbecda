"""The audit trail."""

from datetime import datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.callers.operations import operation
from api.dependencies import AnyRequest
from api.http.pagination import CursorParameter, Limit, page_of, read_cursor
from api.identity.views import AuditEntryView, AuditList
from domain.errors import InvalidParameter
from storage.audit.lists import AuditLists

Text = Annotated[str | None, QueryParameter(max_length=200, description="Exactly this target")]
Time = Annotated[datetime | None, QueryParameter(description="RFC 3339, with a zone")]


@get(
    "/v1/audit",
    operation_id="listAudit",
    summary="Nhật ký · The audit trail",
    tags=["audit"],
    **operation("audit.read"),
)
async def list_audit(
    request: AnyRequest,
    audit_lists: NamedDependency[AuditLists],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    by: Annotated[str | None, QueryParameter(name="actor", max_length=200, description="Exactly this actor")] = None,
    target: Text = None,
    since: Time = None,
    until: Time = None,
) -> Response[AuditList]:
    """List the audit trail, newest first. `actor` is like `member:…` or `client:…`, `target` like `material:…`."""
    for name, time in (("since", since), ("until", until)):
        if time is not None and time.tzinfo is None:
            raise InvalidParameter(parameter=name, expected="datetime")
    for name, text in (("actor", by), ("target", target)):
        if "\0" in (text or ""):
            raise InvalidParameter(parameter=name, expected="str")
    rows = await audit_lists.page(
        after=read_cursor(cursor, _place), actor=by, target=target, since=since, until=until, limit=limit + 1
    )
    return page_of(request, AuditList, AuditEntryView, rows, limit)


def _place(text: str) -> int:
    place = int(text)
    if not 0 <= place < 2**62:
        raise InvalidParameter(parameter="cursor", expected="cursor")
    return place


ROUTES = [list_audit]
