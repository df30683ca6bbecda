"""Wire types of people, organizations, apps and the audit trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.content.views import View
from domain.identity.directory import Name
from domain.identity.organization import Client, Member, Organization, OrganizationKind, Role

Scopes = Annotated[tuple[str, ...], Meta(max_length=40)]
Addresses = Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(max_length=10)]
Grants = Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]
Roles = Annotated[tuple[Role, ...], Meta(max_length=7)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: nothing unknown."""


class OrganizationDetail(View, frozen=True, kw_only=True):
    """An organization with its place in the tree and in time."""

    id: UUID
    code: str
    kind: OrganizationKind
    name: str
    duties: tuple[str, ...] = ()
    parent_id: UUID | UnsetType = UNSET
    active_from: datetime | UnsetType = UNSET
    active_to: datetime | UnsetType = UNSET
    successor_id: UUID | UnsetType = UNSET


def show_organization(one: Organization) -> OrganizationDetail:
    return msgspec.convert(_present(one), OrganizationDetail)


class Succession(Body, frozen=True, kw_only=True):
    """The organization that takes the place."""

    successor_id: UUID


class DifferenceView(View, frozen=True, kw_only=True):
    """What an import changed; with `dry_run`, what it would change. `changed`: code to names of fields."""

    dry_run: bool
    added: list[str]
    changed: dict[str, list[str]]
    unchanged: int


class MemberView(View, frozen=True, kw_only=True):
    """A person of an organization. Without e-mail: nobody needs it here."""

    id: UUID
    login: str
    name: str
    organization_id: UUID
    roles: list[str]
    active: bool
    revision: int
    left_at: datetime | UnsetType = UNSET


def show_member(member: Member) -> MemberView:
    return msgspec.convert(_present(member), MemberView)


class MemberList(View, frozen=True, kw_only=True):
    items: list[MemberView]
    next: str | UnsetType = UNSET


class MemberChange(Body, frozen=True, kw_only=True):
    """Other roles; `active: false` suspends."""

    roles: Roles | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class NewInvitation(Body, frozen=True, kw_only=True):
    """Who may come. `email` lets the person sign in through the province's provider."""

    organization_id: UUID
    roles: Annotated[tuple[Role, ...], Meta(min_length=1, max_length=7)]
    email: Annotated[str, Meta(pattern=r"\A[^@\s]{1,64}@[^@\s]{1,190}\Z")] | UnsetType = UNSET


class InvitationView(View, frozen=True, kw_only=True):
    """`link` and `code` are shown once; pass one of them on."""

    id: UUID
    code: str
    link: str
    expires_at: datetime


class ClientView(View, frozen=True, kw_only=True):
    """An app or machine. `secrets`: how many are live. `last_asked_at`, `last_channel`: its last pull."""

    id: str
    name: str
    organization_id: UUID
    scopes: list[str]
    roles: list[str]
    public: bool
    redirect_uris: list[str]
    grant_types: list[str]
    active: bool
    revision: int
    secrets: int
    jwks: dict[str, Any] | UnsetType = UNSET
    last_asked_at: datetime | UnsetType = UNSET
    last_channel: str | UnsetType = UNSET


class ClientList(View, frozen=True, kw_only=True):
    items: list[ClientView]
    next: str | UnsetType = UNSET


class NewClientView(View, frozen=True, kw_only=True):
    """`client_secret` is shown once, where there is one."""

    client: ClientView
    client_secret: str | UnsetType = UNSET


def show_client(client: Client) -> ClientView:
    fields = _present(client) | {"secrets": len(client.secret_hashes), "scopes": sorted(client.scopes)}
    fields.pop("secret_hashes", None)
    return msgspec.convert(fields, ClientView)


class NewClient(Body, frozen=True, kw_only=True):
    """`public`: in a browser, on a phone, on a device. `roles` are those of a machine that acts alone."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    organization_id: UUID
    scopes: Scopes = ()
    roles: Roles = ()
    public: bool = False
    redirect_uris: Addresses = ()
    grant_types: Grants = ("client_credentials",)
    jwks: dict[str, Any] | UnsetType = UNSET


class ClientChange(Body, frozen=True, kw_only=True):
    """`active: false` switches it off within five seconds. Keys end its secrets."""

    name: Name | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET
    redirect_uris: Addresses | UnsetType = UNSET
    jwks: dict[str, Any] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class AuditView(View, frozen=True, kw_only=True):
    """One act. `seal_no` appears once the row is part of the sealed chain."""

    id: int
    at: datetime
    actor: str
    verb: str
    thing: str
    detail: dict[str, Any]
    seal_no: int | UnsetType = UNSET


class AuditList(View, frozen=True, kw_only=True):
    items: list[AuditView]
    next: str | UnsetType = UNSET


def sent(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that a body named."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}


def _present(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not None}
