"""The everyday token: a machine with the right secret. Everything else, and every doubt, goes to Authlib.

It only ever says yes, in one statement that also checks that nothing changed since the client was remembered
(docs/decisions/0014). A test compares its answers with Authlib's.
"""

from collections import OrderedDict
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from api.oauth.clients import OAuthClient
from api.oauth.forms import Answer, Form
from api.oauth.server import Minter
from domain.identity.organization import Client

_MOST = 2000


class Desk(Protocol):
    async def find_client(self, client_id: str) -> Client | None: ...
    async def open_at_once(self, client: Client, guesses: str, lifetime: timedelta, scope: str) -> UUID | None: ...


class Everyday:
    """One instance an API process; remembers clients (at most 2,000, by revision)."""

    def __init__(self, desk: Desk, mint: Minter, seconds: int) -> None:
        self._desk = desk
        self._mint = mint
        self._seconds = seconds
        self._known: OrderedDict[str, OAuthClient] = OrderedDict()

    async def token(self, form: Form) -> Answer | None:
        """Answer `client_credentials` with Basic, or give None: then Authlib decides."""
        sent, basic, guesses = dict(form.pairs), form.basic, form.guesses
        if basic is None or guesses is None or sent.get("grant_type") != "client_credentials":
            return None
        client = await self._client(basic[0])
        if client is None or sent.keys() - {"grant_type", "scope"} or not client.check_client_secret(basic[1]):
            return None
        about, asked = client.client, sent.get("scope", "")
        usual = about.auth_method == "client_secret_basic" and "client_credentials" in about.grant_types
        if not usual or not about.active or not set(asked.split()) <= about.scopes:
            return None
        granted = asked or " ".join(sorted(about.scopes))
        session_id = await self._desk.open_at_once(about, guesses, timedelta(seconds=self._seconds), granted)
        if session_id is None:
            self._known.pop(about.id, None)
            return None
        token = self._mint(f"client:{about.id}", session_id, about.id, about.organization_id, granted)
        body = {"token_type": "Bearer", "access_token": token, "expires_in": self._seconds, "scope": granted}
        return Answer(200, body, {"cache-control": "no-store"})

    async def _client(self, client_id: str) -> OAuthClient | None:
        if (known := self._known.get(client_id)) is not None:
            return known
        found = await self._desk.find_client(client_id)
        if found is None:
            return None
        if len(self._known) >= _MOST:
            self._known.popitem(last=False)
        self._known[client_id] = OAuthClient(found)
        return self._known[client_id]
