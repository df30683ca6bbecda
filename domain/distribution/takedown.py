"""Takedowns: the obligation to remove, and each organization's acknowledgement."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from domain.errors import NotFound
from domain.noun import Noun

TakedownReason = Literal["killed", "withdrawn", "grant_revoked"]
AckStatus = Literal["removed", "never_used", "aired"]


class Obligation(Noun, frozen=True, kw_only=True):
    """One organization that received the material, and its acknowledgement."""

    organization_id: UUID
    status: AckStatus | None = None
    note: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


class Takedown(Noun, frozen=True, kw_only=True):
    """Of a material (killed, withdrawn), or of one organization's copy of a channel (grant_revoked)."""

    id: UUID
    reason: TakedownReason
    note: str = ""
    material_id: UUID | None = None
    channel_id: UUID | None = None
    opened_at: datetime
    closed_at: datetime | None = None
    obligations: tuple[Obligation, ...] = ()
    revision: int = 1


def closed_if_done(takedown: Takedown, at: datetime) -> Takedown:
    """Close a takedown to which everybody has answered (at once when nobody ever received it)."""
    if takedown.closed_at is None and all(o.status for o in takedown.obligations):
        return replace(takedown, closed_at=at)
    return takedown


def acknowledged(
    takedown: Takedown, organization_id: UUID, status: AckStatus, *, note: str, by: str, at: datetime
) -> Takedown:
    """Give the takedown with one answer. A later answer replaces the earlier, the same again changes nothing."""
    mine = next((o for o in takedown.obligations if o.organization_id == organization_id), None)
    if mine is None:
        raise NotFound
    if mine.status == status and mine.note == note:
        return takedown
    answer = replace(mine, status=status, note=note, acknowledged_at=at, acknowledged_by=by)
    others = tuple(answer if o is mine else o for o in takedown.obligations)
    return closed_if_done(replace(takedown, obligations=others), at)
