"""As-run logs: recorded as placements, compared with what was booked."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

import msgspec

from domain.actor import Actor
from domain.errors import InvalidContent, Refusal
from domain.outlets.actions import placements
from domain.outlets.as_run import AsRunLine, title_keys
from domain.outlets.outlet import Outlet
from domain.outlets.placement import Placement, PlacementReport
from domain.permissions import check_owned
from domain.read_access import read_access
from domain.timing import instant_of, read_zone
from domain.unit_of_work import UnitOfWork


class Airing(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a log and what became of it. Without `material_id`: nothing that the outlet's owner may read."""

    line: AsRunLine
    starts_at: datetime
    material_id: UUID | None = None
    placement: Placement | None = None
    new: bool = False
    refused: str = ""


class AsRunResult(msgspec.Struct, frozen=True, kw_only=True):
    """`not_aired`: live bookings on the log's days, up to now, of which no airing is known."""

    airings: list[Airing]
    not_aired: list[UUID]


async def import_log(
    work: UnitOfWork, actor: Actor, outlet_id: UUID, lines: Sequence[AsRunLine], *, dry_run: bool
) -> AsRunResult:
    """Record the airings of known materials; the same log again records nothing twice. `dry_run` records nothing."""
    async with work:
        outlet = await work.outlets.get(outlet_id)
        check_owned(actor, "placement.report", outlet.owner_id)
        materials = await work.publications.find_by_titles(title_keys(lines), read_access(actor), actor.reaches_all)
    airings = [await _record(work, actor, outlet, line, materials, dry_run=dry_run) for line in lines]
    return AsRunResult(airings=airings, not_aired=await _not_aired(work, outlet, airings))


async def _record(
    work: UnitOfWork,
    actor: Actor,
    outlet: Outlet,
    line: AsRunLine,
    materials: dict[str, UUID],
    *,
    dry_run: bool,
) -> Airing:
    zone = read_zone(outlet.profile.zone)
    starts_at, material_id = instant_of(line.start, zone), materials.get(line.title)
    airing = Airing(line=line, starts_at=starts_at, material_id=material_id)
    if material_id is None:
        return airing
    report = PlacementReport(
        outlet_id=outlet.id,
        material_id=material_id,
        starts_at=starts_at,
        ends_at=None if line.end is None else instant_of(line.end, zone),
        reach=line.reach,
        origin="as_run",
    )
    placement_id = uuid5(outlet.id, f"{starts_at.isoformat()} {material_id}")
    try:
        if dry_run:
            placement, new = await placements.foresee(work, actor, placement_id, report)
        else:
            placement, new = await placements.put(work, actor, placement_id, report)
    except InvalidContent as error:
        return msgspec.structs.replace(airing, refused=error.errors[0].code)
    except Refusal as error:
        if error.code == "unavailable":
            raise
        return msgspec.structs.replace(airing, refused=error.code)
    return msgspec.structs.replace(airing, placement=placement, new=new)


async def _not_aired(work: UnitOfWork, outlet: Outlet, airings: Sequence[Airing]) -> list[UUID]:
    if not airings:
        return []
    zone, days = read_zone(outlet.profile.zone), [each.line.start.date() for each in airings]
    start = instant_of(datetime.combine(min(days), time()), zone)
    end = instant_of(datetime.combine(max(days) + timedelta(days=1), time()), zone)
    foreseen = {each.placement.booking_id for each in airings if each.placement is not None}
    end = min(end, work.clock.now())
    if start >= end:
        return []
    async with work:
        booked = await work.bookings.list_between(outlet.id, start, end)
        aired = foreseen | await work.placements.list_booked([each.id for each in booked])
    return [each.id for each in booked if each.material_id is not None and each.id not in aired]
