"""Rosters of training classes."""

from collections.abc import Sequence
from uuid import UUID

from domain.actor import Actor
from domain.coordination.actions.activities import is_visible
from domain.coordination.activity import Activity
from domain.coordination.roster import Attendee, RosterRow
from domain.errors import FieldError, ImportRefused, StaleVersion, WrongState
from domain.events import Event, MemberErased
from domain.permissions import check_owned, sees
from domain.unit_of_work import UnitOfWork


async def _class(work: UnitOfWork, actor: Actor, activity_id: UUID) -> Activity:
    """The training class whose roster the actor may see: the owner's people only, for it holds names."""
    activity = await work.activities.get(activity_id)
    check_owned(actor, "activity.manage", activity.owner_id, visible=await is_visible(work, actor, activity))
    if activity.plan.kind != "training_class":
        raise WrongState(action="roster", state=activity.plan.kind, allowed=["training_class"])
    return activity


async def read(work: UnitOfWork, actor: Actor, activity_id: UUID) -> tuple[Activity, Sequence[Attendee]]:
    """The class and its people, in the order of the table."""
    async with work:
        activity = await _class(work, actor, activity_id)
        return activity, await work.rosters.list(activity_id)


async def put(
    work: UnitOfWork, actor: Actor, activity_id: UUID, rows: Sequence[RosterRow], revision: int
) -> tuple[Activity, Sequence[Attendee]]:
    """Put this table in the place of the roster, all or nothing; completion is recorded to the named members."""
    async with work:
        activity = await _class(work, actor, activity_id)
        if activity.revision != revision:
            raise StaleVersion(current=activity.revision)
        attendees = await _attendees(work, actor, activity, rows)
        # First, so that of two tables at the same time only one is written.
        saved = await work.activities.save(activity)
        await work.rosters.replace(activity_id, attendees)
        detail: dict[str, object] = {
            "attendees": len(attendees),
            "attended": sum(each.attended for each in attendees),
            "completed": sum(each.completed_on is not None for each in attendees),
        }
        await work.commit(
            Event(actor=actor.key, activity="activity.roster", target=f"activity:{activity_id}", detail=detail)
        )
    return saved, attendees


async def _attendees(work: UnitOfWork, actor: Actor, activity: Activity, rows: Sequence[RosterRow]) -> list[Attendee]:
    errors, made = [], []
    taking_part = (activity.owner_id, *activity.plan.participant_ids)
    seen: set[str] = set()
    for number, row in enumerate(rows):
        member = await work.members.find_by_login(row.login) if row.login else None
        # Logins of organizations that have nothing to do with the class stay unknown: a table must not find them out.
        if member and member.organization_id not in taking_part and not sees(actor, member.organization_id):
            member = None
        if row.login and member is None:
            errors.append(FieldError(pointer=f"/{number}/login", code="unknown_code", facts={"value": row.login}))
        if row.completed_on is not None and not row.attended:
            errors.append(FieldError(pointer=f"/{number}/completed_on", code="not_attended"))
        if row.certificate_number and row.certificate_number in seen:
            errors.append(FieldError(pointer=f"/{number}/certificate_number", code="repeated"))
        seen.add(row.certificate_number)
        made.append(
            Attendee(
                number=number,
                name=row.name,
                unit=row.unit,
                member_id=member.id if member else None,
                attended=row.attended,
                completed_on=row.completed_on,
                certificate_number=row.certificate_number,
            )
        )
    if errors:
        raise ImportRefused(errors=errors[:50])
    return made


async def forget_member(work: UnitOfWork, event: MemberErased) -> None:
    """Rosters keep the count of their people and forget the name of one who has left."""
    await work.rosters.forget_member(event.member_id)
