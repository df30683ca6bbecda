"""Organizations: imported, changed, succeeded by another."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import FieldError, InvalidContent, WrongState
from domain.events import AccessChanged, OrganizationSucceeded
from domain.identity.directory import ImportReport, OrganizationRow, check_tree, import_report, rows_of
from domain.identity.organization import Organization
from domain.permissions import require
from domain.unit_of_work import UnitOfWork


async def export_rows(work: UnitOfWork, actor: Actor) -> list[OrganizationRow]:
    """Every organization as the table that `import_rows` reads."""
    require(actor, "organization.manage")
    async with work:
        return rows_of(await work.organizations.list())


async def import_rows(work: UnitOfWork, actor: Actor, rows: list[OrganizationRow], *, dry_run: bool) -> ImportReport:
    """Add and change what the rows say, all or nothing; gives what was (or would be) changed.

    A row that names a successor where there was none moves everything there, as `succeed` does.
    """
    require(actor, "organization.manage")
    async with work:
        present = rows_of(await work.organizations.list())
        check_tree(rows, present)
        report = import_report(rows, present)
        if dry_run or not (report.added or report.changed):
            return report
        await _apply(work, actor, rows, report)
        detail: dict[str, object] = {"added": len(report.added), "changed": sorted(report.changed)}
        event = AccessChanged(actor=actor.key, activity="organization.import", target="organizations", detail=detail)
        await work.commit(event)
    return report


async def _apply(work: UnitOfWork, actor: Actor, rows: list[OrganizationRow], report: ImportReport) -> None:
    wanted = {row.code: row for row in rows}
    for code in report.added:  # first without parents: these may come later in the list
        row = wanted[code]
        await work.organizations.add(Organization(id=work.ids.new(), code=code, kind=row.kind, name=row.name))
    by_code = {each.code: each for each in await work.organizations.list()}
    for code in (*report.added, *report.changed):
        row, old = wanted[code], by_code[code]
        parent = by_code[row.parent].id if row.parent else None
        successor = by_code[row.successor].id if row.successor else None
        if old.successor_id is not None and successor != old.successor_id:
            raise InvalidContent(errors=[FieldError(pointer=f"/{rows.index(row)}/successor", code="already_succeeded")])
        changed = replace(
            old,
            kind=row.kind,
            name=row.name,
            parent_id=parent,
            duties=row.duties,
            active_from=row.active_from,
            active_to=row.active_to,
        )
        if successor is not None and old.successor_id is None:
            await _succeed(work, actor, changed, successor)
        else:
            await work.organizations.save(changed)


async def _succeed(work: UnitOfWork, actor: Actor, leaving: Organization, successor_id: UUID) -> Organization:
    """Save the leaving organization with its successor and move what identity owns; the event moves the rest."""
    at = work.clock.now()
    changed = replace(leaving, successor_id=successor_id, active_to=leaving.active_to or at)
    saved = await work.organizations.save(changed)
    await work.members.change_organization(leaving.id, successor_id)
    await work.clients.change_organization(leaving.id, successor_id)
    await work.invitations.change_organization(leaving.id, successor_id)
    work.record(
        OrganizationSucceeded(
            actor=actor.key,
            activity="organization.succeed",
            target=f"organization:{leaving.id}",
            detail={"successor": str(successor_id)},
            leaving_id=leaving.id,
            successor_id=successor_id,
            at=at,
        )
    )
    return saved


async def succeed(work: UnitOfWork, actor: Actor, leaving_id: UUID, successor_id: UUID) -> Organization:
    """Let one organization take the place of another. WrongState when another already did."""
    require(actor, "organization.manage")
    async with work:
        leaving, successor = await work.organizations.get(leaving_id), await work.organizations.get(successor_id)
        if leaving.successor_id is not None or successor.successor_id is not None or successor.id == leaving.id:
            raise WrongState(action="succeed", state="succeeded", allowed=[])
        saved = await _succeed(work, actor, leaving, successor.id)
        await work.commit()
    return saved


async def ensure(work: UnitOfWork, actor: Actor, code: str, **fields: Any) -> tuple[Organization, bool]:
    """Give the organization of that code, added with these fields if there is none (then True)."""
    require(actor, "organization.manage")
    async with work:
        known = {each.code: each for each in await work.organizations.list()}
        if code in known:
            return known[code], False
        added = Organization(id=work.ids.new(), code=code, active_from=work.clock.now(), **fields)
        await work.organizations.add(added)
        await work.commit(
            AccessChanged(actor=actor.key, activity="organization.add", target=f"organization:{added.id}")
        )
    return added, True
