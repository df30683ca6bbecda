"""Sessions of machines at the token endpoint, and of members whose token the operator mints."""

from datetime import timedelta
from uuid import UUID

from domain.actor import Actor
from domain.errors import Forbidden, NotFound
from domain.events import Event
from domain.identity.client import Client
from domain.identity.member import Member
from domain.identity.session import Session
from domain.permissions import require
from domain.scopes import SCOPES, scopes_of
from domain.unit_of_work import UnitOfWork

OPERATOR_CLIENT = "lantoa-cli"
"""The client of sessions that the operator opens. It has no secret: the token endpoint never serves it."""


async def open_for_client(work: UnitOfWork, client: Client, lifetime: timedelta, scope: str) -> Session:
    """Open the session of a client that acts alone, in one statement with its audit row."""
    async with work:
        now = work.clock.now()
        session = Session(id=work.ids.new(), client_id=client.id, created_at=now, expires_at=now + lifetime)
        await work.sessions.add(session)
        detail: dict[str, object] = {"session": str(session.id), "scope": scope}
        await work.commit(Event(actor=f"client:{client.id}", activity="token.issue", target="oauth", detail=detail))
    return session


async def open_for_member(
    work: UnitOfWork, actor: Actor, login_or_id: str, scopes: list[str], lifetime: timedelta
) -> tuple[Session, Member, str]:
    """Open a session for a member in the operator's name; gives the granted scope too.

    Scopes beyond the member's roles, and inactive members, raise Forbidden.
    """
    require(actor, "member.manage")
    async with work:
        member = await _member(work, login_or_id)
        allowed = scopes_of(member.roles)
        if not member.active or not set(scopes) <= allowed:
            raise Forbidden(allowed=" ".join(sorted(allowed)))
        if await work.clients.find(OPERATOR_CLIENT) is None:
            await work.clients.add(_operator_client(member.organization_id))
        now, granted = work.clock.now(), " ".join(sorted(scopes or allowed))
        session = Session(
            id=work.ids.new(),
            client_id=OPERATOR_CLIENT,
            member_id=member.id,
            created_at=now,
            expires_at=now + lifetime,
            auth_time=now,
        )
        await work.sessions.add(session)
        detail: dict[str, object] = {"scope": granted}
        await work.commit(Event(actor=actor.key, activity="token.mint", target=member.key, detail=detail))
    return session, member, granted


async def _member(work: UnitOfWork, login_or_id: str) -> Member:
    found = await work.members.find_by_login(login_or_id)
    if found is not None:
        return found
    try:
        member_id = UUID(login_or_id)
    except ValueError as error:
        raise NotFound from error
    return await work.members.get(member_id)


def _operator_client(organization_id: UUID) -> Client:
    return Client(
        id=OPERATOR_CLIENT,
        name="lantoa token",
        organization_id=organization_id,
        scopes=frozenset(SCOPES),
        roles=(),
    )
