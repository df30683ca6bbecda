"""Signing access tokens (RFC 9068), for the token endpoint and for the operator's command."""

import secrets
from datetime import datetime
from typing import Protocol
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

TOKEN_SECONDS = 600


class TokenKey(Protocol):
    @property
    def token_key(self) -> ECKey: ...


def mint(
    keys: TokenKey,
    *,
    issuer: str,
    session_id: UUID,
    client_id: str,
    subject: str,
    organization: str,
    scope: str,
    now: datetime,
    seconds: int = TOKEN_SECONDS,
) -> str:
    """Sign an `at+jwt` with the live ES256 key. The audience is the API itself, whose identifier is the issuer's."""
    issued = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": subject,
        "client_id": client_id,
        "org": organization,
        "scope": scope,
        "sid": str(session_id),
        "jti": secrets.token_urlsafe(16),
        "iat": issued,
        "exp": issued + seconds,
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": str(keys.token_key.kid)}
    return jwt.encode(header, claims, keys.token_key, algorithms=["ES256"])
