"""Permissions: one table and one function, used everywhere.

Allowed = scope of the token ∩ role of the person or client ∩ organization rule. What an actor may not see is NotFound,
what it may not do to what it sees is Forbidden. Published content has a rule of its own: `domain.read_access`.
"""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

import msgspec

from domain.actor import Actor
from domain.errors import Forbidden, InsufficientScope, LoginTooOld, NotFound
from domain.identity.login import RECENT
from domain.identity.member import Role
from domain.scopes import SCOPES

Permission = Literal[
    "me.read",
    "material.list",
    "material.create",
    "material.read",
    "material.patch",
    "material.attach",
    "material.revise",
    "material.request_review",
    "material.return",
    "material.approve",
    "material.publish",
    "material.correct",
    "material.schedule",
    "material.unschedule",
    "material.duplicate",
    "material.withdraw",
    "material.kill",
    "asset.upload",
    "asset.read",
    "channel.manage",
    "grant.manage",
    "takedown.list",
    "takedown.acknowledge",
    "organization.list",
    "organization.manage",
    "member.read",
    "member.manage",
    "client.read",
    "client.manage",
    "audit.read",
    "me.erase",
    "campaign.read",
    "campaign.manage",
    "activity.read",
    "activity.manage",
    "assignment.read",
    "assignment.assign",
    "assignment.answer",
    "inbox.read",
    "outlet.read",
    "outlet.manage",
    "booking.manage",
    "placement.read",
    "placement.report",
    "calendar.read",
    "calendar.subscribe",
    "coordination.overview",
]
Reach = Literal["any", "own"]
_WRITERS: frozenset[Role] = frozenset({"coordinator", "editor", "triager"})
_STAFF: frozenset[Role] = frozenset({"coordinator", "editor", "approver", "triager", "auditor"})
_COORDINATOR: frozenset[Role] = frozenset({"coordinator"})
_REVIEWERS: frozenset[Role] = frozenset({"coordinator", "approver"})
_EVERYONE: frozenset[Role] = frozenset(
    {"coordinator", "editor", "approver", "outlet_manager", "triager", "collaborator", "auditor"}
)

_PLANNERS: frozenset[Role] = frozenset({"coordinator", "outlet_manager"})
_CALENDARS = "calendar:read calendar:write"


class PermissionRule(msgspec.Struct, frozen=True):
    """`scopes`: any one of these suffices. `reach`: of which organizations; see `Actor.reaches_all`."""

    scopes: frozenset[str]
    roles: frozenset[Role]
    reach: Reach = "any"


def _rule(scopes: str, roles: frozenset[Role], reach: Reach = "any") -> PermissionRule:
    return PermissionRule(frozenset(scopes.split()), roles, reach)


RULES: dict[Permission, PermissionRule] = {
    "me.read": PermissionRule(frozenset(SCOPES), _EVERYONE),
    "material.list": _rule("content:read content:write content:review content:publish", _STAFF, "own"),
    "material.read": _rule("content:read content:write content:review content:publish", _STAFF, "own"),
    "material.create": _rule("content:write", _WRITERS, "own"),
    "material.patch": _rule("content:write", _WRITERS, "own"),
    "material.attach": _rule("content:write", _WRITERS, "own"),
    "material.revise": _rule("content:write", _WRITERS, "own"),
    "material.request_review": _rule("content:write", _WRITERS, "own"),
    "material.return": _rule("content:review", _REVIEWERS, "own"),
    "material.approve": _rule("content:review", _REVIEWERS, "own"),
    "material.publish": _rule("content:publish", _COORDINATOR),
    "material.correct": _rule("content:publish", _COORDINATOR),
    "material.schedule": _rule("content:publish", _COORDINATOR),
    "material.unschedule": _rule("content:publish", _COORDINATOR),
    "material.duplicate": _rule("content:write", _WRITERS, "own"),
    "material.withdraw": _rule("content:publish", _COORDINATOR),
    "material.kill": _rule("content:publish", _COORDINATOR),
    "asset.upload": _rule("content:write", _WRITERS, "own"),
    "asset.read": _rule("content:read content:write content:review content:publish", _STAFF, "own"),
    "channel.manage": _rule("channels:manage", _COORDINATOR),
    "grant.manage": _rule("partners:manage channels:manage", _COORDINATOR),
    "takedown.list": _rule("content:read content:publish", _EVERYONE, "own"),
    "takedown.acknowledge": _rule("content:read placements:write", _EVERYONE, "own"),
    "organization.list": _rule("content:read partners:manage", _EVERYONE),
    "organization.manage": _rule("partners:manage", _COORDINATOR),
    "member.read": _rule("partners:manage", _COORDINATOR, "own"),
    "member.manage": _rule("partners:manage", _COORDINATOR, "own"),
    "client.read": _rule("partners:manage", _COORDINATOR, "own"),
    "client.manage": _rule("partners:manage", _COORDINATOR, "own"),
    "audit.read": _rule("audit:read", frozenset({"coordinator", "auditor"})),
    "me.erase": PermissionRule(frozenset(SCOPES), _EVERYONE),
    "campaign.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "campaign.manage": _rule("calendar:write", _COORDINATOR),
    "activity.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "activity.manage": _rule("calendar:write", _PLANNERS, "own"),
    "assignment.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "assignment.assign": _rule("calendar:write", _PLANNERS, "own"),
    "assignment.answer": _rule(_CALENDARS, _EVERYONE, "own"),
    "inbox.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "outlet.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "outlet.manage": _rule("calendar:write", _PLANNERS, "own"),
    "booking.manage": _rule("calendar:write", _PLANNERS, "own"),
    "placement.read": _rule(f"{_CALENDARS} placements:write", _EVERYONE, "own"),
    "placement.report": _rule("placements:write", _PLANNERS, "own"),
    "calendar.read": _rule(_CALENDARS, _EVERYONE, "own"),
    "calendar.subscribe": _rule(_CALENDARS, _EVERYONE, "own"),
    "coordination.overview": _rule(_CALENDARS, _COORDINATOR),
}

RECENT_LOGIN: frozenset[Permission] = frozenset(
    {"organization.manage", "member.manage", "client.manage", "grant.manage", "channel.manage", "me.erase"}
)
"""Permissions that a person has only for some hours after signing in (RFC 9470); machines do not sign in."""


def can(actor: Actor, permission: Permission, owner: UUID | None = None) -> bool:
    """Whether `actor` has the permission for a noun of the organization `owner` (None: for no noun in particular)."""
    rule = RULES[permission]
    if not (rule.scopes & actor.scopes and rule.roles & actor.roles):
        return False
    return owner is None or rule.reach == "any" or actor.reaches_all or owner == actor.organization_id


def require(actor: Actor, permission: Permission, owner: UUID | None = None) -> None:
    """Raise InsufficientScope or Forbidden unless `can`; LoginTooOld where only the sign-in is too long ago."""
    rule = RULES[permission]
    if not rule.scopes & actor.scopes:
        raise InsufficientScope(scope=" ".join(sorted(rule.scopes)))
    if not can(actor, permission, owner):
        raise Forbidden(permission=permission)
    if permission in RECENT_LOGIN and not actor.recent:
        raise LoginTooOld(max_age=int(RECENT.total_seconds()))


def sees(actor: Actor, owner: UUID) -> bool:
    """Whether unpublished work of the organization `owner` exists for `actor`."""
    return actor.reaches_all or owner == actor.organization_id


def takes_part(actor: Actor, owner: UUID, participants: Collection[UUID]) -> bool:
    """Whether planned work of `owner`, in which `participants` take part, exists for `actor`."""
    return sees(actor, owner) or actor.organization_id in participants


def check_owned(actor: Actor, permission: Permission, owner: UUID, *, visible: bool | None = None) -> None:
    """Raise NotFound for what does not exist for `actor`; what it may not do to what it sees as `require` does."""
    if not (sees(actor, owner) if visible is None else visible):
        raise NotFound
    require(actor, permission, owner)
