"""Who may do what: one table, one function, used everywhere.

Allowed = scope of the token ∩ role of the person or client ∩ organization rule. What one may not see is
NotFound, what one may not do to what one sees is Forbidden.
"""

from typing import Literal
from uuid import UUID

import msgspec

from domain.actor import Actor
from domain.errors import Forbidden, InsufficientScope, LoginTooOld
from domain.identity.login import RECENT
from domain.identity.organization import Role

Verb = Literal[
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
]
Reach = Literal["any", "own"]
_WRITERS: frozenset[Role] = frozenset({"coordinator", "editor", "triager"})
_STAFF: frozenset[Role] = frozenset({"coordinator", "editor", "approver", "triager", "auditor"})
_COORDINATOR: frozenset[Role] = frozenset({"coordinator"})
_REVIEWERS: frozenset[Role] = frozenset({"coordinator", "approver"})
_EVERYONE: frozenset[Role] = frozenset(
    {"coordinator", "editor", "approver", "outlet_manager", "triager", "collaborator", "auditor"}
)


class Rule(msgspec.Struct, frozen=True):
    """`scopes`: any one of these suffices. `reach`: whose things; see `Actor.reaches_all`."""

    scopes: frozenset[str]
    roles: frozenset[Role]
    reach: Reach = "any"


def _rule(scopes: str, roles: frozenset[Role], reach: Reach = "any") -> Rule:
    return Rule(frozenset(scopes.split()), roles, reach)


SCOPE_TEXT: dict[str, tuple[str, str]] = {
    "content:read": ("Đọc và tải nội dung", "Read and download content"),
    "content:write": ("Soạn và sửa bản nháp, tải tệp lên", "Write drafts and upload files"),
    "content:review": ("Duyệt hoặc trả lại bản nháp", "Approve or return drafts"),
    "content:publish": ("Phát hành, đính chính, gỡ nội dung", "Publish, correct and take down content"),
    "channels:manage": ("Quản lý kênh", "Manage channels"),
    "partners:manage": ("Quản lý đơn vị, thành viên, ứng dụng", "Manage organizations, members and apps"),
    "calendar:read": ("Xem lịch", "See calendars"),
    "calendar:write": ("Sửa lịch", "Change calendars"),
    "placements:write": ("Báo nơi đã đăng, phát", "Report where content appeared"),
    "reports:submit": ("Gửi phản ánh", "Send reports"),
    "reports:triage": ("Xử lý phản ánh", "Handle reports"),
    "webhooks:manage": ("Quản lý webhook", "Manage webhooks"),
    "progress:read": ("Xem tiến độ", "See progress"),
    "progress:write": ("Báo cáo tiến độ", "Report progress"),
    "audit:read": ("Xem nhật ký", "Read the audit trail"),
}
SCOPES = list(SCOPE_TEXT)

RULES: dict[Verb, Rule] = {
    "me.read": Rule(frozenset(SCOPES), _EVERYONE),
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
    "me.erase": Rule(frozenset(SCOPES), _EVERYONE),
}

RECENT_LOGIN: frozenset[Verb] = frozenset(
    {"organization.manage", "member.manage", "client.manage", "grant.manage", "channel.manage", "me.erase"}
)
"""What a person may do only some hours after signing in (RFC 9470); machines have no sign-in that could age."""

ROLE_SCOPES: dict[Role, frozenset[str]] = {
    "coordinator": frozenset(SCOPES),
    "editor": frozenset({"content:read", "content:write", "calendar:read"}),
    "approver": frozenset({"content:read", "content:review"}),
    "outlet_manager": frozenset(
        {
            "content:read",
            "calendar:read",
            "calendar:write",
            "placements:write",
            "progress:write",
            "webhooks:manage",
        }
    ),
    "triager": frozenset({"reports:triage", "content:write"}),
    "collaborator": frozenset({"reports:submit", "content:read", "calendar:read"}),
    "auditor": frozenset({"audit:read", "progress:read", "content:read"}),
}
"""The most a role may be given; a token asks for a part of it."""


def scopes_of(roles: tuple[Role, ...] | frozenset[Role]) -> frozenset[str]:
    """Every scope that these roles together may be given."""
    return frozenset().union(*(ROLE_SCOPES[role] for role in roles))


def can(actor: Actor, verb: Verb, owner: UUID | None = None) -> bool:
    """Say whether `actor` may do `verb` to a thing of the organization `owner` (None: not to a given thing)."""
    rule = RULES[verb]
    if not (rule.scopes & actor.scopes and rule.roles & actor.roles):
        return False
    return owner is None or rule.reach == "any" or actor.reaches_all or owner == actor.organization_id


def require(actor: Actor, verb: Verb, owner: UUID | None = None) -> None:
    """Raise InsufficientScope or Forbidden unless `can`; LoginTooOld where only the sign-in is too long ago."""
    rule = RULES[verb]
    if not rule.scopes & actor.scopes:
        raise InsufficientScope(scope=" ".join(sorted(rule.scopes)))
    if not can(actor, verb, owner):
        raise Forbidden(verb=verb)
    if verb in RECENT_LOGIN and not actor.recent:
        raise LoginTooOld(max_age=int(RECENT.total_seconds()))


def sees(actor: Actor, owner: UUID) -> bool:
    """Say whether unpublished things of `owner` exist for `actor`."""
    return actor.reaches_all or owner == actor.organization_id
