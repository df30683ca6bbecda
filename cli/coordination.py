"""`lantoa campaign` and `lantoa calendar`: plans as tables, for the operator's terminal."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.actor import OPERATOR
from domain.coordination.campaign import Campaign
from domain.timing import DEFAULT_ZONE, read_zone
from runtime.services import Services, open_services
from storage.coordination.calendar import CalendarReader, query_of
from storage.coordination.lists import CampaignLists
from storage.coordination.overview import OverviewReader

campaigns = typer.Typer(no_args_is_help=True)
ZONE = read_zone(DEFAULT_ZONE)
MAX_ENTRIES = 5000
_DAYS = ("Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật")


def _show(table: Table) -> None:
    Console(width=120).print(table)


@campaigns.command("list", help="Các chiến dịch · Campaigns")
@command
async def list_campaigns(as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        rows = await CampaignLists(services.pool).page(OPERATOR, after=None, state=None, limit=200)
    found = [{"code": r["plan"]["code"], "title": r["plan"]["title"], "state": r["state"]} for r in rows]
    lines = "\n".join(f"{each['code']:<28} {each['state']:<10} {each['title']}" for each in found)
    say({"items": found}, lines or "(chưa có · none)", as_json=as_json)


@campaigns.command("show", help="Một chiến dịch qua con số · One campaign in numbers")
@command
async def show_campaign(code: Annotated[str, typer.Argument(help="mã · code")], as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        async with services.work() as work:
            campaign = await work.campaigns.find_by_code(code)
        if campaign is None:
            raise fail(f"không có chiến dịch “{code}” · no such campaign; xem · see: lantoa campaign list")
        found = await OverviewReader(services.pool).campaign(OPERATOR, campaign.id, services.clock.now())
        lead = await _name(services, campaign.owner_id)
    if as_json:
        say({"campaign": msgspec.to_builtins(campaign), "lead": lead, **found}, "", as_json=True)
        return
    _print_campaign(campaign, lead, found)


async def _name(services: Services, organization_id: UUID) -> str:
    async with services.work() as work:
        return (await work.organizations.get(organization_id)).name


def _print_campaign(campaign: Campaign, lead: str, found: dict[str, list[dict[str, Any]]]) -> None:
    plan = campaign.plan
    table = Table(title=f"{plan.title} ({campaign.state})", caption=f"{lead} · {plan.starts_on} → {plan.ends_on}")
    for name in ("", "số lượng · count"):
        table.add_column(name)
    for name, label in (("activities", "hoạt động"), ("assignments", "việc giao")):
        for row in found[name]:
            table.add_row(f"{label} · {name}: {row['state']}", str(row["count"]))
    table.add_row("quá hạn · overdue", str(found["overdue"][0]["count"]))
    placed = found["placements"][0]
    table.add_row("đã phát, đăng · placements", f"{placed['count']} (tiếp cận · reach {placed['reach']:,})")
    _show(table)
    cells: dict[str, int] = {}
    for row in found["coverage"]:
        cells[row["district"]] = cells.get(row["district"], 0) + row["count"]
    if cells:
        districts = Table(title="Theo địa bàn · by district")
        districts.add_column("địa bàn · district")
        districts.add_column("lượt hoạt động trong tuần · activity weeks", justify="right")
        for district, count in sorted(cells.items()):
            districts.add_row(district, str(count))
        _show(districts)


def _monday(week: str, now: datetime) -> datetime:
    """The Monday of `2026-W49`, or of the present week."""
    if week in ("", "now"):
        today = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=today.weekday())
    try:
        return datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=ZONE)
    except ValueError as error:
        raise fail(f"tuần · week: 2026-W49, không phải · not “{week}”") from error


@command
async def calendar(
    week: Annotated[str, typer.Option(help="Tuần ISO, ví dụ 2026-W49; mặc định tuần này · default: this week")] = "",
    organization: Annotated[str, typer.Option(help="Chỉ của đơn vị này (mã) · only of this organization")] = "",
    as_json: Json = False,
) -> None:
    async with open_services(settings()) as services:
        start = _monday(week, services.clock.now())
        wanted: UUID | None = None
        if organization:
            async with services.work() as work:
                wanted = (await work.organizations.get_by_code(organization)).id
        query = query_of(OPERATOR, organization_id=wanted)
        end = start + timedelta(days=7)
        rows = await CalendarReader(services.pool).list_entries(query, start, end, limit=MAX_ENTRIES)
    entries = [_entry(row) for row in rows]
    if as_json:
        say({"from": start.isoformat(), "to": end.isoformat(), "items": entries}, "", as_json=True)
        return
    table = Table(title=f"Tuần {start:%G-W%V}: {start:%d/%m/%Y} – {end - timedelta(days=1):%d/%m/%Y}")
    for name in ("ngày · day", "giờ · time", "việc · what", "nơi · where", "trạng thái · state"):
        table.add_column(name)
    shown = ""
    for each in entries:
        at = datetime.fromisoformat(each["starts_at"])
        day = f"{_DAYS[at.weekday()]} {at:%d/%m}"
        time = "cả ngày" if each["all_day"] else f"{at:%H:%M}"
        struck = "[s]{}[/s]" if each["cancelled"] else "{}"
        table.add_row("" if day == shown else day, time, struck.format(each["title"]), each["location"], each["state"])
        shown = day
    _show(table)


def _entry(row: Any) -> dict[str, Any]:
    return {
        "type": row["type"],
        "id": str(row["id"]),
        "title": row["title"],
        "starts_at": row["starts_at"].astimezone(ZONE).isoformat(),
        "ends_at": row["ends_at"].astimezone(ZONE).isoformat(),
        "all_day": row["all_day"],
        "state": row["state"],
        "cancelled": row["cancelled"],
        "location": row["location"] or "",
    }
