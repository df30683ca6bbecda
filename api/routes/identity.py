"""Tokens, keys and metadata of the authorization server; who am I; who is there."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from api import oauth
from api.dependencies import Parts, Unit
from api.operations import operation
from api.pages import CursorParameter, Limit, page_of, read_page_cursor
from api.tokens import REMEMBERED_SECONDS
from api.views import MeView, OrganizationList, OrganizationView
from domain.actor import Actor
from domain.permissions import SCOPES

TAGS = ["identity"]


class TokenView(msgspec.Struct):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class OAuthError(msgspec.Struct, omit_defaults=True):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str = ""


_ERRORS = {
    status: ResponseSpec(OAuthError, generate_examples=False, description="RFC 6749 error") for status in (400, 401)
}


def _declared(success: dict[int, ResponseSpec]) -> dict[str, Any]:
    declared = operation("open", "unsupported_media_type", "body_too_large")
    return declared | {"responses": declared["responses"] | _ERRORS | success}


async def _form(request: Request[Any, Any, Any]) -> oauth.Form | oauth.Answer:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return oauth.refused("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
    raw = await request.body()
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=50
        )
    except ValueError:
        return oauth.refused("invalid_request", "the form cannot be read")
    headers = {key.lower(): value for key, value in request.headers.items()}
    form = oauth.Form(method="POST", uri=request.url.path, headers=headers, pairs=pairs)
    return oauth.check_form(form) or form


async def _run(request: Request[Any, Any, Any], parts: Parts, core: Any) -> Response[Any]:
    form = await _form(request)
    answer = form if isinstance(form, oauth.Answer) else await parts.oauth.run(lambda t: core(_server(t, parts), form))
    return Response(answer.body, status_code=answer.status, headers=answer.headers | {"pragma": "no-cache"})


def _server(transaction: oauth.Transaction, parts: Parts) -> oauth.Server:
    return oauth.Server(transaction, parts.tokens, parts.mint, parts.token_seconds)


@post(
    "/oauth/token",
    status_code=200,
    operation_id="issueToken",
    summary="Lấy access token · Get an access token",
    tags=TAGS,
    **_declared({200: ResponseSpec(TokenView, generate_examples=False, description="A token for ten minutes")}),
)
async def issue_token(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """`grant_type=client_credentials`, with HTTP Basic or `private_key_jwt` (RFC 7523)."""
    return await _run(request, parts, oauth.token_response)


@post(
    "/oauth/revoke",
    status_code=200,
    operation_id="revokeToken",
    summary="Thu hồi token · Revoke a token",
    tags=TAGS,
    **_declared({200: ResponseSpec(dict[str, str], generate_examples=False, description="Revoked, or never known")}),
)
async def revoke_token(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """RFC 7009. Takes effect within five seconds on every process."""
    return await _run(request, parts, oauth.revocation_response)


@get(
    "/.well-known/jwks.json",
    operation_id="getKeys",
    summary="Khóa công khai · Public keys",
    tags=TAGS,
    **operation("open"),
)
async def get_keys(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """ES256 keys verify tokens, Ed25519 keys verify documents (RFC 7517, RFC 8037)."""
    return Response({"keys": parts.keys.public}, headers={"cache-control": "public, max-age=300"})


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
    return Response(
        {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": SCOPES,
            "token_endpoint_auth_methods_supported": oauth.METHODS,
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "revocation_endpoint_auth_methods_supported": oauth.METHODS,
            "service_documentation": f"{issuer}/docs",
            "lantoa_revocation_seconds": int(REMEMBERED_SECONDS),
        },
        headers={"cache-control": "public, max-age=300"},
    )


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
    return Response(
        {
            "resource": issuer,
            "authorization_servers": [issuer],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{issuer}/docs",
        },
        headers={"cache-control": "public, max-age=300"},
    )


@get("/v1/me", operation_id="getMe", summary="Tôi là ai · Who am I", tags=TAGS, **operation("me.read"))
async def get_me(work: Unit, actor: NamedDependency[Actor]) -> Response[MeView]:
    """What this token may do, and for whom."""
    async with work:
        mine = await work.organizations.get(actor.organization_id)
    shown = OrganizationView(id=mine.id, code=mine.code, kind=mine.kind, name=mine.name)
    me = MeView(
        client_id=actor.client_id,
        organization=shown,
        scopes=sorted(actor.scopes),
        roles=sorted(actor.roles),
        member_id=actor.member_id or msgspec.UNSET,
    )
    return Response(me, headers={"cache-control": "no-store"})


@get(
    "/v1/organizations",
    operation_id="listOrganizations",
    summary="Các đơn vị · Organizations",
    tags=TAGS,
    **operation("organization.list"),
)
async def list_organizations(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
) -> Response[OrganizationList]:
    """Everybody in the programme."""
    rows = await parts.desk.organizations(after=read_page_cursor(cursor), limit=limit + 1)
    return page_of(request, OrganizationList, OrganizationView, rows, limit)


ROUTES = [
    issue_token, revoke_token, get_keys, server_metadata, resource_metadata, get_me, list_organizations,
]  # fmt: skip
