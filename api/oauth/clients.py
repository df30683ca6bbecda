"""Clients as Authlib sees them, and how they authenticate."""

from hashlib import sha256
from hmac import compare_digest
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.errors import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.jwk import KeySet

from api.oauth.transaction import Transaction
from domain.identity.client import Client
from domain.identity.oauth_grant import redirect_matches

ASSERTION_SECONDS = 300
CONFIDENTIAL = ["client_secret_basic", "private_key_jwt"]
METHODS = [*CONFIDENTIAL, "none"]
DUMMY = sha256(b"dummy").digest()


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """Authlib's view of a `domain.identity.client.Client`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = self.client.scopes if scope is None else frozenset(scope.split())
        return " ".join(sorted(asked & self.client.scopes))

    def get_default_redirect_uri(self) -> str | None:
        return self.client.redirect_uris[0] if len(self.client.redirect_uris) == 1 else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return any(redirect_matches(registered, redirect_uri) for registered in self.client.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        digest = sha256(client_secret.encode()).digest()
        # Every stored secret is compared, whatever the first comparison gave.
        matches = [compare_digest(digest, bytes(stored)) for stored in (*self.client.secret_hashes, DUMMY)]
        return any(matches[:-1])

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.client.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.client.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """`private_key_jwt` (RFC 7523): for the issuer, five minutes at most, each `jti` once."""

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
