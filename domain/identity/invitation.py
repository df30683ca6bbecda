"""Invitations: a membership that waits for its person."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.member import Role
from domain.noun import Noun

INVITATION_LIFETIME = timedelta(days=7)


class Invitation(Noun, frozen=True, kw_only=True):
    """Its code is shown once and stored as a SHA-256 hash. `member_id`: who accepted it."""

    id: UUID
    code_hash: bytes
    organization_id: UUID
    roles: tuple[Role, ...]
    email: str | None = None
    invited_by: str
    expires_at: datetime
    member_id: UUID | None = None
    revision: int = 1

    def open_at(self, at: datetime) -> bool:
        return self.member_id is None and self.expires_at > at
