"""The calendar as JSON: everything that touches a range, in the caller's zone."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from msgspec import UNSET, UnsetType

from api.callers.operations import operation
from api.coordination.activities import InDistrict, OfCampaign, OfKind
from api.dependencies import AnyRequest
from api.http.pagination import CursorParameter, Within
from api.http.views import NO_STORE, View
from api.outlets.bookings import AtOutlet
from api.outlets.outlets import Since, Until, range_of
from domain.actor import Actor
from domain.coordination.activity import added_uid
from domain.errors import InvalidParameter
from domain.timing import DEFAULT_ZONE, read_zone
from storage.coordination.calendar import CalendarQuery, CalendarReader, query_of
from storage.postgres.connections import as_uuid

TAGS = ["calendar"]
MAX_RANGE = timedelta(days=3 * 366)
FREE_BUSY_PAGE = 5000
EntryType = Literal["activity", "booking", "assignment"]
InZone = Annotated[str, QueryParameter(description="IANA zone of the times in the answer", max_length=40)]
Mine = Annotated[bool, QueryParameter(description="true: only what the person behind the token has to do")]
PageSize = Annotated[int, QueryParameter(ge=1, le=5000, description="The most entries on a page")]


class CalendarEntry(View, frozen=True, kw_only=True):
    """An occurrence of an activity, a booking, or the due time of an assignment.

    `uid` is the UID of its iCalendar entry. `starts_at` and `ends_at` are in the zone that was asked for; of whole days
    `starts_on` and `ends_on` are the first and the last day, whatever the zone.
    """

    type: EntryType
    id: UUID
    uid: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    state: str
    owner_id: UUID
    cancelled: bool = False
    recurrence_id: str | UnsetType = UNSET
    starts_on: date | UnsetType = UNSET
    ends_on: date | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    campaign_id: UUID | UnsetType = UNSET
    outlet_id: UUID | UnsetType = UNSET
    location: str | UnsetType = UNSET


class CalendarPage(View, frozen=True, kw_only=True):
    """Entries by start; `next` is the cursor of the following page."""

    zone: str
    items: list[CalendarEntry]
    next: str | UnsetType = UNSET


class BusyRange(View, frozen=True, kw_only=True):
    """Time in which something takes place; overlapping entries are one range."""

    starts_at: datetime
    ends_at: datetime


class FreeBusy(View, frozen=True, kw_only=True):
    """The busy ranges of an organization or an outlet, by start."""

    zone: str
    busy: list[BusyRange]


_PAGE = {200: ResponseSpec(CalendarPage, generate_examples=False, description="A page of the calendar")}


def _entry(row: Any, zone: ZoneInfo) -> dict[str, object]:
    """The members of a CalendarEntry. Plain: a page holds thousands, and structs would take as long as the query."""
    (kind_of, identifier, recurrence_id, title, starts_at, ends_at, all_day, start, end, _, state, cancelled, kind,
     owner_id, campaign_id, outlet_id, location, added) = row  # fmt: skip
    name = str(identifier)
    entry: dict[str, object] = {
        "type": kind_of,
        "id": name,
        "uid": str(added_uid(as_uuid(identifier), recurrence_id)) if added else name,
        "title": title,
        "starts_at": starts_at.astimezone(zone),
        "ends_at": ends_at.astimezone(zone),
        "state": state,
        "owner_id": str(owner_id),
    }
    if cancelled:
        entry["cancelled"] = True
    if recurrence_id:
        entry["recurrence_id"] = recurrence_id
    if all_day:
        entry["starts_on"], entry["ends_on"] = start, end
    if kind is not None:
        entry["kind"] = kind
    if campaign_id is not None:
        entry["campaign_id"] = str(campaign_id)
    if outlet_id is not None:
        entry["outlet_id"] = str(outlet_id)
    if location:
        entry["location"] = location
    return entry


def _read_cursor(cursor: str | None) -> tuple[datetime, UUID, str] | None:
    if cursor is None:
        return None
    try:
        at, identifier, place = urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii").split(" ")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(identifier), place.replace("\0", "")
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(parameter="cursor", expected="cursor") from error


def _write_cursor(row: Any) -> str:
    return (
        urlsafe_b64encode(f"{row['starts_at'].isoformat()} {row['id']} {row['recurrence_id']}".encode())
        .rstrip(b"=")
        .decode()
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return read_zone(name)
    except Exception as error:
        raise InvalidParameter(parameter="zone", expected="IANA zone") from error


@get(
    "/v1/calendar",
    operation_id="getCalendar",
    summary="Lịch · The calendar",
    tags=TAGS,
    **operation("calendar.read", also=_PAGE),
)
async def get_calendar(
    request: AnyRequest,
    calendar: NamedDependency[CalendarReader],
    actor: NamedDependency[Actor],
    *,
    since: Since = None,
    until: Until = None,
    zone: InZone = DEFAULT_ZONE,
    of_campaign: OfCampaign = None,
    organization: Within = None,
    at_outlet: AtOutlet = None,
    in_district: InDistrict = None,
    of_kind: OfKind = None,
    mine: Mine = False,
    cursor: CursorParameter = None,
    limit: PageSize = 1000,
) -> Response[bytes]:
    """Read everything that touches a range of at most three years: occurrences, bookings and due times.

    What was cancelled stays for 60 days, as `cancelled`. A filter by campaign, district or kind leaves activities only.
    """
    start, end = range_of(request, since, until, MAX_RANGE)
    shown_in = _zone(zone)
    member = actor.member_id if mine else None
    if mine and member is None:
        raise InvalidParameter(parameter="mine", expected="false")
    query = query_of(
        actor,
        campaign_id=of_campaign,
        organization_id=organization,
        outlet_id=at_outlet,
        district_id=in_district,
        kind=of_kind,
        member_id=member,
    )
    rows = await calendar.list_entries(query, start, end, limit=limit + 1, after=_read_cursor(cursor))
    items = [_entry(row, shown_in) for row in rows[:limit]]
    headers = dict(NO_STORE)
    page: dict[str, object] = {"zone": zone, "items": items}
    if len(rows) > limit:
        page["next"] = following = _write_cursor(rows[limit - 1])
        query_text = urlencode({**request.query_params, "cursor": following, "limit": limit})
        headers["link"] = f'<{request.url.path}?{query_text}>; rel="next"'
    return Response(msgspec.json.encode(page), media_type="application/json", headers=headers)


@get(
    "/v1/calendar/free-busy",
    operation_id="getFreeBusy",
    summary="Lúc bận · Free and busy",
    tags=TAGS,
    **operation("calendar.read"),
)
async def get_free_busy(
    request: AnyRequest,
    calendar: NamedDependency[CalendarReader],
    actor: NamedDependency[Actor],
    *,
    since: Since = None,
    until: Until = None,
    zone: InZone = DEFAULT_ZONE,
    organization: Within = None,
    at_outlet: AtOutlet = None,
) -> Response[FreeBusy]:
    """Read when an organization or an outlet is busy within a range of at most 92 days; of what you may see."""
    first, last = range_of(request, since, until, timedelta(days=92))
    shown_in = _zone(zone)
    query = query_of(actor, organization_id=organization, outlet_id=at_outlet)
    busy: list[tuple[datetime, datetime]] = []
    for row in await _all_entries(calendar, query, first, last):
        if row["cancelled"] or row["type"] == "assignment":
            continue
        start, end = max(row["starts_at"], first), min(row["ends_at"], last)
        if busy and start <= busy[-1][1]:
            busy[-1] = (busy[-1][0], max(busy[-1][1], end))
        else:
            busy.append((start, end))
    ranges = [BusyRange(starts_at=a.astimezone(shown_in), ends_at=b.astimezone(shown_in)) for a, b in busy]
    return Response(FreeBusy(zone=zone, busy=ranges), headers=NO_STORE)


async def _all_entries(calendar: CalendarReader, query: CalendarQuery, start: datetime, end: datetime) -> list[Any]:
    """Every entry of a range, page by page."""
    found: list[Any] = []
    after = None
    while True:
        rows = await calendar.list_entries(query, start, end, limit=FREE_BUSY_PAGE, after=after)
        found += rows
        if len(rows) < FREE_BUSY_PAGE:
            return found
        last = rows[-1]
        after = (last["starts_at"], as_uuid(last["id"]), last["recurrence_id"])


ROUTES = [get_calendar, get_free_busy]
