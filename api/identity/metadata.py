"""What machines must know before they ask for a token: keys and metadata."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from api.callers.operations import operation
from api.callers.tokens import REMEMBERED_SECONDS
from api.dependencies import Parts
from api.oauth.clients import CONFIDENTIAL, METHODS
from domain.identity.oauth_grant import GRANT_TYPES
from domain.permissions import SCOPES

TAGS = ["identity"]
_CACHED = {"cache-control": "public, max-age=300"}


@get(
    "/.well-known/jwks.json",
    operation_id="getKeys",
    summary="Khóa công khai · Public keys",
    tags=TAGS,
    **operation("open"),
)
async def get_keys(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """ES256 keys verify tokens, Ed25519 keys verify documents (RFC 7517, RFC 8037). `nbf`, `exp`: when each signs."""
    return Response({"keys": parts.keys.public}, headers=_CACHED)


@get(
    "/.well-known/oauth-authorization-server",
    operation_id="getServerMetadata",
    summary="Thông tin máy chủ OAuth · Authorization server metadata",
    tags=TAGS,
    **operation("open"),
)
async def server_metadata(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """RFC 8414. The issuer is what is configured, whatever Host was sent."""
    issuer = parts.settings.public_url
    told = {
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
        "lantoa_revocation_seconds": int(REMEMBERED_SECONDS),
    }
    for endpoint, methods in (("token", METHODS), ("revocation", METHODS), ("introspection", CONFIDENTIAL)):
        told[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = ["ES256"]
    return Response(told, headers=_CACHED)


@get(
    "/.well-known/oauth-protected-resource",
    operation_id="getResourceMetadata",
    summary="Thông tin tài nguyên · Protected resource metadata",
    tags=TAGS,
    **operation("open"),
)
async def resource_metadata(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """RFC 9728."""
    issuer = parts.settings.public_url
    told = {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": SCOPES,
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{issuer}/docs",
    }
    return Response(told, headers=_CACHED)


ROUTES = [get_keys, server_metadata, resource_metadata]
