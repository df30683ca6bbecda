"""Members: invited, accepted, given roles, suspended, gone."""

import secrets
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import Fault, Forbidden, InvalidContent, NotFound, StaleVersion
from domain.identity.login import check_login
from domain.identity.oauth_grant import digest_of
from domain.identity.organization import Invitation, Member, Role
from domain.permissions import require
from domain.ports import Event, UnitOfWork

INVITATION_LIFETIME = timedelta(days=7)


def may_give(actor: Actor, roles: tuple[Role, ...]) -> None:
    """Only coordinators make coordinators, approvers and auditors."""
    if set(roles) & {"coordinator", "approver", "auditor"} and "coordinator" not in actor.roles:
        raise Forbidden(verb="member.manage")


async def invite(
    uow: UnitOfWork, actor: Actor, organization_id: UUID, roles: tuple[Role, ...], email: str | None
) -> tuple[Invitation, str]:
    """Make an invitation; gives it with its code."""
    require(actor, "member.manage", organization_id)
    may_give(actor, roles)
    code = secrets.token_urlsafe(18)
    async with uow:
        made = Invitation(
            id=uow.ids.new(),
            code_hash=digest_of(code),
            organization=await uow.organizations.get(organization_id),
            roles=roles,
            email=email.lower() if email else None,
            invited_by=actor.key,
            expires_at=uow.clock.now() + INVITATION_LIFETIME,
        )
        await uow.organizations.add_invitation(made)
        detail: dict[str, object] = {"organization": str(organization_id), "roles": list(roles)}
        await uow.commit(Event(actor=actor.key, verb="member.invite", thing=f"invitation:{made.id}", detail=detail))
    return made, code


async def withdraw_invitation(uow: UnitOfWork, actor: Actor, invitation_id: UUID) -> None:
    """Take back an invitation that nobody has accepted."""
    require(actor, "member.manage")
    async with uow:
        within = None if actor.reaches_all else actor.organization_id
        await uow.organizations.withdraw_invitation(invitation_id, within)
        await uow.commit(Event(actor=actor.key, verb="member.uninvite", thing=f"invitation:{invitation_id}"))


async def invitation(uow: UnitOfWork, code: str) -> Invitation:
    """An invitation that can still be accepted. NotFound for used, expired and unknown codes alike."""
    async with uow:
        found = await uow.organizations.invitation(digest_of(code))
    if found.member_id is not None or found.expires_at <= uow.clock.now():
        raise NotFound
    return found


async def accept(uow: UnitOfWork, code: str, *, login: str, name: str, verified_email: str | None = None) -> Member:
    """Make the member that was invited. `verified_email` comes from the OpenID provider and must be the invited one."""
    found = await invitation(uow, code)
    if verified_email is not None and verified_email != found.email:
        raise Forbidden(verb="member.accept")
    if not 1 <= len(name.strip()) <= 100 or not name.isprintable():
        raise InvalidContent(errors=[Fault(pointer="/name", code="out_of_bounds")])
    async with uow:
        member = Member(
            id=uow.ids.new(),
            login=check_login(login),
            name=name.strip(),
            organization_id=found.organization.id,
            roles=found.roles,
            email=verified_email or found.email,
        )
        await uow.organizations.add_member(member)
        await uow.organizations.use_invitation(found.id, member.id)
        await uow.commit(Event(actor=f"member:{member.id}", verb="member.accept", thing=f"member:{member.id}"))
    return member


async def change(
    uow: UnitOfWork,
    actor: Actor,
    member_id: UUID,
    revision: int,
    *,
    roles: tuple[Role, ...] | None = None,
    active: bool | None = None,
) -> Member:
    """Give other roles, suspend or let back in. A suspended member's tokens stop within five seconds."""
    async with uow:
        member = await _managed(uow, actor, member_id)
        if member.revision != revision:
            raise StaleVersion(current=member.revision)
        may_give(actor, (roles or ()) + member.roles)
        changed = replace(
            member,
            roles=member.roles if roles is None else roles,
            active=member.active if active is None else active,
            revision=revision + 1,
        )
        if changed.active and member.left_at is not None:
            raise Forbidden(verb="member.manage")
        await uow.organizations.save_member(changed)
        if not changed.active:
            await uow.organizations.end_sessions(member_id)
        detail: dict[str, object] = {"roles": list(changed.roles), "active": changed.active}
        await uow.commit(Event(actor=actor.key, verb="member.change", thing=f"member:{member_id}", detail=detail))
    return changed


async def _managed(uow: UnitOfWork, actor: Actor, member_id: UUID) -> Member:
    member = await uow.organizations.member(str(member_id))
    require(actor, "member.read")
    if not actor.reaches_all and member.organization_id != actor.organization_id:
        raise NotFound
    require(actor, "member.manage", member.organization_id)
    return member


async def erase(uow: UnitOfWork, actor: Actor) -> None:
    """Leave for good (Law 91/2025/QH15): name, login and e-mail go, credentials go, the audit keeps only the id."""
    if actor.member_id is None:
        raise Forbidden(verb="me.erase")
    async with uow:
        member = await uow.organizations.member(str(actor.member_id))
        pseudonym = f"da-xoa-{member.id.hex[-12:]}"
        gone = replace(
            member, login=pseudonym, name=pseudonym, email=None, roles=(), active=False, left_at=uow.clock.now(),
            revision=member.revision + 1,
        )  # fmt: skip
        await uow.organizations.save_member(gone)
        await uow.organizations.forget_credentials(member.id)
        await uow.organizations.end_sessions(member.id)
        await uow.commit(Event(actor=actor.key, verb="member.erase", thing=f"member:{member.id}"))
