"""Organizations, members and OAuth clients: who is there."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.content.content import Noun

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
Role = Literal["coordinator", "editor", "approver", "outlet_manager", "triager", "collaborator", "auditor"]


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


class Member(Noun, frozen=True, kw_only=True):
    """A person with an account in one organization."""

    id: UUID
    login: Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")]
    name: str
    organization_id: UUID
    roles: tuple[Role, ...]
    active: bool = True
    email: str | None = None
    revision: int = 1
    left_at: datetime | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A place that waits for a person. Its code is shown once and kept as a hash."""

    id: UUID
    code_hash: bytes
    organization: Organization
    roles: tuple[Role, ...]
    email: str | None = None
    invited_by: str
    expires_at: datetime
    member_id: UUID | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A machine or app registered for OAuth (RFC 6749 section 2). Secrets are SHA-256 digests, at most two.

    `roles` say what it may do when it acts alone; its scopes bound every token it gets. `public` ones (in a browser, on
    a phone) have no secret and may only act for people.
    """

    id: str
    name: str
    organization_id: UUID
    scopes: frozenset[str]
    roles: tuple[Role, ...] = ("outlet_manager",)
    secret_hashes: tuple[bytes, ...] = ()
    jwks: dict[str, object] | None = None
    active: bool = True
    public: bool = False
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("client_credentials",)
    revision: int = 1

    @property
    def auth_method(self) -> str:
        if self.public:
            return "none"
        return "private_key_jwt" if self.jwks else "client_secret_basic"
