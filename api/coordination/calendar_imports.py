"""Importing calendar files as activities."""

import asyncio
from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from adapters.calendar_files import read_calendar_file
from api.callers.operations import WRITING, operation
from api.coordination.activities import TAGS
from api.dependencies import AnyRequest, Unit
from api.http.request_bodies import read_file
from api.http.resources import DryRun
from api.http.views import NO_STORE, View
from domain.actor import Actor
from domain.coordination.actions import calendar_imports
from domain.coordination.activity import ActivityKind

AsKind = Annotated[ActivityKind, QueryParameter(name="kind", description="What the new activities are")]
ForCampaign = Annotated[UUID | None, QueryParameter(name="campaign", description="Of which campaign they are")]


class CalendarImportView(View, frozen=True, kw_only=True):
    """What changed, or with `dry_run` would: new titles; for known UIDs the names of the fields; what was cancelled."""

    dry_run: bool
    added: tuple[str, ...]
    changed: dict[str, list[str]]
    cancelled: tuple[str, ...]
    unchanged: int


@post(
    "/v1/activities/import",
    status_code=200,
    operation_id="importActivities",
    summary="Nhập lịch (.ics) · Import a calendar file",
    tags=TAGS,
    **operation("activity.manage", "import_refused", "wrong_state", *WRITING),
)
async def import_activities(
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    as_kind: AsKind = "other",
    for_campaign: ForCampaign = None,
    dry_run: DryRun = False,
) -> Response[CalendarImportView]:
    """Import a `text/calendar` file as activities of your organization, all or nothing.

    Entries are known again by their UID: sent again, only what differs is changed, and single
    occurrences are as the file has them. A series that was cut in two here is refused. At most 1,000 entries.
    """
    # In a thread: a large file takes a second, and other requests go on meanwhile.
    events = await asyncio.to_thread(read_calendar_file, await read_file(request, "text/calendar"))
    defaults = calendar_imports.Defaults(as_kind, for_campaign)
    found = await calendar_imports.import_events(work, actor, events, defaults, dry_run=dry_run)
    view = CalendarImportView(
        dry_run=dry_run,
        added=found.added,
        changed=found.changed,
        cancelled=found.cancelled,
        unchanged=found.unchanged,
    )
    return Response(view, headers=NO_STORE)


ROUTES = [import_activities]
