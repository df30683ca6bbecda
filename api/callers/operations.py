"""What every operation declares: its permission, and with it scopes, problems and the check that enforces them."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, cast

from litestar import Response, route
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter

from api.http.problems import problems
from domain.actor import Actor
from domain.errors import (
    MalformedRequest,
    NotFound,
    PreconditionRequired,
    RepeatedParameter,
    Unauthenticated,
    UnknownParameter,
)
from domain.permissions import RECENT_LOGIN, RULES, Permission, require

OperationAccess = Permission | Literal["open", "channel"]
"""`open`: anybody. `channel`: `domain.read_access` decides, public channels anonymously. Else a permission."""

_EVERYWHERE = (
    "unknown_parameter",
    "repeated_parameter",
    "invalid_parameter",
    "parameter_out_of_range",
    "malformed_request",
    "invalid_token",
    "too_many_requests",
    "unavailable",
    "not_found",
)
_PROTECTED = ("unauthenticated", "insufficient_scope", "forbidden")
_RECENT = ("insufficient_user_authentication",)
CHANGING = ("precondition_required", "stale_version")
WRITING = ("unsupported_media_type", "body_too_large", "body_required", "invalid_content")
KEYED = ("idempotency_key_reused", "idempotency_key_in_use", "already_done")

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", description='The ETag you have read, `"3"`')]
IdempotencyKey = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="Makes a repeat of this request harmless")
]


def operation(
    access: OperationAccess, *codes: str, shown_once: bool = False, also: dict[int, ResponseSpec] | None = None
) -> dict[str, Any]:
    """Give the keyword arguments of a route handler: `opt`, `security` and documented responses.

    `shown_once`: the response holds a secret, and is not kept for a repeat with the same Idempotency-Key.
    `also`: responses that Litestar cannot find out by itself.
    """
    protected = access not in ("open", "channel")
    security: list[dict[str, list[str]]] = []
    if protected:
        security = [{"oauth": sorted(RULES[access].scopes)}]  # type: ignore[index]
    elif access == "channel":
        security = [{}, {"oauth": ["content:read"]}]
    denied: tuple[str, ...] = ("insufficient_scope", "grant_revoked") if access == "channel" else ()
    if protected:
        denied = _PROTECTED + (_RECENT if access in RECENT_LOGIN else ())
    return {
        "opt": {"access": access, "shown_once": shown_once},
        "security": security,
        "responses": problems(*_EVERYWHERE, *denied, *codes) | (also or {}),
    }


def options_of(handlers: Sequence[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """Give OPTIONS handlers for all paths, to be registered first.

    Litestar's own are made when a path is first registered, so their `Allow` misses methods registered later.
    """
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, set()).update(handler.http_methods)
    missing = {path: allowed for path, allowed in methods.items() if "OPTIONS" not in allowed}
    return [_options(path, ", ".join(sorted({*allowed, "OPTIONS"}))) for path, allowed in missing.items()]


def _options(path: str, allow: str) -> HTTPRouteHandler:
    async def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allow})

    return route(path, http_method="OPTIONS", opt={"access": "open"}, include_in_schema=False)(options)


@cache
def _known_parameters(handler: BaseRouteHandler) -> frozenset[str]:
    fields = handler.parsed_fn_signature.parameters.items()
    return frozenset(
        definition.name or definition.query or name
        for name, field in fields
        if isinstance(definition := field.kwarg_definition, QueryParameter)
    )


def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Done before every handler: the caller is known and has the permission, query parameters are known and single."""
    access = handler.opt.get("access")
    if access is None:  # the framework's own routes declare none and are not served
        raise NotFound
    if access == "page":  # a page reads its query itself: RFC 6749 section 3.1 has unknown parameters ignored
        return
    actor = cast("Actor | None", connection.scope["state"].get("actor"))
    if access not in ("open", "channel") and actor is None:
        raise Unauthenticated
    sent = [name for name, _ in connection.query_params.multi_items()]
    known = _known_parameters(handler)
    for name in sorted(set(sent)):  # Litestar gives them in an order that differs from process to process
        if name not in known:
            raise UnknownParameter(parameter=name[:50], allowed=sorted(known))
        if sent.count(name) > 1:
            raise RepeatedParameter(parameter=name)
    if access not in ("open", "channel"):
        require(cast("Actor", actor), access)


def revision_of(if_match: str | None, *, any_allowed: bool = False) -> int | None:
    """Read If-Match: `"7"` gives 7; `*` gives None where any revision will do. 428 without it, 400 for nonsense."""
    if if_match is None:
        raise PreconditionRequired
    text = if_match.strip()
    if text == "*" and any_allowed:
        return None
    digits = text.removeprefix('"').removesuffix('"')
    if len(text) != len(digits) + 2 or not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise MalformedRequest(reason="If-Match")
    return int(digits)


def known_revision(if_match: str | None) -> int:
    """Like `revision_of`, where a number is needed."""
    revision = revision_of(if_match)
    assert revision is not None
    return revision
