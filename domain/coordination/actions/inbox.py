"""What goes into inboxes: changes of what an organization takes part in, and what was cancelled for it."""

from collections.abc import Collection
from uuid import UUID

from domain.coordination.assignment import Assignment
from domain.coordination.inbox import InboxEntry, InboxKind
from domain.events import BookingCancelled, OrganizationSucceeded, TakedownOpened
from domain.unit_of_work import UnitOfWork


def add_assignment(work: UnitOfWork, assignment: Assignment, kind: InboxKind, note: str = "") -> None:
    """For the assignee: a new assignment, a change of it, a reminder."""
    to = assignment.assignee
    work.inbox.add(
        [
            InboxEntry(
                organization_id=to.organization_id,
                member_id=to.member_id,
                role=to.role,
                target=f"assignment:{assignment.id}",
                kind=kind,
                at=work.clock.now(),
                note=note,
            )
        ]
    )


def add_change(
    work: UnitOfWork, target: str, organizations: Collection[UUID], kind: InboxKind = "change", note: str = ""
) -> None:
    """For organizations as a whole."""
    now = work.clock.now()
    work.inbox.add(
        [
            InboxEntry(organization_id=each, target=target, kind=kind, at=now, note=note)
            for each in sorted(organizations)
        ]
    )


async def add_cancelled_booking(work: UnitOfWork, event: BookingCancelled) -> None:
    """The outlet's organization must fill the time that has become free."""
    target = f"booking:{event.booking_id}"
    add_change(work, target, [event.organization_id], "booking_cancelled", event.reason)


async def add_takedown(work: UnitOfWork, event: TakedownOpened) -> None:
    """Everybody who must remove something is told where they look every day."""
    add_change(work, f"takedown:{event.takedown_id}", event.organization_ids, "takedown")


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Give the inbox of the leaving organization to its successor, as new entries."""
    await work.inbox.change_organization(event.leaving_id, event.successor_id)
