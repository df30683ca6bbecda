"""Subscribable calendars: addresses with a token, and the iCalendar that they serve."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter
from msgspec import UNSET, UnsetType

from api.cache.responses import mark_cacheable
from api.callers.operations import KEYED, WRITING, IdempotencyKey, operation
from api.dependencies import AnyRequest, Unit, context_of, services_of
from api.http.conditional import NOT_MODIFIED, IfNoneMatch, etag_matches
from api.http.content_coding import mark_compressible
from api.http.pagination import CursorParameter, Limit, page_of, read_page_cursor
from api.http.ready_response import ReadyResponse
from api.http.request_bodies import StrictBody
from api.http.views import NO_STORE, View
from domain.actor import Actor
from domain.coordination.actions import calendar_feeds
from domain.coordination.calendar_feed import CalendarFeedRequest
from runtime.settings import Settings
from storage.coordination.lists import CalendarFeedLists
from storage.postgres.unit_of_work import CALENDAR

TAGS = ["calendar"]
CACHE_CONTROL = "private, max-age=300"
FeedToken = Annotated[str, PathParameter(description="The secret of the address", max_length=100)]
_CALENDAR_FILE = {
    200: ResponseSpec(bytes, generate_examples=False, description="The calendar", media_type="text/calendar")
}


class CalendarFeedView(View, frozen=True, kw_only=True):
    """A feed. Its address is not shown again."""

    id: UUID
    owner_id: UUID
    request: CalendarFeedRequest
    created_at: datetime
    member_id: UUID | UnsetType = UNSET
    revoked_at: datetime | UnsetType = UNSET


class NewCalendarFeedView(View, frozen=True, kw_only=True):
    """`url` is shown once: whoever has it reads the calendar."""

    id: UUID
    request: CalendarFeedRequest
    url: str
    created_at: datetime


class CalendarFeedList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[CalendarFeedView]
    next: str | UnsetType = UNSET


@get(
    "/v1/calendar-feeds",
    operation_id="listCalendarFeeds",
    summary="Địa chỉ lịch · Calendar feeds",
    tags=TAGS,
    **operation("calendar.subscribe"),
)
async def list_calendar_feeds(
    request: AnyRequest,
    calendar_feed_lists: NamedDependency[CalendarFeedLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
) -> Response[CalendarFeedList]:
    """List your calendar feeds; coordinators see those of everybody they reach. Addresses are not shown again."""
    rows = await calendar_feed_lists.page(actor, after=read_page_cursor(cursor), limit=limit + 1)
    return page_of(request, CalendarFeedList, CalendarFeedView, rows, limit)


@post(
    "/v1/calendar-feeds",
    dto=StrictBody[CalendarFeedRequest],
    return_dto=None,
    operation_id="createCalendarFeed",
    summary="Tạo địa chỉ lịch · Make a calendar feed",
    tags=TAGS,
    **operation("calendar.subscribe", *WRITING, *KEYED, shown_once=True),
)
async def create_calendar_feed(
    data: JSONBody[CalendarFeedRequest],
    work: Unit,
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[NewCalendarFeedView]:
    """Make an address that any calendar program can subscribe to. It is shown once; revoke it when it gets about."""
    feed, token = await calendar_feeds.create(work, actor, data)
    view = NewCalendarFeedView(
        id=feed.id,
        request=feed.request,
        url=f"{settings.public_url}/f/{token}/calendar.ics",
        created_at=feed.created_at,
    )
    return Response(view, headers=NO_STORE)


@delete(
    "/v1/calendar-feeds/{feed_id:uuid}",
    status_code=204,
    operation_id="revokeCalendarFeed",
    summary="Thu hồi địa chỉ lịch · Revoke a calendar feed",
    tags=TAGS,
    **operation("calendar.subscribe", "stale_version"),
)
async def revoke_calendar_feed(feed_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> None:
    """Revoke a feed. Its address is gone at once; twice is the same as once."""
    await calendar_feeds.revoke(work, actor, feed_id)


@get(
    "/f/{token:str}/calendar.ics",
    operation_id="getCalendarFile",
    summary="Tệp lịch iCalendar · The iCalendar file",
    tags=TAGS,
    **operation("open", also=_CALENDAR_FILE | NOT_MODIFIED),
)
async def get_calendar_file(
    token: FeedToken, request: AnyRequest, if_none_match: IfNoneMatch = None
) -> Response[bytes]:
    """Read a calendar as iCalendar (RFC 5545), for calendar programs. Whoever has the address may read it."""
    services, rendered = services_of(request), context_of(request).rendered_calendars
    subscribed = await services.calendar.get_feed(calendar_feeds.token_hash(token))
    stamp, body = await rendered.get(services.calendar, subscribed)
    mark_compressible(request.scope["state"])
    mark_cacheable(request.scope["state"], CALENDAR)
    etag = f'"{stamp}"'
    headers = {"etag": etag, "cache-control": CACHE_CONTROL, "vary": "Accept-Encoding"}
    if etag_matches(if_none_match, etag):
        return ReadyResponse(b"", status_code=304, headers=headers)
    headers |= {"content-type": "text/calendar; charset=utf-8", "content-disposition": 'inline; filename="lich.ics"'}
    return ReadyResponse(body, headers=headers)


ROUTES = [list_calendar_feeds, create_calendar_feed, revoke_calendar_feed, get_calendar_file]
