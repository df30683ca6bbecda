"""Organizations: imported, changed, followed by another."""

from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import Fault, InvalidContent, WrongState
from domain.identity.directory import Difference, Line, check_tree, difference, lines_of
from domain.identity.organization import Organization
from domain.permissions import require
from domain.ports import Event, UnitOfWork


async def import_lines(uow: UnitOfWork, actor: Actor, lines: list[Line], *, dry_run: bool) -> Difference:
    """Add and change what the lines say, all or nothing; gives what was (or would be) changed.

    A line that names a successor where there was none moves everything there (`succeed`).
    """
    require(actor, "organization.manage")
    async with uow:
        present = lines_of(await uow.organizations.all())
        check_tree(lines, present)
        found = difference(lines, present)
        if dry_run or not (found.added or found.changed):
            return found
        await _apply(uow, lines, found)
        detail: dict[str, object] = {"added": len(found.added), "changed": sorted(found.changed)}
        await uow.commit(Event(actor=actor.key, verb="organization.import", thing="organizations", detail=detail))
    return found


async def _apply(uow: UnitOfWork, lines: list[Line], found: Difference) -> None:
    wanted = {line.code: line for line in lines}
    for code in found.added:  # first without parents: these may come later in the list
        line = wanted[code]
        await uow.organizations.add(Organization(id=uow.ids.new(), code=code, kind=line.kind, name=line.name))
    by_code = {each.code: each for each in await uow.organizations.all()}
    for code in (*found.added, *found.changed):
        line, old = wanted[code], by_code[code]
        parent = by_code[line.parent].id if line.parent else None
        successor = by_code[line.successor].id if line.successor else None
        if old.successor_id is not None and successor != old.successor_id:
            raise InvalidContent(errors=[Fault(pointer=f"/{lines.index(line)}/successor", code="already_succeeded")])
        changed = replace(
            old, kind=line.kind, name=line.name, parent_id=parent, duties=line.duties, active_from=line.active_from,
            active_to=line.active_to, successor_id=successor, revision=old.revision + 1,
        )  # fmt: skip
        if successor is not None and old.successor_id is None:
            changed = await _hand_over(uow, changed)
        await uow.organizations.save(changed)


async def _hand_over(uow: UnitOfWork, leaving: Organization) -> Organization:
    """Move members, clients, grants, open obligations and materials; what was done stays under the old name."""
    assert leaving.successor_id is not None
    now = uow.clock.now()
    await uow.organizations.hand_over(leaving.id, leaving.successor_id, now)
    return replace(leaving, active_to=leaving.active_to or now)


async def succeed(uow: UnitOfWork, actor: Actor, leaving_id: UUID, coming_id: UUID) -> Organization:
    """Let one organization take the place of another. WrongState when another already did."""
    require(actor, "organization.manage")
    async with uow:
        leaving, coming = await uow.organizations.get(leaving_id), await uow.organizations.get(coming_id)
        if leaving.successor_id is not None or coming.successor_id is not None or coming.id == leaving.id:
            raise WrongState(verb="succeed", state="succeeded", allowed=[])
        changed = await _hand_over(uow, replace(leaving, successor_id=coming.id, revision=leaving.revision + 1))
        await uow.organizations.save(changed)
        detail: dict[str, object] = {"successor": str(coming.id)}
        event = Event(actor=actor.key, verb="organization.succeed", thing=f"organization:{leaving.id}", detail=detail)
        await uow.commit(event)
    return changed
