"""Overviews: figures, each with the list behind it."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from api.callers.operations import operation
from api.dependencies import AnyRequest, Unit, services_of
from api.http.resources import TableFormat, text_response
from api.http.views import NO_STORE, View
from domain.actor import Actor
from domain.coordination.actions import campaigns
from domain.coordination.campaign import Goal
from domain.timing import DEFAULT_ZONE, day_of, read_zone
from storage.coordination.overview import OverviewReader

TAGS = ["campaigns"]
AsFormat = Annotated[TableFormat, QueryParameter(name="format", description="json, csv")]
Weeks = Annotated[int, QueryParameter(ge=1, le=26, description="How many weeks ahead")]
_ZONE = read_zone(DEFAULT_ZONE)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class Figure(View, frozen=True, kw_only=True):
    """A number, and the list that it is the length of."""

    count: int
    href: str


class CoverageCell(View, frozen=True, kw_only=True):
    """Activities with a topic in a district in a week (its Monday)."""

    district_id: UUID
    district: str
    topic: str
    week: date
    count: int
    href: str


class PlacementFigure(View, frozen=True, kw_only=True):
    """Placements and the sum of their reach."""

    count: int
    reach: int
    href: str


class CampaignOverview(View, frozen=True, kw_only=True):
    """A campaign in numbers. `coverage` holds only what there is: a cell that is not named is empty."""

    campaign_id: UUID
    goals: tuple[Goal, ...]
    activities: dict[str, Figure]
    assignments: dict[str, Figure]
    overdue: Figure
    coverage: list[CoverageCell]
    placements: PlacementFigure


class Gap(View, frozen=True, kw_only=True):
    """What a running campaign promises for a district, a topic, an audience and a week, and no activity keeps."""

    campaign_id: UUID
    campaign: str
    district_id: UUID
    district: str
    topic: str
    audience: str
    week: date
    href: str


class IdleOutlet(View, frozen=True, kw_only=True):
    """Nothing booked ahead and nothing reported for four weeks."""

    id: UUID
    name: str
    organization: str
    href: str


class Conflict(View, frozen=True, kw_only=True):
    """Two activities at the same spot at the same time."""

    activity_id: UUID
    title: str
    other_id: UUID
    other_title: str
    starts_at: datetime
    location: str
    href: str


class CampaignProgress(View, frozen=True, kw_only=True):
    """A running campaign with less of it done than of its time is over, in percent."""

    campaign_id: UUID
    title: str
    expected_percent: int
    done_percent: int
    href: str


class Gaps(View, frozen=True, kw_only=True):
    """`count` of all, the first 500 in `items`."""

    count: int
    items: list[Gap]


class IdleOutlets(View, frozen=True, kw_only=True):
    """`count` of all, the first 500 in `items`."""

    count: int
    items: list[IdleOutlet]


class Conflicts(View, frozen=True, kw_only=True):
    """`count` of all, the first 500 in `items`."""

    count: int
    items: list[Conflict]


class CoordinationOverview(View, frozen=True, kw_only=True):
    """What needs the coordinator now, for the weeks `first_week` to `last_week` (Mondays)."""

    first_week: date
    last_week: date
    overdue: Figure
    unanswered: Figure
    uncovered: Gaps
    idle_outlets: IdleOutlets
    conflicts: Conflicts
    behind_plan: list[CampaignProgress]


def _href(path: str, **query: object) -> str:
    return f"{path}?{urlencode(query)}"


def _week(monday: date) -> dict[str, str]:
    """The instants of a week in the programme's zone, as query parameters."""
    start = datetime.combine(monday, datetime.min.time()).replace(tzinfo=_ZONE)
    return {"from": start.isoformat(), "to": (start + timedelta(days=7)).isoformat()}


@get(
    "/v1/campaigns/{campaign_id:uuid}/overview",
    operation_id="getCampaignOverview",
    summary="Chiến dịch qua con số · A campaign in numbers",
    tags=TAGS,
    **operation("campaign.read"),
)
async def get_campaign_overview(
    campaign_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    overview: NamedDependency[OverviewReader],
    actor: NamedDependency[Actor],
) -> Response[CampaignOverview]:
    """Read a campaign in numbers; every figure links to the list behind it, and counts what you may see."""
    campaign = await campaigns.read(work, actor, campaign_id)
    found = await overview.campaign(actor, campaign_id, services_of(request).clock.now())

    def by_state(name: str) -> dict[str, Figure]:
        return {
            row["state"]: Figure(
                count=row["count"], href=_href(f"/v1/{name}", campaign=campaign_id, state=row["state"])
            )
            for row in found[name]
        }

    cells = [
        CoverageCell(
            **row,
            href=_href(
                "/v1/activities",
                campaign=campaign_id,
                district=row["district_id"],
                topic=row["topic"],
                **_week(row["week"]),
            ),
        )
        for row in found["coverage"]
    ]
    view = CampaignOverview(
        campaign_id=campaign_id,
        goals=campaign.plan.goals,
        activities=by_state("activities"),
        assignments=by_state("assignments"),
        overdue=Figure(
            count=found["overdue"][0]["count"], href=_href("/v1/assignments", campaign=campaign_id, overdue="true")
        ),
        coverage=cells,
        placements=PlacementFigure(**found["placements"][0], href=f"/v1/campaigns/{campaign_id}/placements"),
    )
    return Response(view, headers=NO_STORE)


@get(
    "/v1/coordination/overview",
    operation_id="getCoordinationOverview",
    summary="Việc cần điều phối · What needs the coordinator",
    tags=TAGS,
    **operation(
        "coordination.overview",
        also={200: ResponseSpec(CoordinationOverview, generate_examples=False, description="The overview")},
    ),
)
async def get_coordination_overview(
    request: AnyRequest,
    overview: NamedDependency[OverviewReader],
    actor: NamedDependency[Actor],
    *,
    weeks: Weeks = 4,
    as_format: AsFormat = "json",
) -> Response[Any]:
    """Read what is overdue, unanswered, uncovered, idle, in conflict or behind plan. As CSV for a spreadsheet."""
    now = services_of(request).clock.now()
    today = day_of(now, _ZONE)
    first = today - timedelta(days=today.weekday())
    last = first + timedelta(weeks=weeks - 1)
    view = _show(await overview.programme(actor, now, today, last), first, last)
    if as_format == "csv":
        return text_response(_csv(view), "text/csv", f"dieu-phoi-{today}.csv")
    return Response(view, headers=NO_STORE)


def _total(rows: Sequence[dict[str, Any]]) -> int:
    return int(rows[0]["total"]) if rows else 0


def _show(found: dict[str, list[dict[str, Any]]], first: date, last: date) -> CoordinationOverview:
    gaps = [_gap(row) for row in found["uncovered"]]
    idle = [
        IdleOutlet(id=row["id"], name=row["name"], organization=row["organization"], href=f"/v1/outlets/{row['id']}")
        for row in found["idle_outlets"]
    ]
    conflicts = [
        Conflict(**{k: v for k, v in row.items() if k != "total"}, href=f"/v1/activities/{row['activity_id']}")
        for row in found["conflicts"]
    ]
    behind = [each for row in found["behind"] if (each := _progress(row)).done_percent < each.expected_percent]
    return CoordinationOverview(
        first_week=first,
        last_week=last,
        overdue=Figure(count=found["overdue"][0]["count"], href=_href("/v1/assignments", overdue="true")),
        unanswered=Figure(count=found["unanswered"][0]["count"], href=_href("/v1/assignments", unanswered="true")),
        uncovered=Gaps(count=_total(found["uncovered"]), items=gaps),
        idle_outlets=IdleOutlets(count=_total(found["idle_outlets"]), items=idle),
        conflicts=Conflicts(count=_total(found["conflicts"]), items=conflicts),
        behind_plan=behind,
    )


def _gap(row: dict[str, Any]) -> Gap:
    filters = {"district": row["district"], "topic": row["topic"], "audience": row["audience"]}
    return Gap(
        campaign_id=row["campaign_id"],
        campaign=row["campaign"],
        district_id=row["district"],
        district=row["name"],
        topic=row["topic"],
        audience=row["audience"],
        week=row["week"],
        href=_href("/v1/activities", **filters, **_week(row["week"])),
    )


def _progress(row: dict[str, Any]) -> CampaignProgress:
    done = 100 * row["done"] // row["planned"] if row["planned"] else 0
    return CampaignProgress(
        campaign_id=row["id"],
        title=row["title"],
        expected_percent=row["expected"],
        done_percent=done,
        href=f"/v1/campaigns/{row['id']}/overview",
    )


class _SafeWriter:
    """Writes rows of which no cell is taken for a formula: titles come from other organizations."""

    def __init__(self, out: io.StringIO) -> None:
        self._writer = csv.writer(out, lineterminator="\r\n")

    def writerow(self, cells: Sequence[object]) -> None:
        texts = [str(cell) for cell in cells]
        self._writer.writerow([f"'{text}" if text[:1] in _FORMULAS else text for text in texts])


def _csv(view: CoordinationOverview) -> bytes:
    """One line for each matter, with a byte-order mark: spreadsheets read it as UTF-8 then."""
    out = io.StringIO()
    writer = _SafeWriter(out)
    writer.writerow(["muc", "so_luong", "noi_dung", "chi_tiet", "tuan_hoac_luc", "lien_ket"])
    writer.writerow(["qua_han", view.overdue.count, "", "", "", view.overdue.href])
    writer.writerow(["chua_tra_loi", view.unanswered.count, "", "", "", view.unanswered.href])
    for gap in view.uncovered.items:
        writer.writerow(["chua_phu", 0, gap.district, f"{gap.topic} · {gap.audience}", gap.week, gap.href])
    for outlet in view.idle_outlets.items:
        writer.writerow(["noi_phat_trong", 0, outlet.name, outlet.organization, "", outlet.href])
    for each in view.conflicts.items:
        at = each.starts_at.astimezone(UTC).isoformat()
        writer.writerow(["trung_lich", 2, each.title, f"{each.other_title} · {each.location}", at, each.href])
    for progress in view.behind_plan:
        detail = f"{progress.done_percent} % / {progress.expected_percent} %"
        writer.writerow(["cham_ke_hoach", "", progress.title, detail, "", progress.href])
    return ("\ufeff" + out.getvalue()).encode()


ROUTES = [get_campaign_overview, get_coordination_overview]
