"""Bulk assignments: the same asked of many organizations at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import assignments
from domain.coordination.assignment import Assignee, BulkRequest, BulkSelection
from domain.errors import FieldError, InvalidContent
from domain.identity.organization import Organization
from domain.unit_of_work import UnitOfWork


class BulkAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one organization of a bulk assignment. `refused`: a code, such as `not_active`."""

    organization_id: UUID
    assignment_id: UUID
    new: bool = False
    refused: str = ""


async def put(work: UnitOfWork, actor: Actor, request: BulkRequest) -> list[BulkAnswer]:
    """Assign the same to many organizations in one transaction, and report for each. Again: nothing is doubled."""
    terms = assignments.terms_of(request)
    async with work:
        due_at = await assignments.check_terms(work, actor, terms)
        organizations = await work.organizations.list()
        answers = []
        for organization_id in _selected(request.to, organizations, work.clock.now()):
            assignment_id = uuid5(request.key, str(organization_id))
            answer = BulkAnswer(organization_id=organization_id, assignment_id=assignment_id)
            organization = next((each for each in organizations if each.id == organization_id), None)
            if organization is None or not assignments.is_active(organization, work.clock.now()):
                answer = replace(answer, refused="not_active" if organization else "unknown_reference")
            elif await work.assignments.find(assignment_id) is None:
                assignee = Assignee(organization_id=organization_id, role=request.to.role)
                await assignments.give(
                    work, actor, assignments.assigned(work, actor, assignment_id, terms, assignee, due_at)
                )
                answer = replace(answer, new=True)
            answers.append(answer)
        if any(answer.new for answer in answers):
            await work.commit()
    return answers


def _selected(to: BulkSelection, organizations: Sequence[Organization], at: datetime) -> list[UUID]:
    """The organizations by id, then those of the kinds that are active; each once."""
    if not to.organization_ids and not to.kinds:
        raise InvalidContent(errors=[FieldError(pointer="/to", code="required")])
    parents = {each.id: each.parent_id for each in organizations}
    chosen = [
        each.id
        for each in organizations
        if each.kind in to.kinds
        and assignments.is_active(each, at)
        and assignments.is_below(parents, each.id, to.below_id)
    ]
    return list(dict.fromkeys([*to.organization_ids, *chosen]))
