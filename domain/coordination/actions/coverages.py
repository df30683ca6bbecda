"""Coverages: planned for an activity, linked to a material, cancelled."""

from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import assignments, inbox
from domain.coordination.activity import OPEN, Activity
from domain.coordination.coverage import Coverage, CoverageFlag, CoveragePlan, CoverageState, check_material
from domain.errors import FieldError, IdTaken, InvalidContent, NotFound, StaleVersion, WrongState
from domain.events import ActivityStopped, CalendarChanged, MaterialTakenDown
from domain.permissions import check_owned, sees
from domain.read_access import read_access
from domain.timing import due_instant, spelled
from domain.unit_of_work import UnitOfWork


async def put(
    work: UnitOfWork, actor: Actor, activity_id: UUID, coverage_id: UUID, plan: CoveragePlan, revision: int | None
) -> tuple[Coverage, bool]:
    """Plan a coverage with a client-made id, or with the revision it has change it. A linked material must fit it."""
    async with work:
        await _open_activity(work, actor, activity_id)
        due_at = due_instant(plan.due, plan.zone)
        plan = replace(plan, due=spelled(plan.due, "/due"))
        known = await work.coverages.find(coverage_id)
        if known is not None and known.activity_id != activity_id:
            raise IdTaken
        if known is not None and known.plan == plan:
            return known, False
        if known is not None and revision is None:
            raise IdTaken
        if known is not None and known.revision != revision:
            raise StaleVersion(current=known.revision)
        if known is not None and known.state == "cancelled":
            raise WrongState(action="put", state=known.state, allowed=[])
        await _check_material(work, actor, plan)
        state: CoverageState = "planned" if plan.material_id is None else "linked"
        made = Coverage(
            id=coverage_id,
            activity_id=activity_id,
            plan=plan,
            due_at=due_at,
            state=state,
            updated_at=work.clock.now(),
        )
        if known is None:
            await work.coverages.add(made)
            saved = made
        else:
            saved = await work.coverages.save(replace(made, revision=known.revision))
            await assignments.follow_coverage(work, saved, moved=due_at != known.due_at)
        await work.commit(_changed(actor.key, "put", saved))
    return saved, known is None


async def _open_activity(work: UnitOfWork, actor: Actor, activity_id: UUID) -> Activity:
    activity = await work.activities.get(activity_id, shared=True)
    check_owned(actor, "activity.manage", activity.owner_id)
    if activity.state not in OPEN:
        raise WrongState(action="put", state=activity.state, allowed=[])
    return activity


async def _check_material(work: UnitOfWork, actor: Actor, plan: CoveragePlan) -> None:
    if plan.material_id is None:
        return
    unknown = InvalidContent(errors=[FieldError(pointer="/material_id", code="unknown_reference")])
    try:
        material = await work.materials.get(plan.material_id, lock=True)
    except NotFound as error:
        raise unknown from error
    if not sees(actor, material.owner_id) and not (
        await work.publications.is_readable(material.id, read_access(actor))
    ):
        raise unknown
    if material.state in ("withdrawn", "killed", "expired"):
        raise InvalidContent(errors=[FieldError(pointer="/material_id", code="material_taken_down")])
    check_material(plan, material.content)


def _changed(by: str, activity: str, coverage: Coverage) -> CalendarChanged:
    detail: dict[str, object] = {"state": coverage.state, "activity": str(coverage.activity_id)}
    return CalendarChanged(actor=by, activity=f"coverage.{activity}", target=f"coverage:{coverage.id}", detail=detail)


async def cancel(work: UnitOfWork, actor: Actor, activity_id: UUID, coverage_id: UUID) -> None:
    """Cancel a coverage, and with it the assignments to it. Twice is the same as once."""
    async with work:
        activity = await work.activities.get(activity_id)
        check_owned(actor, "activity.manage", activity.owner_id)
        coverage = await work.coverages.get(coverage_id)
        if coverage.activity_id != activity_id:
            raise NotFound
        if coverage.state == "cancelled":
            return
        await _cancel(work, coverage, None, actor.key)
        await work.commit()


async def _cancel(work: UnitOfWork, coverage: Coverage, flag: CoverageFlag | None, by: str) -> None:
    """Cancel a coverage with its open assignments; the caller commits."""
    saved = await work.coverages.save(replace(coverage, state="cancelled", flag=flag, updated_at=work.clock.now()))
    await assignments.cancel_all(work, await work.assignments.list_open_of_coverage(coverage.id), by, flag or "")
    work.record(_changed(by, "cancel", saved))


async def cancel_of_material(work: UnitOfWork, event: MaterialTakenDown) -> None:
    """Coverages of a killed or withdrawn material are cancelled and flagged; their activity's owner is told."""
    flag: CoverageFlag = "material_killed" if event.reason == "killed" else "material_withdrawn"
    for each in await work.coverages.list_live_of_material(event.material_id):
        await _cancel(work, each, flag, event.actor)
        activity = await work.activities.get(each.activity_id)
        inbox.add_change(work, f"activity:{activity.id}", [activity.owner_id], "coverage_cancelled", flag)


async def cancel_of_activity(work: UnitOfWork, event: ActivityStopped) -> None:
    """What is cancelled as a whole needs no material."""
    if event.reason != "activity_cancelled" or event.since is not None:
        return
    for each in await work.coverages.list_of_activity(event.activity_id):
        if each.state != "cancelled":
            await _cancel(work, each, "activity_cancelled", event.actor)
