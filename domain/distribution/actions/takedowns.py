"""Answering takedowns, and finding recipients who were noticed late."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.distribution.takedown import AckStatus, Obligation, Takedown, acknowledged
from domain.errors import NotFound
from domain.permissions import require
from domain.ports import Event, UnitOfWork

LATE = timedelta(minutes=2)
"""How long after a kill recipients are still looked for: API processes flush the ledger within 5 s."""


async def acknowledge(
    uow: UnitOfWork, actor: Actor, takedown_id: UUID, organization_id: UUID, status: AckStatus, note: str
) -> Takedown:
    """Record one organization's answer; the last answer closes the takedown."""
    if organization_id != actor.organization_id and not actor.reaches_all:
        raise NotFound
    require(actor, "takedown.acknowledge", organization_id)
    async with uow:
        takedown = await uow.takedowns.get(takedown_id)
        answered = acknowledged(takedown, organization_id, status, note=note, by=actor.key, at=uow.clock.now())
        if answered is not takedown:
            await uow.takedowns.save(answered)
            await uow.commit(
                Event(
                    actor=actor.key,
                    verb="takedown.acknowledge",
                    thing=f"takedown:{takedown_id}",
                    detail={"organization": str(organization_id), "status": status},
                )
            )
    return answered


async def ask_for_copies(uow: UnitOfWork) -> int:
    """Open a takedown for every lost channel whose holder has a copy, within a transaction that runs already."""
    losses = await uow.takedowns.unasked_losses()
    for channel_id, organization_id in losses:
        await uow.takedowns.add(
            Takedown(
                id=uow.ids.new(),
                reason="grant_revoked",
                channel_id=channel_id,
                opened_at=uow.clock.now(),
                obligations=(Obligation(organization_id=organization_id),),
            )
        )
    return len(losses)


async def extend(uow: UnitOfWork) -> int:
    """Find recipients whose ledger rows were flushed after a kill or the loss of a grant. Gives how many."""
    async with uow:
        added = await ask_for_copies(uow)
        for takedown in await uow.takedowns.open_since(uow.clock.now() - LATE):
            if takedown.material_id is None:
                continue
            known = {o.organization_id for o in takedown.obligations}
            late = [o for o in await uow.takedowns.recipients(takedown.material_id) if o not in known]
            if late:
                more = tuple(Obligation(organization_id=each) for each in late)
                obligations = (*takedown.obligations, *more)
                await uow.takedowns.save(replace(takedown, obligations=obligations, closed_at=None))
                added += len(late)
        if added:
            await uow.commit(Event(actor="clock", verb="takedown.extend", thing="takedowns", detail={"added": added}))
    return added
