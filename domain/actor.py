"""The actor: who makes the present request."""

from uuid import UUID

import msgspec

from domain.identity.member import Role
from domain.scopes import SCOPES


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A member through a client, or a client alone. `scopes` are the token's.

    `central`: its organization is the coordinating department. `recent`: its person, where there is one, signed in
    within the last hours (`domain.identity.login.RECENT`).
    """

    client_id: str
    organization_id: UUID
    scopes: frozenset[str]
    roles: frozenset[Role]
    member_id: UUID | None = None
    session_id: UUID | None = None
    central: bool = False
    recent: bool = True

    @property
    def key(self) -> str:
        """The stable name that history and audit rows carry."""
        return f"member:{self.member_id}" if self.member_id else f"client:{self.client_id}"

    @property
    def reaches_all(self) -> bool:
        """Coordinators, and the approvers and auditors of the coordinating department, reach every organization."""
        return "coordinator" in self.roles or (self.central and bool(self.roles & {"approver", "auditor"}))


OPERATOR = Actor(
    client_id="operator",
    organization_id=UUID(int=0),
    scopes=frozenset(SCOPES),
    roles=frozenset({"coordinator"}),
    central=True,
)
"""Whoever has the server's settings at hand; history and audit call it `client:operator`."""
