"""Sessions: one authorization of a client, which all its tokens belong to."""

from datetime import datetime
from uuid import UUID

from domain.noun import Noun


class Session(Noun, frozen=True, kw_only=True):
    """`member_id` None: the client acts alone. `auth_time`: when the member last proved who it is."""

    id: UUID
    client_id: str
    member_id: UUID | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    auth_time: datetime | None = None

    def lives_at(self, at: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > at
