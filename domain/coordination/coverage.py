"""Coverages: a material planned for an activity, and the material once there is one."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.content.content import Content, Kind, Language
from domain.errors import FieldError, InvalidContent
from domain.noun import Noun
from domain.timing import DEFAULT_ZONE, WallTime, Zone

CoverageState = Literal["planned", "linked", "cancelled"]
CoverageFlag = Literal["material_killed", "material_withdrawn", "activity_cancelled"]


class CoveragePlan(Noun, frozen=True, kw_only=True):
    """`due`: when the material must be ready, as wall time of `zone`; a date means the end of that day."""

    kind: Kind
    language: Language = "vi"
    due: WallTime
    zone: Zone = DEFAULT_ZONE
    material_id: UUID | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class Coverage(Noun, frozen=True, kw_only=True):
    """`flag`: why it was cancelled by something that happened elsewhere."""

    id: UUID
    activity_id: UUID
    plan: CoveragePlan
    due_at: datetime
    state: CoverageState = "planned"
    flag: CoverageFlag | None = None
    updated_at: datetime
    revision: int = 1


def check_material(plan: CoveragePlan, content: Content) -> None:
    """Raise InvalidContent for a material of another kind or language than the one that was planned."""
    errors = []
    if content.kind != plan.kind:
        errors.append(FieldError(pointer="/material_id", code="kind_not_accepted", allowed=(plan.kind,)))
    if content.language != plan.language:
        errors.append(FieldError(pointer="/material_id", code="language_not_accepted", allowed=(plan.language,)))
    if errors:
        raise InvalidContent(errors=errors)
