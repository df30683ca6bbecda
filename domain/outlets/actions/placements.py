"""Placements: reported one by one or many at once, matched to bookings."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.actor import Actor
from domain.content.material import Material
from domain.distribution.actions import takedowns
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, Refusal
from domain.events import Event
from domain.outlets.placement import Placement, PlacementReport, check_report, nearest_booking
from domain.permissions import check_owned, sees
from domain.read_access import read_access
from domain.references import check_assets
from domain.timing import day_of, read_zone
from domain.unit_of_work import UnitOfWork

MAX_BATCH = 500


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report of a batch: the placement, or the refusal."""

    id: UUID
    placement: Placement | None = None
    new: bool = False
    refusal: Refusal | None = None


async def read(work: UnitOfWork, actor: Actor, placement_id: UUID) -> Placement:
    """Get a placement; NotFound where it is another organization's."""
    async with work:
        placement = await work.placements.get(placement_id)
    check_owned(actor, "placement.read", placement.owner_id)
    return placement


async def put(work: UnitOfWork, actor: Actor, placement_id: UUID, report: PlacementReport) -> tuple[Placement, bool]:
    """Record a placement with a client-made id; the same again answers the same (and False), other content IdTaken."""
    async with work:
        known = await work.placements.find(placement_id)
        if known is not None:
            if not sees(actor, known.owner_id) or known.report != report:
                raise IdTaken
            return known, False
        placement = await _made(work, actor, placement_id, report)
        await work.placements.add(placement)
        await work.commit(Event(actor=actor.key, activity="placement.report", target=f"placement:{placement_id}"))
    return placement, True


async def foresee(
    work: UnitOfWork, actor: Actor, placement_id: UUID, report: PlacementReport
) -> tuple[Placement, bool]:
    """Give what `put` would give, and change nothing."""
    async with work:
        known = await work.placements.find(placement_id)
        if known is not None:
            return known, False
        return await _made(work, actor, placement_id, report), True


async def _made(work: UnitOfWork, actor: Actor, placement_id: UUID, report: PlacementReport) -> Placement:
    try:
        outlet = await work.outlets.get(report.outlet_id)
        check_owned(actor, "placement.report", outlet.owner_id)
    except NotFound as error:
        raise InvalidContent(errors=[FieldError(pointer="/outlet_id", code="unknown_reference")]) from error
    now = work.clock.now()
    check_report(report, now)
    await check_assets(work, actor, {"/proof_asset_id": report.proof_asset_id})
    material = await _material(work, actor, report)
    booked = await work.bookings.list_of_material_at(outlet.id, material.id)
    booking = nearest_booking(report, list(booked))
    taken_down = material.state in ("killed", "withdrawn")
    if taken_down:
        await takedowns.flag_aired(work, material.id, outlet.owner_id, by=actor.key)
    return Placement(
        id=placement_id,
        owner_id=outlet.owner_id,
        report=report,
        version=report.version or material.live_version or material.version,
        on_day=day_of(report.starts_at, read_zone(outlet.profile.zone)),
        booking_id=booking.id if booking else None,
        late_seconds=round((report.starts_at - booking.starts_at).total_seconds()) if booking else None,
        after_takedown=taken_down and report.starts_at > material.updated_at,
        created_at=now,
    )


async def _material(work: UnitOfWork, actor: Actor, report: PlacementReport) -> Material:
    """The material, also when it was taken down meanwhile: what was aired must be reportable."""
    unknown = InvalidContent(errors=[FieldError(pointer="/material_id", code="unknown_reference")])
    try:
        material = await work.materials.get(report.material_id, lock=True)
    except NotFound as error:
        raise unknown from error
    readable = sees(actor, material.owner_id) or await work.publications.is_readable(material.id, read_access(actor))
    if material.first_published_at is None or not readable:
        raise unknown
    if report.version is not None and report.version > material.version:
        raise InvalidContent(errors=[FieldError(pointer="/version", code="out_of_bounds")])
    return material


async def put_batch(work: UnitOfWork, actor: Actor, reports: Sequence[tuple[UUID, PlacementReport]]) -> list[Answer]:
    """Record many, each in a transaction of its own: a wrong one does not keep the others from being kept."""
    answers = []
    for placement_id, report in reports:
        try:
            placement, new = await put(work, actor, placement_id, report)
            answers.append(Answer(id=placement_id, placement=placement, new=new))
        except Refusal as error:
            if error.code == "unavailable":
                raise
            answers.append(Answer(id=placement_id, refusal=error))
    return answers
