"""The client_credentials fast path: a machine with the right secret. Every other request goes to Authlib."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from api.oauth.clients import OAuthClient
from api.oauth.forms import Answer, Form
from api.oauth.server import Minter
from domain.identity.actions import sessions
from domain.identity.client import Client
from domain.unit_of_work import UnitOfWork


class ClientCredentialsFastPath:
    """Handles client_credentials with HTTP Basic: one read, one write (decision 0014).

    It only answers success; every failure, and every other request, is left to Authlib. A test compares both.
    """

    def __init__(self, find_client: Callable[[str], Awaitable[Client | None]], mint: Minter, seconds: int) -> None:
        self._find_client = find_client
        self._mint = mint
        self._seconds = seconds

    async def token(self, work: UnitOfWork, form: Form) -> Answer | None:
        """Answer with a token, or give None: then Authlib decides."""
        sent, basic = dict(form.pairs), form.basic
        if basic is None or sent.get("grant_type") != "client_credentials" or sent.keys() - {"grant_type", "scope"}:
            return None
        client = await self._find_client(basic[0])
        if client is None or not client.active or not OAuthClient(client).check_client_secret(basic[1]):
            return None
        asked = sent.get("scope", "")
        usual = client.auth_method == "client_secret_basic" and "client_credentials" in client.grant_types
        if not usual or not set(asked.split()) <= client.scopes:
            return None
        granted = asked or " ".join(sorted(client.scopes))
        session = await sessions.open_for_client(work, client, timedelta(seconds=self._seconds), granted)
        token = self._mint(f"client:{client.id}", session.id, client.id, client.organization_id, granted)
        body = {"token_type": "Bearer", "access_token": token, "expires_in": self._seconds, "scope": granted}
        return Answer(200, body, {"cache-control": "no-store"})
