"""Revocation (RFC 7009), introspection (RFC 7662) and device authorization (RFC 8628)."""

import secrets
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint

from api.oauth.clients import CONFIDENTIAL, METHODS, OAuthClient
from api.oauth.transaction import Transaction
from domain.errors import InvalidToken
from domain.identity.oauth_grant import DEVICE_GRANT, DEVICE_INTERVAL, DEVICE_LIFETIME

USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """An access or a refresh token: the whole session ends. An unknown token_type_hint is ignored (section 2.2.1)."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: Any, client: OAuthClient) -> UUID | None:
        if "token" not in request.form:
            raise InvalidRequestError
        try:
            claims = self.server.tokens.claims(request.form["token"], expired_too=True)
        except InvalidToken:
            found = self.server.transaction.refresh_token(request.form["token"])
            return found.session_id if found and found.client_id == client.client.id else None
        return UUID(claims["sid"]) if claims["client_id"] == client.client.id else None

    def revoke_token(self, token: UUID, request: Any) -> None:
        transaction: Transaction = self.server.transaction
        transaction.revoke_session(token)
        transaction.record(f"client:{request.client.client.id}", "token.revoke", {"session": str(token)})


class _Active:
    """Claims of a token whose session lives."""

    def __init__(self, claims: dict[str, Any]) -> None:
        self.claims = claims

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """For confidential clients, about their own tokens only."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def authenticate_token(self, request: Any, client: OAuthClient) -> _Active | None:
        if "token" not in request.form:
            raise InvalidRequestError
        try:
            claims = self.server.tokens.claims(request.form["token"])
        except InvalidToken:
            return None
        mine = claims["client_id"] == client.client.id
        return _Active(claims) if mine and self.server.transaction.session_lives(UUID(claims["sid"])) else None

    def introspect_token(self, token: _Active) -> dict[str, Any]:
        members = ("client_id", "scope", "sub", "aud", "iss", "exp", "iat", "jti")
        return {"active": True, "token_type": "Bearer"} | {name: token.claims[name] for name in members}


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = METHODS
    EXPIRES_IN = int(DEVICE_LIFETIME.total_seconds())
    INTERVAL = DEVICE_INTERVAL

    def authenticate_client(self, request: Any) -> OAuthClient:
        client: OAuthClient = super().authenticate_client(request)
        if not client.check_grant_type(DEVICE_GRANT):
            raise UnauthorizedClientError
        if not set((request.payload.scope or "").split()) <= client.client.scopes:
            raise InvalidScopeError
        return client

    def generate_user_code(self) -> str:
        letters = [secrets.choice(USER_CODE_LETTERS) for _ in range(8)]
        return "".join(letters[:4]) + "-" + "".join(letters[4:])

    def get_verification_uri(self) -> str:
        return f"{self.server.tokens.issuer}/oauth/device"

    def save_device_credential(self, client_id: str, scope: str | None, data: dict[str, Any]) -> None:
        client = self.server.transaction.client(client_id)
        asked = scope or " ".join(sorted(client.scopes))
        self.server.transaction.add_device(data["device_code"], data["user_code"], client_id, asked)
