"""Takedowns: opened by events, extended by recipients that are noticed late, closed by acknowledgements."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.distribution.takedown import AckStatus, Obligation, Takedown, acknowledged, closed_if_done
from domain.errors import NotFound
from domain.events import (
    CLOCK,
    Event,
    GrantRevoked,
    MaterialTakenDown,
    OrganizationSucceeded,
    TakedownOpened,
)
from domain.permissions import require
from domain.unit_of_work import UnitOfWork

LATE = timedelta(minutes=2)
"""How long after a kill recipients are still looked for: API processes flush the ledger within 5 s."""


async def acknowledge(
    work: UnitOfWork, actor: Actor, takedown_id: UUID, organization_id: UUID, status: AckStatus, note: str
) -> Takedown:
    """Record one organization's answer; the last answer closes the takedown."""
    if organization_id != actor.organization_id and not actor.reaches_all:
        raise NotFound
    require(actor, "takedown.acknowledge", organization_id)
    async with work:
        takedown = await work.takedowns.get(takedown_id)
        answered = acknowledged(takedown, organization_id, status, note=note, by=actor.key, at=work.clock.now())
        if answered is not takedown:
            await work.takedowns.save(answered)
            await work.commit(
                Event(
                    actor=actor.key,
                    activity="takedown.acknowledge",
                    target=f"takedown:{takedown_id}",
                    detail={"organization": str(organization_id), "status": status},
                )
            )
    return answered


async def open_for_material(work: UnitOfWork, event: MaterialTakenDown) -> None:
    """Open the takedown of a killed or withdrawn material for everyone who ever received it."""
    now = work.clock.now()
    recipients = await work.recipients.list_of_material(event.material_id)
    takedown = Takedown(
        id=work.ids.new(),
        reason=event.reason,
        note=event.note,
        material_id=event.material_id,
        opened_at=now,
        obligations=tuple(Obligation(organization_id=each) for each in recipients),
    )
    await work.takedowns.add(closed_if_done(takedown, now))
    work.record(_opened(takedown))


def _opened(takedown: Takedown) -> TakedownOpened:
    return TakedownOpened(
        actor=CLOCK,
        activity="takedown.open",
        target=f"takedown:{takedown.id}",
        detail={"reason": takedown.reason},
        takedown_id=takedown.id,
        organization_ids=tuple(each.organization_id for each in takedown.obligations),
    )


async def flag_aired(work: UnitOfWork, material_id: UUID, organization_id: UUID, *, by: str) -> None:
    """Note in the takedown of a material that an organization has aired it, whatever it answered before."""
    takedown = await work.takedowns.find_of_material(material_id)
    if takedown is None:
        return
    if organization_id not in {each.organization_id for each in takedown.obligations}:
        more = Obligation(organization_id=organization_id)
        takedown = replace(takedown, obligations=(*takedown.obligations, more))
    answered = acknowledged(takedown, organization_id, "aired", note="", by=by, at=work.clock.now())
    if answered is not takedown:
        await work.takedowns.save(answered)
        about: dict[str, object] = {"organization": str(organization_id), "status": "aired"}
        work.record(Event(actor=by, activity="takedown.acknowledge", target=f"takedown:{takedown.id}", detail=about))


async def open_for_lost_channel(work: UnitOfWork, _: GrantRevoked) -> None:
    """Open the takedown of an organization's copy when it has lost the channel."""
    await _open_for_lost_channels(work)


async def _open_for_lost_channels(work: UnitOfWork) -> int:
    """Open a takedown for every lost channel whose holder has a copy. Gives how many were opened."""
    lost = await work.recipients.list_lost_channels()
    for channel_id, organization_id in lost:
        takedown = Takedown(
            id=work.ids.new(),
            reason="grant_revoked",
            channel_id=channel_id,
            opened_at=work.clock.now(),
            obligations=(Obligation(organization_id=organization_id),),
        )
        await work.takedowns.add(takedown)
        work.record(_opened(takedown))
    return len(lost)


async def extend(work: UnitOfWork) -> int:
    """Find recipients whose ledger rows were flushed after a kill or the loss of a grant. Gives how many."""
    async with work:
        added = await _open_for_lost_channels(work)
        for takedown in await work.takedowns.list_opened_since(work.clock.now() - LATE):
            if takedown.material_id is None:
                continue
            known = {o.organization_id for o in takedown.obligations}
            late = [o for o in await work.recipients.list_of_material(takedown.material_id) if o not in known]
            if late:
                more = tuple(Obligation(organization_id=each) for each in late)
                obligations = (*takedown.obligations, *more)
                await work.takedowns.save(replace(takedown, obligations=obligations, closed_at=None))
                work.record(_opened(replace(takedown, obligations=more)))
                added += len(late)
        if added:
            detail: dict[str, object] = {"added": added}
            await work.commit(Event(actor=CLOCK, activity="takedown.extend", target="takedowns", detail=detail))
    return added


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the open obligations of the leaving organization to its successor."""
    await work.takedowns.change_organization(event.leaving_id, event.successor_id)
