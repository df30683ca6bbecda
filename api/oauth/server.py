"""Authlib's authorization server over our tables: one object for each request, holding its transaction."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, TypeVar
from uuid import UUID

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error, OAuth2Request

from adapters.sync_bridge import run_sync, wait
from api.callers.tokens import TokenReader
from api.oauth.clients import DUMMY, Assertion, OAuthClient
from api.oauth.endpoints import DeviceAuthorization, Introspection, Revocation
from api.oauth.forms import Answer, Form, OAuthRequest, refused, too_many_failures
from api.oauth.grants import S256, AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken
from api.oauth.transaction import Grantee, Transaction
from domain.identity.client import Client
from domain.identity.oauth_grant import REFRESH_ABSOLUTE
from domain.identity.throttle import Limit
from domain.unit_of_work import UnitOfWork

T = TypeVar("T")
Minter = Callable[[str, UUID, str, UUID, str], str]
"""(subject, session id, client id, organization id, scope) -> signed token"""


class Server(AuthorizationServer):  # type: ignore[misc]
    """One request's server."""

    issued: UUID
    """The session that the token just made belongs to."""

    def __init__(self, transaction: Transaction, tokens: TokenReader, mint: Minter, seconds: int) -> None:
        super().__init__()
        self.transaction = transaction
        self.tokens = tokens
        self._mint = mint
        self._seconds = seconds
        self._limit: Limit | None = None
        self.register_client_auth_method("private_key_jwt", Assertion(transaction, tokens.issuer))
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [S256(required=True)])
        self.register_grant(RefreshToken)
        self.register_grant(DeviceCode)
        for endpoint in (Revocation, Introspection, DeviceAuthorization):
            self.register_endpoint(endpoint)
        self.register_token_generator("default", self._generate)

    def query_client(self, client_id: str) -> OAuthClient | None:
        client = self.transaction.client(client_id) if "\0" not in client_id else None
        if client is None or not client.active:
            # Same work as for a wrong secret of a known client, so that time does not tell them apart.
            compare_digest(sha256(secrets.token_bytes(32)).digest(), DUMMY)
            return None
        return OAuthClient(client)

    def _generate(
        self,
        *,
        client: OAuthClient,
        user: Grantee | None,
        scope: str | None,
        include_refresh_token: bool,
        **_: object,
    ) -> dict[str, object]:
        about = client.client
        granted = scope or " ".join(sorted(about.scopes))
        refreshes = user is not None and include_refresh_token
        self.issued = self._session(about, user, refreshes=refreshes)
        subject = user.member.key if user else f"client:{about.id}"
        organization = user.member.organization_id if user else about.organization_id
        token = self._mint(subject, self.issued, about.id, organization, granted)
        self.transaction.record(subject, "token.issue", {"session": str(self.issued), "scope": granted})
        answer = {"token_type": "Bearer", "access_token": token, "expires_in": self._seconds, "scope": granted}
        if user and refreshes:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.transaction.add_refresh_token(str(answer["refresh_token"]), self.issued, user.scope)
        return answer

    def _session(self, about: Client, user: Grantee | None, *, refreshes: bool) -> UUID:
        if user and user.session_id:
            return user.session_id
        lifetime = REFRESH_ABSOLUTE if refreshes else timedelta(seconds=self._seconds)
        if user is None:
            return self.transaction.open_session(about.id, lifetime)
        return self.transaction.open_session(about.id, lifetime, member_id=user.member.id, auth_time=user.auth_time)

    def validate_requested_scope(self, scope: str | None) -> None:
        """Scopes are the client's own; the grants compare them (RFC 6749 section 3.3)."""

    def save_token(self, token: dict[str, object], request: OAuth2Request) -> None:
        """The session row is the stored token; it was written by the generator."""

    def create_oauth2_request(self, request: Form | OAuthRequest) -> OAuthRequest:
        if isinstance(request, OAuthRequest):
            return request
        self._limit = request.limit
        return OAuthRequest(request)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Audit rows are written where the facts are."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        fixed = {key.lower(): value for key, value in headers} | {"cache-control": "no-store"}
        if "location" in fixed:
            # 303: a browser must not repeat its form there; `iss` says who answers (RFC 9207).
            where = add_params_to_uri(fixed["location"], [("iss", self.tokens.issuer)])
            return Answer(303, {}, fixed | {"location": where})
        if isinstance(body, dict) and body.get("error") == "invalid_client":
            # One body for a wrong secret and an unknown client (RFC 6749 section 5.2). A right secret is never refused
            # here: it has 256 random bits, so that only answers to wrong ones are slowed down.
            if self._limit and (wait := self.transaction.count_failure(self._limit)):
                return too_many_failures(wait)
            self.transaction.record("anonymous", "client.authentication_failed", {})
            return Answer(401, {"error": "invalid_client"}, fixed | {"www-authenticate": 'Basic realm="lantoa"'})
        return Answer(status, body if isinstance(body, dict) else {}, fixed)


def token_response(server: Server, form: Form) -> Answer:
    """POST /oauth/token (RFC 6749 section 3.2)."""
    if "grant_type" not in dict(form.pairs):
        return refused("invalid_request", "grant_type is missing")
    answer: Answer = server.create_token_response(form)
    return answer


def endpoint_response(name: str) -> Callable[[Server, Form], Answer]:
    """POST to one of the endpoints: `revocation`, `introspection`, `device_authorization`."""

    def respond(server: Server, form: Form) -> Answer:
        answer: Answer = server.create_endpoint_response(name, form)
        return answer

    return respond


def consent_request(server: Server, form: Form) -> Client | Answer:
    """GET /oauth/authorize: the client that asks, or the error it (or, with a bad address, the person) must see."""
    try:
        grant = server.get_consent_grant(form)
    except OAuth2Error as error:
        answer: Answer = server.handle_error_response(None, error)
        return answer
    client: Client = grant.request.client.client
    return client


def authorize(server: Server, form: Form, grantee: Grantee | None) -> Answer:
    """The person's decision: a code on the client's address, or `access_denied` (None)."""
    try:
        grant = server.get_consent_grant(form)
    except OAuth2Error as error:
        failed: Answer = server.handle_error_response(None, error)
        return failed
    answer: Answer = server.create_authorization_response(grant.request, grant_user=grantee, grant=grant)
    return answer


class OAuthRunner:
    """Runs Authlib's core in a unit of work that is committed also when the answer is an error."""

    def __init__(self, tokens: TokenReader, mint: Minter, seconds: int) -> None:
        self._tokens = tokens
        self._mint = mint
        self._seconds = seconds

    async def run(self, work: UnitOfWork, core: Callable[[Server], T]) -> T:
        async with work:
            server = Server(Transaction(work, wait), self._tokens, self._mint, self._seconds)
            answer = await run_sync(lambda: core(server))
            await work.commit()
        return answer
