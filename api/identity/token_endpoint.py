"""The token endpoint, revocation, introspection and device authorization."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from api.callers.operations import operation
from api.dependencies import AnyRequest, Unit, services_of
from api.http.rate_limits import client_address
from api.oauth.client_credentials import ClientCredentialsFastPath
from api.oauth.forms import Answer, Form, check_form, refused
from api.oauth.server import OAuthRunner, Server, endpoint_response, token_response
from domain.unit_of_work import UnitOfWork

TAGS = ["identity"]
Core = Callable[[Server, Form], Answer]


class TokenView(msgspec.Struct, omit_defaults=True):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str = ""


class IntrospectionView(msgspec.Struct, omit_defaults=True):
    """RFC 7662 section 2.2."""

    active: bool
    token_type: str = ""
    client_id: str = ""
    scope: str = ""
    sub: str = ""
    aud: str = ""
    iss: str = ""
    exp: int = 0
    iat: int = 0
    jti: str = ""


class DeviceView(msgspec.Struct):
    """RFC 8628 section 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class OAuthError(msgspec.Struct, omit_defaults=True):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str = ""


_ERRORS = {
    status: ResponseSpec(OAuthError, generate_examples=False, description="RFC 6749 error")
    for status in (400, 401, 429)
}


def _declared(success: Any, description: str) -> dict[str, Any]:
    declared = operation("open", "unsupported_media_type", "body_too_large")
    answers = _ERRORS | {200: ResponseSpec(success, generate_examples=False, description=description)}
    return declared | {"responses": declared["responses"] | answers, "status_code": 200, "tags": TAGS}


async def _form(request: AnyRequest) -> Form | Answer:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return refused("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
    raw = await request.body()
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=50
        )
    except ValueError:
        return refused("invalid_request", "the form cannot be read")
    headers = {key.lower(): value for key, value in request.headers.items()}
    address = client_address(request.scope, trusted_proxy=services_of(request).settings.trusted_proxy)
    form = Form(method="POST", uri=request.url.path, headers=headers, pairs=pairs, address=address)
    return check_form(form) or form


async def _run(form: Form | Answer, work: UnitOfWork, oauth: OAuthRunner, core: Core) -> Response[Any]:
    if isinstance(form, Answer):
        return _response(form)
    return _response(await oauth.run(work, lambda server: core(server, form)))


def _response(answer: Answer) -> Response[Any]:
    return Response(answer.body, status_code=answer.status, headers=answer.headers | {"pragma": "no-cache"})


@post(
    "/oauth/token",
    operation_id="issueToken",
    summary="Lấy access token · Get an access token",
    **_declared(TokenView, "A token for ten minutes"),
)
async def issue_token(
    request: AnyRequest,
    work: Unit,
    oauth: NamedDependency[OAuthRunner],
    fast_path: NamedDependency[ClientCredentialsFastPath],
) -> Response[Any]:
    """Issue tokens (RFC 6749 section 3.2).

    Grant types: `client_credentials`, `authorization_code` (with PKCE), `refresh_token`, device code.

    Clients authenticate with HTTP Basic, `private_key_jwt` (RFC 7523) or, when public, by PKCE alone.
    """
    form = await _form(request)
    if isinstance(form, Form) and (answer := await fast_path.token(work, form)) is not None:
        return _response(answer)
    return await _run(form, work, oauth, token_response)


@post(
    "/oauth/revoke",
    operation_id="revokeToken",
    summary="Thu hồi token · Revoke a token",
    **_declared(dict[str, str], "Revoked, or never known"),
)
async def revoke_token(request: AnyRequest, work: Unit, oauth: NamedDependency[OAuthRunner]) -> Response[Any]:
    """Revoke a token and its whole session (RFC 7009). Takes effect within five seconds on every process."""
    return await _run(await _form(request), work, oauth, endpoint_response("revocation"))


@post(
    "/oauth/introspect",
    operation_id="introspectToken",
    summary="Xem trạng thái token · Introspect a token",
    **_declared(IntrospectionView, "Its claims; exactly `active: false` when it is not yours or not valid"),
)
async def introspect_token(request: AnyRequest, work: Unit, oauth: NamedDependency[OAuthRunner]) -> Response[Any]:
    """Introspect a token (RFC 7662): for confidential clients, about their own tokens."""
    return await _run(await _form(request), work, oauth, endpoint_response("introspection"))


@post(
    "/oauth/device_authorization",
    operation_id="authorizeDevice",
    summary="Xin mã cho thiết bị · Request a device code",
    **_declared(DeviceView, "The code to show to the person, and the one to poll with"),
)
async def authorize_device(request: AnyRequest, work: Unit, oauth: NamedDependency[OAuthRunner]) -> Response[Any]:
    """Request a device code (RFC 8628).

    Show `user_code` and `verification_uri`, then poll the token endpoint every `interval` seconds.
    """
    return await _run(await _form(request), work, oauth, endpoint_response("device_authorization"))


ROUTES = [issue_token, revoke_token, introspect_token, authorize_device]
