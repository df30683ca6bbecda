"""Keys and metadata that machines read before they request a token."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from adapters.key_ring import KeyRing
from api.callers.operations import operation
from api.callers.tokens import SESSION_SECONDS
from api.oauth.clients import CONFIDENTIAL, METHODS
from domain.identity.oauth_grant import GRANT_TYPES
from domain.scopes import SCOPES
from runtime.settings import Settings

TAGS = ["identity"]
_CACHED = {"cache-control": "public, max-age=300"}


@get(
    "/.well-known/jwks.json",
    operation_id="getKeys",
    summary="Khóa công khai · Public keys",
    tags=TAGS,
    **operation("open"),
)
async def get_keys(key_ring: NamedDependency[KeyRing]) -> Response[dict[str, Any]]:
    """Read the public keys (RFC 7517, 8037): ES256 for tokens, Ed25519 for documents. `nbf`, `exp`: when each signs."""
    return Response({"keys": key_ring.public}, headers=_CACHED)


@get(
    "/.well-known/oauth-authorization-server",
    operation_id="getServerMetadata",
    summary="Thông tin máy chủ OAuth · Authorization server metadata",
    tags=TAGS,
    **operation("open"),
)
async def server_metadata(settings: NamedDependency[Settings]) -> Response[dict[str, Any]]:
    """Read the authorization server metadata (RFC 8414). The issuer is the configured one, whatever Host was sent."""
    issuer = settings.public_url
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": SCOPES,
        "ui_locales_supported": ["vi", "en"],
        "service_documentation": f"{issuer}/docs",
        "lantoa_revocation_seconds": int(SESSION_SECONDS),
    }
    for endpoint, methods in (("token", METHODS), ("revocation", METHODS), ("introspection", CONFIDENTIAL)):
        metadata[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = ["ES256"]
    return Response(metadata, headers=_CACHED)


@get(
    "/.well-known/oauth-protected-resource",
    operation_id="getResourceMetadata",
    summary="Thông tin tài nguyên · Protected resource metadata",
    tags=TAGS,
    **operation("open"),
)
async def resource_metadata(settings: NamedDependency[Settings]) -> Response[dict[str, Any]]:
    """Read the protected resource metadata (RFC 9728)."""
    issuer = settings.public_url
    metadata = {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": SCOPES,
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{issuer}/docs",
    }
    return Response(metadata, headers=_CACHED)


ROUTES = [get_keys, server_metadata, resource_metadata]
