"""Organizations: the nodes of the programme's tree."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.noun import Noun

OrganizationKind = Literal[
    "coordinator",
    "department",
    "district",
    "commune",
    "newspaper",
    "broadcaster",
    "radio_station",
    "school",
    "enterprise",
    "telecom",
    "bank",
    "union",
    "police",
    "military",
    "central_press",
]


class Organization(Noun, frozen=True, kw_only=True):
    """A node of the tree. `code` is the stable short name used by programme files and the operator."""

    id: UUID
    code: str
    kind: OrganizationKind
    name: str
    parent_id: UUID | None = None
    duties: tuple[str, ...] = ()
    active_from: datetime | None = None
    active_to: datetime | None = None
    successor_id: UUID | None = None
    revision: int = 1
