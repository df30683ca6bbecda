"""The running order of an outlet's day, to read, print or play; and the log of what was really aired."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET

from api.callers.operations import WRITING, operation
from api.dependencies import AnyRequest, Unit, caller_of, services_of
from api.http.instants import check_day
from api.http.request_bodies import read_file
from api.http.resources import DryRun, text_response
from api.http.views import NO_STORE
from api.outlets.views import AsRunReport, AsRunRow, RunningOrder, RunningOrderEntry
from api.representations.running_order import as_m3u, as_text
from domain.actor import Actor
from domain.errors import InvalidParameter, Refusal
from domain.outlets.actions import as_run, outlets
from domain.outlets.actions.as_run import Airing
from domain.outlets.as_run import AsRunFormat, read_log
from domain.timing import day_of, instant_of, read_zone
from storage.outlets.lists import OutletLists

TAGS = ["outlets"]
ScheduleFormat = Literal["json", "text", "m3u"]
OnDay = Annotated[date | None, QueryParameter(name="on", description="Day of the outlet's zone; default: today there")]
AsFormat = Annotated[
    ScheduleFormat | None,
    QueryParameter(name="format", description="Default: by `Accept` (text/plain, audio/x-mpegurl), else json"),
]
LogFormat = Annotated[AsRunFormat, QueryParameter(name="format", description="The program that wrote the log")]
Columns = Annotated[
    str,
    QueryParameter(
        description="Of `csv`: which column holds what, `start=Giờ phát;title=Tên bài`. Fields: start, end, date, "
        "time, title, reach",
        max_length=500,
    ),
]
M3U = "audio/x-mpegurl"
_FORMATS = {
    200: ResponseSpec(RunningOrder, generate_examples=False, description="The running order, in the format asked for")
}


@get(
    "/v1/outlets/{outlet_id:uuid}/schedule",
    operation_id="getSchedule",
    summary="Lịch phát trong ngày · The running order of a day",
    tags=TAGS,
    **operation("outlet.read", also=_FORMATS),
)
async def get_schedule(
    outlet_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    outlet_lists: NamedDependency[OutletLists],
    *,
    on_day: OnDay = None,
    as_format: AsFormat = None,
) -> Response[Any]:
    """Read what an outlet airs on a day, with signed addresses of the audio that you may read.

    As text to print, as M3U for a player. Addresses work for some minutes: read the order again before playing.
    """
    outlet = await outlets.read(work, actor, outlet_id)
    zone, now = read_zone(outlet.profile.zone), services_of(request).clock.now()
    day = check_day("on", on_day) or day_of(now, zone)
    midnight = datetime.combine(day, time())
    start, end = instant_of(midnight, zone), instant_of(midnight + timedelta(days=1), zone)
    rows = await outlet_lists.running_order(outlet_id, start, end)
    items = [await _entry(request, row, now) for row in rows]
    order = RunningOrder(outlet_id=outlet_id, on=day, zone=outlet.profile.zone, items=items)
    match as_format or _accepted(request.headers.get("accept", "")):
        case "text":
            return text_response(as_text(order, outlet.profile.name).encode(), "text/plain")
        case "m3u":
            return text_response(as_m3u(order).encode(), M3U, f"{day}.m3u8")
        case _:
            return Response(order, headers=NO_STORE)


def _accepted(accept: str) -> ScheduleFormat:
    kinds = [each.partition(";")[0].strip() for each in accept.split(",")]
    return (
        "text" if kinds[0] == "text/plain" else "m3u" if kinds[0] in (M3U, "application/vnd.apple.mpegurl") else "json"
    )


async def _entry(request: AnyRequest, row: dict[str, Any], now: datetime) -> RunningOrderEntry:
    """One booking of the day; giving the address of its audio counts as a download."""
    services, caller = services_of(request), caller_of(request)
    names = set(RunningOrderEntry.__struct_fields__)
    values = {name: value for name, value in row.items() if name in names}
    if "asset_id" in row:
        try:
            asset = await services.published.get_media(caller.access, row["asset_id"])
        except Refusal:
            pass
        else:
            url, _ = services.addresses.address(asset)
            services.ledger.record_download(caller.actor, asset_id=asset.id)
            works = timedelta(seconds=services.settings.media_address_seconds // 2)
            values |= {"audio_url": url, "audio_url_expires_at": now + works}
    return RunningOrderEntry(booking_id=row["id"], **values)


@post(
    "/v1/outlets/{outlet_id:uuid}/as-run",
    status_code=200,
    operation_id="importAsRunLog",
    summary="Nhập nhật ký phát sóng · Import an as-run log",
    tags=["placements"],
    **operation("placement.report", "import_refused", *WRITING),
)
async def import_as_run_log(
    outlet_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    actor: NamedDependency[Actor],
    *,
    log_format: LogFormat = "csv",
    columns: Columns = "",
    dry_run: DryRun = False,
) -> Response[AsRunReport]:
    """Record what a playout program says it aired: LibreTime, AzuraCast, Rivendell, or any CSV with a mapping.

    Times are wall times where the outlet is. Titles are matched to materials that you may read, by title, slug or id;
    other lines are reported as `unknown`. The same log again records nothing twice.
    """
    raw = await read_file(request, "text/csv", "text/plain")
    lines = read_log(raw, log_format, _mapping(columns))
    found = await as_run.import_log(work, actor, outlet_id, lines, dry_run=dry_run)
    rows = [_as_run_row(each) for each in found.airings]
    report = AsRunReport(
        dry_run=dry_run,
        recorded=sum(each.new for each in found.airings),
        known=sum(each.placement is not None and not each.new for each in found.airings),
        unknown=sum(each.material_id is None for each in found.airings),
        rows=rows,
        not_aired=found.not_aired,
    )
    return Response(report, headers=NO_STORE)


def _mapping(text: str) -> dict[str, str]:
    pairs: Sequence[tuple[str, str, str]] = [each.partition("=") for each in text.split(";") if each]
    if any(not separator or not title for _, separator, title in pairs):
        raise InvalidParameter(parameter="columns", expected="field=title;…")
    return {field.strip(): title.strip() for field, _, title in pairs}


def _as_run_row(airing: Airing) -> AsRunRow:
    placement = airing.placement
    late = None if placement is None else placement.late_seconds
    return AsRunRow(
        row=airing.line.row,
        starts_at=airing.starts_at,
        title=airing.line.title,
        outcome=(airing.refused or "unknown") if placement is None else placement.outcome,
        placement_id=UNSET if placement is None else placement.id,
        material_id=UNSET if placement is None else placement.report.material_id,
        late_seconds=UNSET if late is None else late,
    )


ROUTES = [get_schedule, import_as_run_log]
