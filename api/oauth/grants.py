"""The four grants. A refusal may have written (a revoked session, a slower poll): it is committed too."""

from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from authlib.oauth2.rfc8628.errors import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from api.oauth.clients import CONFIDENTIAL, METHODS, OAuthClient
from api.oauth.transaction import Grantee, Transaction
from domain.identity.oauth_grant import AuthorizationCode as Code
from domain.identity.oauth_grant import Device, is_challenge, verifies
from domain.identity.oauth_grant import RefreshToken as Refresh


def _check_scope(request: Any) -> None:
    if not set((request.payload.scope or "").split()) <= request.client.client.scopes:
        raise InvalidScopeError


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL

    def validate_token_request(self) -> None:
        super().validate_token_request()
        _check_scope(self.request)


class S256(CodeChallenge):  # type: ignore[misc]
    """PKCE for everybody, S256 only (RFC 9700 section 2.1.1)."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        sent = grant.request.payload.data
        if not is_challenge(sent.get("code_challenge")) or sent.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge with code_challenge_method=S256 is required")

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        verifier = grant.request.form.get("code_verifier", "")
        if not verifies(verifier, grant.request.authorization_code.code.challenge):
            raise InvalidGrantError


class _StoredCode:
    """Authlib's view of a stored code, with the secret it was sent as."""

    def __init__(self, secret: str, code: Code) -> None:
        self.secret = secret
        self.code = code

    def get_redirect_uri(self) -> str | None:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope


class AuthorizationCode(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @property
    def _transaction(self) -> Transaction:
        transaction: Transaction = self.server.transaction
        return transaction

    def validate_requested_scope(self) -> None:
        _check_scope(self.request)

    def save_authorization_code(self, code: str, request: Any) -> None:
        grantee: Grantee = request.user
        stored = self._transaction.add_code(
            code,
            client_id=request.client.client.id,
            member_id=grantee.member.id,
            redirect_uri=request.payload.redirect_uri,
            scope=grantee.scope,
            challenge=request.payload.data["code_challenge"],
            auth_time=grantee.auth_time,
        )
        detail: dict[str, object] = {"client": stored.client_id, "scope": stored.scope}
        self._transaction.record(grantee.member.key, "consent", detail)

    def query_authorization_code(self, code: str, client: OAuthClient) -> _StoredCode | None:
        found = self._transaction.code(code)
        if found is None or found.client_id != client.client.id:
            return None
        if found.used_at is not None:
            # The code was copied: the session that came of it ends (RFC 9700 section 4.5).
            if found.session_id:
                self._transaction.revoke_session(found.session_id)
                self._transaction.record(f"client:{found.client_id}", "code.replayed", {})
            return None
        return _StoredCode(code, found) if self._transaction.now < found.expires_at else None

    def authenticate_user(self, authorization_code: _StoredCode) -> Grantee | None:
        code = authorization_code.code
        member = self._transaction.member(code.member_id)
        return Grantee(member=member, auth_time=code.auth_time, scope=code.scope) if member else None

    def delete_authorization_code(self, authorization_code: _StoredCode) -> None:
        self._transaction.spend_code(authorization_code.secret, self.server.issued)


class _StoredRefresh:
    """Authlib's view of a stored refresh token."""

    def __init__(self, secret: str, refresh: Refresh) -> None:
        self.secret = secret
        self.refresh = refresh

    def check_client(self, client: OAuthClient) -> bool:
        return self.refresh.client_id == client.client.id

    def get_scope(self) -> str:
        return self.refresh.scope


class RefreshToken(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> _StoredRefresh | None:
        transaction: Transaction = self.server.transaction
        found = transaction.refresh_token(refresh_token)
        if found is None:
            return None
        judged = found.judge(self.request.client.client.id, transaction.now)
        if judged == "stolen":
            transaction.revoke_session(found.session_id)
            transaction.record(f"member:{found.member_id}", "refresh.replayed", {"session": str(found.session_id)})
        return _StoredRefresh(refresh_token, found) if judged == "good" else None

    def authenticate_user(self, refresh_token: _StoredRefresh) -> Grantee:
        stored = refresh_token.refresh
        member = self.server.transaction.member(stored.member_id)
        if member is None:
            raise InvalidGrantError
        return Grantee(member=member, auth_time=stored.auth_time, scope=stored.scope, session_id=stored.session_id)

    def revoke_old_credential(self, refresh_token: _StoredRefresh) -> None:
        self.server.transaction.replace_refresh_token(refresh_token.secret)


class DeviceCode(DeviceCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        secret = self.request.payload.data.get("device_code")
        if not secret:
            raise InvalidRequestError("device_code is missing")
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError
        transaction: Transaction = self.server.transaction
        device = transaction.device(secret)
        if device is None or device.client_id != client.client.id or device.state == "used":
            raise InvalidGrantError
        member = self._approver(transaction, device)
        assert device.auth_time is not None
        self.request.client = client
        self.request.user = Grantee(member=member, auth_time=device.auth_time, scope=device.scope)
        self.request.credential = _StoredDevice(device)
        transaction.save_device(device, state="used")

    def _approver(self, transaction: Transaction, device: Device) -> Any:
        """Give the member who approved, or raise the error for the device (RFC 8628 section 3.5)."""
        if transaction.now >= device.expires_at:
            raise ExpiredTokenError
        if device.state == "denied":
            raise AccessDeniedError
        if device.state == "pending":
            if device.polls_too_fast(transaction.now):
                transaction.slow_down(device)
                raise SlowDownError
            transaction.save_device(device, polled_at=transaction.now)
            raise AuthorizationPendingError
        member = transaction.member(device.member_id or UUID(int=0))
        if member is None:
            raise InvalidGrantError
        return member


class _StoredDevice:
    def __init__(self, device: Device) -> None:
        self.device = device

    def get_scope(self) -> str:
        return self.device.scope
