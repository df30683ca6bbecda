"""Wire types of people, organizations, apps and the audit trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.http.request_bodies import RequestBody
from api.http.views import View
from domain.identity.client import Client
from domain.identity.directory import Name
from domain.identity.member import Member, Role
from domain.identity.organization import Organization, OrganizationKind

Scopes = Annotated[tuple[str, ...], Meta(max_length=40)]
RedirectUris = Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(max_length=10)]
GrantTypes = Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)]
Roles = Annotated[tuple[Role, ...], Meta(max_length=7)]


class OrganizationSummary(View, frozen=True, kw_only=True):
    """An organization in a list."""

    id: UUID
    code: str
    kind: OrganizationKind
    name: str


class OrganizationList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[OrganizationSummary]
    next: str | UnsetType = UNSET


class CallerView(View, frozen=True, kw_only=True):
    """The actor that the token stands for, and what it may do."""

    client_id: str
    organization: OrganizationSummary
    scopes: list[str]
    roles: list[Role]
    member_id: UUID | UnsetType = UNSET


class PersonalDataView(View, frozen=True, kw_only=True):
    """Everything that is stored about a person."""

    person: dict[str, Any]
    sessions: list[dict[str, Any]]
    activities: list[dict[str, Any]]
    trainings: list[dict[str, Any]]


class OrganizationView(View, frozen=True, kw_only=True):
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


def show_organization(one: Organization) -> OrganizationView:
    return msgspec.convert(_present(one), OrganizationView)


class SuccessionRequest(RequestBody, frozen=True, kw_only=True):
    """The organization that takes the place of another."""

    successor_id: UUID


class ImportReportView(View, frozen=True, kw_only=True):
    """The changes of an import; with `dry_run`, those it would make. `changed`: code to names of fields."""

    dry_run: bool
    added: list[str]
    changed: dict[str, list[str]]
    unchanged: int


class MemberView(View, frozen=True, kw_only=True):
    """A person of an organization. The e-mail address is not shown."""

    id: UUID
    login: str
    name: str
    organization_id: UUID
    roles: list[Role]
    active: bool
    revision: int
    left_at: datetime | UnsetType = UNSET


def show_member(member: Member) -> MemberView:
    return msgspec.convert(_present(member), MemberView)


class MemberList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[MemberView]
    next: str | UnsetType = UNSET


class MemberPatch(RequestBody, frozen=True, kw_only=True):
    """Other roles; `active: false` suspends."""

    roles: Roles | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class InvitationRequest(RequestBody, frozen=True, kw_only=True):
    """An invitation. `email` lets the person sign in through the province's OpenID provider."""

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
    """An app or machine. `secrets`: how many are valid. `last_asked_at`, `last_channel`: its last pull."""

    id: str
    name: str
    organization_id: UUID
    scopes: list[str]
    roles: list[Role]
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
    """One page; `next` is the cursor of the following page."""

    items: list[ClientView]
    next: str | UnsetType = UNSET


class RegisteredClientView(View, frozen=True, kw_only=True):
    """`client_secret` is shown once, where there is one."""

    client: ClientView
    client_secret: str | UnsetType = UNSET


def show_client(client: Client) -> ClientView:
    fields = _present(client) | {"secrets": len(client.secret_hashes), "scopes": sorted(client.scopes)}
    fields.pop("secret_hashes", None)
    return msgspec.convert(fields, ClientView)


class ClientRequest(RequestBody, frozen=True, kw_only=True):
    """`public`: in a browser, on a phone, on a device. `roles` are those of a machine that acts alone."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    organization_id: UUID
    scopes: Scopes = ()
    roles: Roles = ()
    public: bool = False
    redirect_uris: RedirectUris = ()
    grant_types: GrantTypes = ("client_credentials",)
    jwks: dict[str, Any] | UnsetType = UNSET


class ClientPatch(RequestBody, frozen=True, kw_only=True):
    """`active: false` switches it off within five seconds. Keys end its secrets."""

    name: Name | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET
    redirect_uris: RedirectUris | UnsetType = UNSET
    jwks: dict[str, Any] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class AuditEntryView(View, frozen=True, kw_only=True):
    """One audit row. `chain_no` appears once the row is part of the hash chain."""

    id: int
    at: datetime
    actor: str
    activity: str
    target: str
    detail: dict[str, Any]
    chain_no: int | UnsetType = UNSET


class AuditList(View, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following page."""

    items: list[AuditEntryView]
    next: str | UnsetType = UNSET


def _present(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not None}
