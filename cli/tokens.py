"""Members' tokens, minted by the operator."""

from datetime import timedelta
from typing import Any

from domain.actor import OPERATOR
from domain.identity.actions import sessions
from runtime.services import Services


async def mint_member_token(services: Services, login: str, scopes: list[str], minutes: int) -> dict[str, Any]:
    """Open a session for a member and sign its token. Scopes beyond the member's roles raise Forbidden."""
    await services.load_keys()
    lifetime = timedelta(minutes=minutes)
    session, member, granted = await sessions.open_for_member(services.work(), OPERATOR, login, scopes, lifetime)
    token = services.mint(member.key, session.id, session.client_id, member.organization_id, granted, lifetime)
    return {"access_token": token, "token_type": "Bearer", "expires_in": minutes * 60, "scope": granted}
