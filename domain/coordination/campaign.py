"""Campaigns: a period with goals, an organization that leads it and those that take part."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.content.content import Code, ShortText
from domain.errors import FieldError, InvalidContent
from domain.lifecycle import Transitions
from domain.noun import Noun

CampaignState = Literal["planned", "running", "closed", "cancelled"]
CampaignAction = Literal["start", "close", "cancel"]
TargetCode = Literal["a", "b", "c", "d", "đ1", "đ2", "e1", "e2", "g", "h", "i"]
Tasks = Annotated[tuple[Annotated[int, Meta(ge=1, le=6)], ...], Meta(max_length=6)]
Topics = Annotated[tuple[Code, ...], Meta(max_length=11, examples=[["online_scams"]])]
Audiences = Annotated[tuple[Code, ...], Meta(max_length=12, examples=[["general_public"]])]
Organizations = Annotated[tuple[UUID, ...], Meta(max_length=200)]
_OPEN: frozenset[CampaignState] = frozenset({"planned", "running"})
TRANSITIONS: Transitions[CampaignAction, CampaignState] = {
    "start": (frozenset({"planned"}), "running"),
    "close": (frozenset({"running"}), "closed"),
    "cancel": (_OPEN, "cancelled"),
}


class Goal(Noun, frozen=True, kw_only=True):
    """A number to reach for one target of the decree (part II, section II.2, a to i)."""

    target: TargetCode
    value: Annotated[int, Meta(ge=1, le=10**9)]


class CampaignPlan(Noun, frozen=True, kw_only=True):
    """The editable part of a campaign. `code`: short and unique, for people to name it. The last day is included."""

    code: Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=60, examples=["thang-an-toan-2026"])]
    title: ShortText
    title_en: Annotated[str, Meta(max_length=200)] = ""
    summary: Annotated[str, Meta(max_length=2000)] = ""
    starts_on: date
    ends_on: date
    participant_ids: Organizations = ()
    topics: Topics = ()
    audiences: Audiences = ()
    tasks: Tasks = ()
    goals: Annotated[tuple[Goal, ...], Meta(max_length=11)] = ()


class Campaign(Noun, frozen=True, kw_only=True):
    """The owner is the organization that leads it."""

    id: UUID
    owner_id: UUID
    plan: CampaignPlan
    state: CampaignState = "planned"
    note: str = ""
    created_at: datetime
    updated_at: datetime
    revision: int = 1

    @property
    def open(self) -> bool:
        return self.state in _OPEN


def check_campaign(plan: CampaignPlan) -> None:
    """Raise InvalidContent for a period that ends before it starts, or a target named twice."""
    errors = []
    if plan.ends_on < plan.starts_on:
        errors.append(FieldError(pointer="/ends_on", code="end_before_start"))
    targets = [goal.target for goal in plan.goals]
    if repeated := [number for number, target in enumerate(targets) if target in targets[:number]]:
        errors.append(FieldError(pointer=f"/goals/{repeated[0]}/target", code="repeated"))
    if errors:
        raise InvalidContent(errors=errors)
