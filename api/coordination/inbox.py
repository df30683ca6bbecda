"""The inbox of the caller: what its organization or the person must know."""

from datetime import datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.callers.operations import operation
from api.http.views import NO_STORE, View
from domain.actor import Actor
from domain.coordination.inbox import InboxKind
from storage.coordination.lists import InboxReader

Since = Annotated[str | None, QueryParameter(description="`next` of the page before; absent: from the beginning")]
PageSize = Annotated[int, QueryParameter(ge=1, le=500, description="The most entries on a page")]


class InboxEntryView(View, frozen=True, kw_only=True):
    """The last state of one matter. `href`: the resource that it is about. `answered`: of a takedown."""

    seq: int
    kind: InboxKind
    target: str
    href: str
    at: datetime
    note: str = ""
    answered: bool = False


class InboxPage(View, frozen=True, kw_only=True):
    """Request again with `since` = `next`; at once while `more` is true. The same rules as the change feed's."""

    entries: list[InboxEntryView]
    next: str
    more: bool


_PATHS = {
    "assignment": "/v1/assignments/",
    "activity": "/v1/activities/",
    "takedown": "/v1/takedowns/",
    "booking": "/v1/bookings/",
}


def _href(target: str) -> str:
    noun, _, identifier = target.partition(":")
    return f"{_PATHS[noun]}{identifier}"


@get(
    "/v1/me/inbox",
    operation_id="getInbox",
    summary="Hộp việc · The inbox",
    tags=["assignments"],
    **operation("inbox.read", "cursor_invalid", "cursor_expired"),
)
async def get_inbox(
    inbox_reader: NamedDependency[InboxReader],
    actor: NamedDependency[Actor],
    *,
    since: Since = None,
    limit: PageSize = 100,
) -> Response[InboxPage]:
    """Read assignments, changes, reminders, cancelled bookings and takedowns that wait, each matter in its last state.

    Entries are in commit order: with the cursor of the page before nothing is missed.
    """
    rows, cursor = await inbox_reader.page(actor, since, limit)
    entries = [InboxEntryView(**row, href=_href(row["target"])) for row in rows]
    return Response(InboxPage(entries=entries, next=cursor, more=len(rows) == limit), headers=NO_STORE)


ROUTES = [get_inbox]
