"""The inbox: what an organization or a person must know, each matter once, in its last state."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.identity.member import Role

InboxKind = Literal["assignment", "change", "reminder", "takedown", "booking_cancelled", "coverage_cancelled"]


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`target` reads `<noun>:<id>`. A later entry of the same target takes the place of the earlier one."""

    organization_id: UUID
    member_id: UUID | None = None
    role: Role | None = None
    target: str
    kind: InboxKind
    at: datetime
    note: str = ""
