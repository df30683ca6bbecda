"""Members: invited, accepted, given roles, suspended, erased."""

from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import Forbidden, NotFound, StaleVersion
from domain.events import Event, MemberErased
from domain.identity.actions.sign_in import ACCOUNT, end_sessions
from domain.identity.invitation import INVITATION_LIFETIME, Invitation
from domain.identity.login import check_login
from domain.identity.member import Member, Role, check_person_name
from domain.identity.oauth_grant import digest_of
from domain.identity.organization import Organization
from domain.identity.ports import PasswordHasher
from domain.permissions import require
from domain.unit_of_work import UnitOfWork

_APPOINTED: frozenset[Role] = frozenset({"coordinator", "approver", "auditor"})
"""Roles that only coordinators give and take."""


def _check_may_give(actor: Actor, roles: tuple[Role, ...]) -> None:
    if _APPOINTED & set(roles) and "coordinator" not in actor.roles:
        raise Forbidden(permission="member.manage")


async def invite(
    work: UnitOfWork, actor: Actor, organization_id: UUID, roles: tuple[Role, ...], email: str | None
) -> tuple[Invitation, str]:
    """Make an invitation; gives it with its code, which is not stored."""
    require(actor, "member.manage", organization_id)
    _check_may_give(actor, roles)
    code = work.ids.secret(18)
    async with work:
        organization = await work.organizations.get(organization_id)
        made = Invitation(
            id=work.ids.new(),
            code_hash=digest_of(code),
            organization_id=organization.id,
            roles=roles,
            email=email.lower() if email else None,
            invited_by=actor.key,
            expires_at=work.clock.now() + INVITATION_LIFETIME,
        )
        await work.invitations.add(made)
        detail: dict[str, object] = {"organization": str(organization_id), "roles": list(roles)}
        target = f"invitation:{made.id}"
        await work.commit(Event(actor=actor.key, activity="member.invite", target=target, detail=detail))
    return made, code


async def withdraw_invitation(work: UnitOfWork, actor: Actor, invitation_id: UUID) -> None:
    """Take back an invitation that nobody has accepted; NotFound for any other."""
    require(actor, "member.manage")
    async with work:
        found = await work.invitations.find_by_id(invitation_id)
        mine = found is not None and (actor.reaches_all or found.organization_id == actor.organization_id)
        if found is None or not mine or found.member_id is not None:
            raise NotFound
        await work.invitations.remove(invitation_id)
        target = f"invitation:{invitation_id}"
        await work.commit(Event(actor=actor.key, activity="member.uninvite", target=target))


async def get_invitation(work: UnitOfWork, code: str) -> tuple[Invitation, Organization]:
    """An invitation that can still be accepted. NotFound for used, expired and unknown codes alike."""
    async with work:
        found = await work.invitations.find(digest_of(code))
        if found is None or not found.open_at(work.clock.now()):
            raise NotFound
        return found, await work.organizations.get(found.organization_id)


class ProviderIdentity(msgspec.Struct, frozen=True):
    """A person as the OpenID provider knows them."""

    subject: str
    email: str


class NewPassword(msgspec.Struct, frozen=True):
    """A password to be hashed once the invitation is known to be open."""

    hasher: PasswordHasher
    text: str


async def accept(
    work: UnitOfWork, code: str, *, login: str, name: str, proof: ProviderIdentity | NewPassword | None = None
) -> Member:
    """Make the member that was invited, with the first way to sign in. The provider's e-mail must be the invited one.

    Raises NotFound (code), Forbidden (e-mail), IdTaken (login), InvalidContent (login, name).
    """
    async with work:
        found = await work.invitations.find(digest_of(code))
        if found is None or not found.open_at(work.clock.now()):
            raise NotFound
        email = proof.email if isinstance(proof, ProviderIdentity) else None
        if email is not None and email != found.email:
            raise Forbidden(permission="member.accept")
        member = Member(
            id=work.ids.new(),
            login=check_login(login),
            name=check_person_name(name),
            organization_id=found.organization_id,
            roles=found.roles,
            email=email or found.email,
        )
        await work.members.add(member)
        try:
            await work.invitations.save(replace(found, member_id=member.id))
        except StaleVersion as error:
            raise NotFound from error
        if proof is not None:
            await _save_proof(work, member, proof)
        await work.commit(Event(actor=member.key, activity="member.accept", target=member.key))
    return member


async def _save_proof(work: UnitOfWork, member: Member, proof: ProviderIdentity | NewPassword) -> None:
    credential = await work.credentials.get(member.id)
    if isinstance(proof, ProviderIdentity):
        changed, activity = replace(credential, provider_subject=proof.subject), "provider.link"
    else:
        password_hash = await proof.hasher.hash(proof.text)
        changed, activity = replace(credential, password_hash=password_hash), "password.set"
    await work.credentials.save(changed)
    work.record(Event(actor=member.key, activity=activity, target=ACCOUNT, detail={"member": str(member.id)}))


async def change(
    work: UnitOfWork,
    actor: Actor,
    member_id: UUID,
    revision: int,
    *,
    roles: tuple[Role, ...] | None = None,
    active: bool | None = None,
) -> Member:
    """Give other roles, suspend or reactivate. A suspended member's tokens stop within five seconds."""
    async with work:
        member = await _managed(work, actor, member_id)
        if member.revision != revision:
            raise StaleVersion(current=member.revision)
        _check_may_give(actor, (roles or ()) + member.roles)
        changed = replace(
            member,
            roles=member.roles if roles is None else roles,
            active=member.active if active is None else active,
        )
        if changed.active and member.left_at is not None:
            raise Forbidden(permission="member.manage")
        saved = await work.members.save(changed)
        if not saved.active:
            await end_sessions(work, member_id)
        detail: dict[str, object] = {"roles": list(saved.roles), "active": saved.active}
        await work.commit(Event(actor=actor.key, activity="member.change", target=saved.key, detail=detail))
    return saved


async def _managed(work: UnitOfWork, actor: Actor, member_id: UUID) -> Member:
    member = await work.members.get(member_id)
    require(actor, "member.read")
    if not actor.reaches_all and member.organization_id != actor.organization_id:
        raise NotFound
    require(actor, "member.manage", member.organization_id)
    return member


async def erase(work: UnitOfWork, actor: Actor) -> None:
    """Erase oneself (Law 91/2025/QH15): name, login, e-mail and credentials go, the audit trail keeps the id."""
    if actor.member_id is None:
        raise Forbidden(permission="me.erase")
    async with work:
        member = await work.members.get(actor.member_id)
        pseudonym = f"da-xoa-{member.id.hex[-12:]}"
        left_at = work.clock.now()
        await work.members.save(
            replace(member, login=pseudonym, name=pseudonym, email=None, roles=(), active=False, left_at=left_at)
        )
        await work.credentials.remove(member.id)
        await end_sessions(work, member.id)
        await work.commit(
            MemberErased(actor=actor.key, activity="member.erase", target=member.key, member_id=member.id, at=left_at)
        )


async def ensure(
    work: UnitOfWork, actor: Actor, login: str, *, name: str, organization_id: UUID, roles: tuple[Role, ...]
) -> tuple[Member, bool]:
    """Give the member with that login, added if there is none (then True)."""
    require(actor, "member.manage", organization_id)
    async with work:
        known = await work.members.find_by_login(login)
        if known is not None:
            return known, False
        added = Member(id=work.ids.new(), login=login, name=name, organization_id=organization_id, roles=roles)
        await work.members.add(added)
        await work.commit(Event(actor=actor.key, activity="member.add", target=added.key))
    return added, True
