"""Members' tokens, minted by the operator until people can sign in themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from adapters.access_tokens import mint
from adapters.clock import SystemClock, SystemIds
from domain.errors import Forbidden, NotFound
from domain.identity.organization import Client
from domain.permissions import SCOPES, scopes_of
from domain.ports import Event
from runtime.services import OPERATOR, engine_of, work_on
from runtime.settings import Settings
from storage.identity.signing_keys import load_keys
from storage.postgres.tables import sessions

OPERATOR_CLIENT = "lantoa-cli"


async def mint_member_token(settings: Settings, login: str, scopes: list[str], minutes: int) -> dict[str, Any]:
    """Open a session for a member and sign its token. Scopes beyond the member's roles raise Forbidden."""
    clock, ids = SystemClock(), SystemIds()
    async with engine_of(settings) as engine:
        keys = await load_keys(engine, settings.secret_key, clock)
        async with work_on(engine) as work:
            member = await work.organizations.member(login)
            allowed = scopes_of(member.roles)
            if not member.active or not set(scopes) <= allowed:
                raise Forbidden(allowed=" ".join(sorted(allowed)))
            try:
                await work.organizations.client(OPERATOR_CLIENT)
            except NotFound:
                await work.organizations.add_client(_operator_client(member.organization_id))
            now, session_id = clock.now(), ids.new()
            granted = " ".join(sorted(scopes or allowed))
            await work.sql.run(
                insert(sessions).values(
                    id=session_id,
                    client_id=OPERATOR_CLIENT,
                    member_id=member.id,
                    created_at=now,
                    expires_at=now + timedelta(minutes=minutes),
                    auth_time=now,
                )
            )
            await work.commit(
                Event(
                    actor=OPERATOR.key,
                    verb="token.mint",
                    thing=f"member:{member.id}",
                    detail={"scope": granted},
                )
            )
    token = mint(
        keys,
        issuer=settings.public_url,
        session_id=session_id,
        client_id=OPERATOR_CLIENT,
        subject=f"member:{member.id}",
        organization=str(member.organization_id),
        scope=granted,
        now=now,
        seconds=minutes * 60,
    )
    return {"access_token": token, "token_type": "Bearer", "expires_in": minutes * 60, "scope": granted}


def _operator_client(organization_id: UUID) -> Client:
    """No secret and no key: it cannot get a token at the token endpoint. The member's roles bound its scopes."""
    return Client(
        id=OPERATOR_CLIENT,
        name="lantoa token",
        organization_id=organization_id,
        scopes=frozenset(SCOPES),
        roles=(),
    )
