"""The authorization server: Authlib's core over our tables.

Authlib is synchronous and knows no Litestar: everything that needs `await` is read first, then the core runs on one
connection in one transaction, which commits also when the answer is an error (docs/decisions/0004).
"""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Protocol
from uuid import UUID

import msgspec
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.jwk import KeySet

from api.tokens import TokenReader
from domain.errors import InvalidToken
from domain.organization import Client

ASSERTION_SECONDS = 300
METHODS = ["client_secret_basic", "private_key_jwt"]
_DUMMY = sha256(b"nobody").digest()


class Transaction(Protocol):
    """What the core needs of storage (implemented by `storage.oauth.OAuthTransaction`)."""

    now: Any

    def client(self, client_id: str) -> Client | None: ...
    def open_session(self, client_id: str, seconds: int, member_id: UUID | None = None) -> UUID: ...
    def spend_assertion(self, client_id: str, jti: str, expires: int) -> bool: ...
    def revoke_session(self, session_id: UUID) -> None: ...
    def record(self, actor: str, verb: str, detail: dict[str, object]) -> None: ...


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One request, already read: headers with lower-case names, form pairs in order."""

    method: str
    uri: str
    headers: dict[str, str]
    pairs: list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """Authlib's view of a `domain.organization.Client`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(sorted(set(scope.split()) & self.client.scopes))

    def check_client_secret(self, client_secret: str) -> bool:
        digest = sha256(client_secret.encode()).digest()
        # Every stored secret is compared, whatever the first comparison said.
        matches = [compare_digest(digest, bytes(stored)) for stored in (*self.client.secret_hashes, _DUMMY)]
        return any(matches[:-1])

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.client.auth_method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, form: Form) -> None:
        # Behind a TLS proxy the inner address is http; the issuer's scheme is what the client saw.
        super().__init__(form.method, "https://issuer" + form.uri, headers=_AuthlibHeaders(form.headers))
        self.payload = BasicOAuth2Payload(dict(form.pairs))
        self._form = dict(form.pairs)

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _AuthlibHeaders(dict[str, str]):
    """Case-insensitive lookup of lower-case names."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.lower())


class _ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        super().validate_token_request()
        asked = set((self.request.payload.scope or "").split())
        if not asked <= self.request.client.client.scopes:
            raise InvalidScopeError


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, transaction: Transaction, issuer: str) -> None:
        super().__init__(leeway=5)
        self._transaction = transaction
        self._issuer = issuer

    def get_audiences(self) -> list[str]:
        return [self._issuer]

    def verify_claims(self, claims: dict[str, Any]) -> None:
        expires = claims.get("exp")
        if type(expires) is not int or expires > self._transaction.now.timestamp() + ASSERTION_SECONDS:
            raise InvalidClientError
        if claims.get("aud") not in (self._issuer, [self._issuer]) or not isinstance(claims.get("jti"), str):
            raise InvalidClientError
        super().verify_claims(claims)

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        return len(jti) <= 200 and self._transaction.spend_assertion(claims["sub"], jti, claims["exp"])

    def resolve_client_public_key(self, client: OAuthClient) -> KeySet:
        if not client.client.jwks:
            raise InvalidClientError
        return KeySet.import_key_set(client.client.jwks)  # type: ignore[arg-type]


class _Revocation(RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = METHODS

    def check_params(self, request: _Request, client: OAuthClient) -> None:
        if "token" not in request.form:
            raise InvalidRequestError  # an unknown token_type_hint is ignored (RFC 7009 section 2.2.1)

    def query_token(self, token_string: str, token_type_hint: str | None) -> dict[str, str] | None:
        try:
            return self.server.tokens.claims(token_string, expired_too=True)  # type: ignore[no-any-return]
        except InvalidToken:
            return None

    def authenticate_token(self, request: _Request, client: OAuthClient) -> dict[str, str] | None:
        self.check_params(request, client)
        claims = self.query_token(request.form["token"], None)
        return claims if claims and claims["client_id"] == client.client.id else None

    def revoke_token(self, token: dict[str, str], request: _Request) -> None:
        self.server.transaction.revoke_session(UUID(token["sid"]))
        self.server.transaction.record(f"client:{token['client_id']}", "token.revoke", {"session": token["sid"]})


Minter = Callable[[str, UUID, Client, str], str]
"""(subject, session id, client, scope) -> signed token"""


class Server(AuthorizationServer):  # type: ignore[misc]
    """One per request: it holds the request's transaction."""

    def __init__(self, transaction: Transaction, tokens: TokenReader, mint: Minter, seconds: int) -> None:
        super().__init__()
        self.transaction = transaction
        self.tokens = tokens
        self._mint = mint
        self._seconds = seconds
        self.register_client_auth_method("private_key_jwt", _Assertion(transaction, tokens.issuer))
        self.register_grant(_ClientCredentials)
        self.register_endpoint(_Revocation)
        self.register_token_generator("default", self._generate)

    def query_client(self, client_id: str) -> OAuthClient | None:
        client = self.transaction.client(client_id) if "\0" not in client_id else None
        if client is None or not client.active:
            # Same work as for a wrong secret of a known client, so that time does not tell them apart.
            compare_digest(sha256(secrets.token_bytes(32)).digest(), _DUMMY)
            return None
        return OAuthClient(client)

    def _generate(self, *, client: OAuthClient, scope: str | None, grant_type: str, **_: object) -> dict[str, object]:
        granted = scope or " ".join(sorted(client.client.scopes))
        session_id = self.transaction.open_session(client.client.id, self._seconds)
        token = self._mint(f"client:{client.client.id}", session_id, client.client, granted)
        actor = f"client:{client.client.id}"
        self.transaction.record(actor, "token.issue", {"session": str(session_id), "scope": granted})
        return {"token_type": "Bearer", "access_token": token, "expires_in": self._seconds, "scope": granted}

    def validate_requested_scope(self, scope: str | None) -> None:
        """Scopes are the client's own; the grant compares them (RFC 6749 section 3.3)."""

    def save_token(self, token: dict[str, object], request: OAuth2Request) -> None:
        """The session row is the stored token; it was written by the generator."""

    def create_oauth2_request(self, request: Form | _Request) -> _Request:
        return request if isinstance(request, _Request) else _Request(request)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Audit rows are written where the facts are."""

    def handle_response(self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]) -> Answer:
        fixed = {key.lower(): value for key, value in headers} | {"cache-control": "no-store"}
        if isinstance(body, dict) and body.get("error") == "invalid_client":
            # One body for a wrong secret and an unknown client (RFC 6749 section 5.2).
            self.transaction.record("anonymous", "client.authentication_failed", {})
            return Answer(401, {"error": "invalid_client"}, fixed | {"www-authenticate": 'Basic realm="lantoa"'})
        return Answer(status, body, fixed)


def refused(error: str, description: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": description}, {"cache-control": "no-store"})


def check_form(form: Form) -> Answer | None:
    """Refuse what Authlib would stumble over: repeats, NUL, two ways of authenticating, broken Basic."""
    names = [name for name, _ in form.pairs]
    if len(names) != len(set(names)):
        return refused("invalid_request", "a parameter is repeated")
    if any("\0" in name or "\0" in value for name, value in form.pairs):
        return refused("invalid_request", "NUL in a parameter")
    header = form.headers.get("authorization", "")
    sent = dict(form.pairs)
    ways = [bool(header), "client_secret" in sent, "client_assertion" in sent]
    if sum(ways) > 1:
        return refused("invalid_request", "more than one client authentication method")
    if header.lower().startswith("basic "):
        try:
            decoded = b64decode(header[6:], validate=True).decode()
        except (Base64Error, ValueError):
            return refused("invalid_request", "Authorization is not Basic in UTF-8")
        if "\0" in decoded or ":" not in decoded:
            return refused("invalid_request", "Authorization is not id:secret")
    if "client_assertion" in sent and not sent["client_assertion"].isascii():
        return refused("invalid_request", "client_assertion is not a JWT")
    return None


def token_response(server: Server, form: Form) -> Answer:
    """POST /oauth/token (RFC 6749 section 3.2)."""
    if "grant_type" not in dict(form.pairs):
        return refused("invalid_request", "grant_type is missing")
    answer: Answer = server.create_token_response(form)
    return answer


def revocation_response(server: Server, form: Form) -> Answer:
    """POST /oauth/revoke (RFC 7009)."""
    answer: Answer = server.create_endpoint_response("revocation", form)
    return answer
