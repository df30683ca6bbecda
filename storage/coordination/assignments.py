"""Assignments in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record, UniqueViolationError
from sqlalchemy import Uuid, bindparam, insert, or_, select, text

from domain.coordination.assignment import OPEN, Assignee, Assignment
from domain.errors import IdTaken
from storage.coordination.tables import assignments
from storage.postgres.connections import as_uuid
from storage.postgres.metadata import Instant
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_C = assignments.c
_GET = Statement(select(assignments).where(_C.id == bindparam("wanted")))
_OF_SERIES = """
FROM assignments s JOIN activities x ON x.id = s.activity_id
WHERE coalesce(x.split_from, x.id) = (SELECT coalesce(a.split_from, a.id) FROM activities a WHERE a.id = :wanted)
"""
_IS_ASSIGNED = Statement(
    text(
        f"SELECT EXISTS (SELECT {_OF_SERIES} AND s.organization_id = :organization AND s.state <> 'cancelled')"
    ).bindparams(bindparam("wanted", type_=Uuid), bindparam("organization", type_=Uuid))
)
_ASSIGNED = Statement(
    text(
        f"SELECT DISTINCT s.organization_id {_OF_SERIES} AND s.state IN ('assigned', 'accepted', 'in_progress')"
    ).bindparams(bindparam("wanted", type_=Uuid))
)
_IS_OPEN = or_(*(_C.state == state for state in sorted(OPEN)))
_OPEN_OF = {
    name: Statement(
        select(assignments).where(_C[name] == bindparam("wanted"), _IS_OPEN).order_by(_C.id).with_for_update()
    )
    for name in ("activity_id", "coverage_id", "parent_id")
}
_TO_REMIND = Statement(
    text("""
SELECT a.*, coalesce(c.due_at, a.due_at) AS effective_due_at
  FROM assignments a LEFT JOIN coverages c ON c.id = a.coverage_id
 WHERE a.reminders <> '{}' AND a.state IN ('assigned', 'accepted', 'in_progress')
   AND coalesce(c.due_at, a.due_at) > CAST(:now AS timestamptz)
   AND EXISTS (SELECT FROM unnest(a.reminders) r
                WHERE r <> ALL(a.reminded)
                  AND coalesce(c.due_at, a.due_at) - r * interval '1 second' <= CAST(:now AS timestamptz))
 ORDER BY a.id LIMIT :most FOR UPDATE OF a SKIP LOCKED
""").bindparams(bindparam("now", type_=Instant))
)
_MOVED = (bindparam("leaving", type_=Uuid), bindparam("successor", type_=Uuid))
_SUCCEED = Statement(
    text("""
UPDATE assignments SET organization_id = :successor, revision = revision + 1, updated_at = now()
 WHERE organization_id = :leaving AND state IN ('assigned', 'accepted', 'in_progress')
""").bindparams(*_MOVED)
)
_SUCCEED_OWNER = Statement(
    text("""
UPDATE assignments SET owner_id = :successor, revision = revision + 1, updated_at = now() WHERE owner_id = :leaving
""").bindparams(*_MOVED)
)
_FOLLOW = Statement(
    text("""
UPDATE assignments SET activity_id = :activity, revision = revision + 1, updated_at = now(),
       terms = jsonb_set(terms, '{activity_id}', to_jsonb(CAST(:activity AS uuid)))
 WHERE coverage_id = :coverage
""").bindparams(bindparam("activity", type_=Uuid), bindparam("coverage", type_=Uuid))
)
_REVISIONS = RevisionedTable(assignments, "id", fixed=["created_at", "sequence_base"])


def _row(assignment: Assignment) -> Mapping[str, object]:
    terms, to = assignment.terms, assignment.assignee
    return {
        **to_row(assignments, assignment),
        "activity_id": terms.activity_id,
        "coverage_id": terms.coverage_id,
        "organization_id": to.organization_id,
        "member_id": to.member_id,
        "role": to.role,
        "reminders": list(terms.reminders),
    }


def _assignment(row: Record | None) -> Assignment:
    assignee = None
    if row is not None:
        member = None if row["member_id"] is None else as_uuid(row["member_id"])
        assignee = Assignee(organization_id=as_uuid(row["organization_id"]), member_id=member, role=row["role"])
    return to_struct(Assignment, row, assignee=assignee)


class AssignmentStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, assignment_id: UUID) -> Assignment:
        return _assignment(await self._sql.row(_GET, wanted=assignment_id))

    async def find(self, assignment_id: UUID) -> Assignment | None:
        row = await self._sql.row(_GET, wanted=assignment_id)
        return None if row is None else _assignment(row)

    async def is_assigned(self, activity_id: UUID, organization_id: UUID) -> bool:
        return bool((await self._sql.column(_IS_ASSIGNED, wanted=activity_id, organization=organization_id))[0])

    async def list_organizations(self, activity_id: UUID) -> set[UUID]:
        return {as_uuid(each) for each in await self._sql.column(_ASSIGNED, wanted=activity_id)}

    async def list_open_of_activity(self, activity_id: UUID) -> Sequence[Assignment]:
        return [_assignment(row) for row in await self._sql.rows(_OPEN_OF["activity_id"], wanted=activity_id)]

    async def list_open_of_coverage(self, coverage_id: UUID) -> Sequence[Assignment]:
        return [_assignment(row) for row in await self._sql.rows(_OPEN_OF["coverage_id"], wanted=coverage_id)]

    async def list_open_of_parent(self, parent_id: UUID) -> Sequence[Assignment]:
        return [_assignment(row) for row in await self._sql.rows(_OPEN_OF["parent_id"], wanted=parent_id)]

    async def list_to_remind(self, at: datetime, limit: int) -> Sequence[tuple[Assignment, datetime]]:
        rows = await self._sql.rows(_TO_REMIND, now=at, most=limit)
        return [(_assignment(row), row["effective_due_at"]) for row in rows]

    async def follow_coverage(self, coverage_id: UUID, activity_id: UUID) -> None:
        await self._sql.run(_FOLLOW, coverage=coverage_id, activity=activity_id)

    async def add(self, assignment: Assignment) -> None:
        try:
            await self._sql.run(insert(assignments).values(_row(assignment)))
        except UniqueViolationError as error:
            raise IdTaken from error

    async def save(self, assignment: Assignment) -> Assignment:
        return await _REVISIONS.save(self._sql, assignment, _row(assignment))

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        await self._sql.run(_SUCCEED, leaving=leaving_id, successor=successor_id)
        await self._sql.run(_SUCCEED_OWNER, leaving=leaving_id, successor=successor_id)
