"""Calendar feeds: addresses with a token, for calendar programs that cannot do OAuth."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.noun import Noun

CalendarScope = Literal["organization", "outlet", "campaign", "member"]
TOKEN_BYTES = 24


class CalendarFeedRequest(Noun, frozen=True, kw_only=True):
    """The calendar of an organization, an outlet, a campaign or a member. `alarm_minutes`: a reminder before each."""

    scope: CalendarScope
    target_id: UUID
    title: Annotated[str, Meta(max_length=100)] = ""
    alarm_minutes: Annotated[int, Meta(ge=0, le=10_080)] | None = None


class CalendarFeed(Noun, frozen=True, kw_only=True):
    """The token is kept as a hash: its address is shown once."""

    id: UUID
    owner_id: UUID
    client_id: str
    member_id: UUID | None = None
    request: CalendarFeedRequest
    token_hash: bytes
    created_at: datetime
    revoked_at: datetime | None = None
    revision: int = 1
