"""The one rule for readers: which published content, media, channels and feed heads a caller may read."""

from typing import Literal
from uuid import UUID

import msgspec

from domain.actor import Actor
from domain.errors import GrantRevoked, InsufficientScope, NotFound, Refusal

SCOPE = "content:read"
GrantState = Literal["granted", "revoked", "none"]


class ReadAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Made once from the caller. Public channels are readable by everybody, others by grant or with `everything`.

    `organization_id` is None where no grant counts: for anonymous callers and for tokens without `content:read`.
    """

    identified: bool = False
    organization_id: UUID | None = None
    everything: bool = False

    @property
    def lacks_scope(self) -> bool:
        return self.identified and self.organization_id is None

    @property
    def partition(self) -> str:
        """The cache partition: callers with the same partition may read the same content."""
        if self.lacks_scope:
            return "no-scope"
        return f"{self.organization_id}{self.everything:d}"

    def refusal(self) -> Refusal:
        """The error for anything that is not readable: it does not reveal whether it exists."""
        return InsufficientScope(scope=SCOPE) if self.lacks_scope else NotFound()

    def require_scope(self) -> None:
        """Raise InsufficientScope for a token that may not read content at all: lists need the scope."""
        if self.lacks_scope:
            raise InsufficientScope(scope=SCOPE)

    def check_channel(self, slug: str, *, readable: bool, grant: GrantState) -> None:
        """Raise unless the channel is readable; GrantRevoked tells a partner to delete its copy."""
        if readable:
            return
        if grant == "revoked" and not self.lacks_scope:
            raise GrantRevoked(channel=slug)
        raise self.refusal()


ANONYMOUS = ReadAccess()


def read_access(actor: Actor | None) -> ReadAccess:
    """Give the read access of a caller (None: anonymous)."""
    if actor is None:
        return ANONYMOUS
    if SCOPE not in actor.scopes:
        return ReadAccess(identified=True)
    return ReadAccess(identified=True, organization_id=actor.organization_id, everything=actor.reaches_all)
