"""The OpenAPI document: what Litestar finds out, made exact for what we answer."""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.http.problems import MEDIA_TYPE
from domain.identity.directory import Line
from domain.permissions import SCOPE_TEXT

_SCOPE_TEXT = {scope: " · ".join(text) for scope, text in SCOPE_TEXT.items()}
_TOKENS = {"tokenUrl": "/oauth/token", "scopes": _SCOPE_TEXT}
_FLOWS = {
    "clientCredentials": _TOKENS,
    "authorizationCode": {**_TOKENS, "authorizationUrl": "/oauth/authorize", "refreshUrl": "/oauth/token"},
}
_PROOF = ("client_id", "client_assertion_type", "client_assertion")
_FORMS = {
    "issueToken": (
        "grant_type",
        "scope",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "device_code",
        *_PROOF,
    ),
    "revokeToken": ("token", "token_type_hint", *_PROOF),
    "introspectToken": ("token", "token_type_hint", *_PROOF),
    "authorizeDevice": ("client_id", "scope", *_PROOF[1:]),
}
_LINES: dict[str, Any] = {
    "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}},
    "text/csv": {"schema": {"type": "string"}},
}
_BYTES = {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_BODIES = {"appendUpload": _BYTES, "createUpload": _BYTES, "importOrganizations": _LINES}
_HEADERS: dict[str, tuple[str, ...]] = {
    "createUpload": ("Upload-Length", "Upload-Metadata", "Upload-Checksum"),
    "appendUpload": ("Upload-Offset", "Upload-Checksum"),
    "getMedia": ("Range", "If-Range"),
    "getAssetContent": ("Range", "If-Range"),
}


def build_contract(app: Litestar) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document as plain dicts."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    document["servers"] = [{"url": "/"}]
    document.setdefault("components", {})["securitySchemes"] = {
        "oauth": {
            "type": "oauth2",
            "flows": _FLOWS,
        }
    }
    document["components"]["schemas"] = _schemas(document["components"]["schemas"])
    access = {handler.operation_id: handler.opt["access"] for handler in _handlers(app)}
    for methods in document["paths"].values():
        for about in methods.values():
            about["x-lantoa-access"] = access[about["operationId"]]
            _exact(about)
    return document


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return [handler for route in routes for handler in route.route_handlers if "access" in handler.opt]


def _schemas(found: dict[str, Any]) -> dict[str, Any]:
    """The schemas as msgspec enforces them: Litestar's lose bounds inside lists and unions."""
    known = {kind.__name__: kind for kind in _structs(msgspec.Struct)}
    kinds = [*(known[name] for name in sorted(found)), Line]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return _python_patterns_out(schemas)  # type: ignore[no-any-return]


def _structs(kind: type) -> list[type]:
    found: list[type] = []
    below: type
    for below in kind.__subclasses__():
        found += [below, *_structs(below)]
    return found


def _python_patterns_out(value: Any) -> Any:
    r"""JSON Schema has ECMA 262 patterns: `^…$` where Python says `\A…\Z`."""
    if isinstance(value, dict):
        fixed = {key: _python_patterns_out(each) for key, each in value.items()}
        if isinstance(fixed.get("pattern"), str):
            fixed["pattern"] = fixed["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        return fixed
    return [_python_patterns_out(each) for each in value] if isinstance(value, list) else value


def _exact(about: dict[str, Any]) -> None:
    name = about["operationId"]
    for status, answer in about["responses"].items():
        content = answer.get("content", {})
        if status[0] in "45" and "application/json" in content and name not in _FORMS:
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if status in ("204", "304", "302"):
            answer.pop("content", None)
    about.pop("deprecated", None)
    if name == "putMaterial":
        about["responses"]["201"] = {**about["responses"]["200"], "description": "Created"}
    if name in _FORMS:
        fields = {field: {"type": "string"} for field in _FORMS[name]}
        schema = {"type": "object", "properties": fields, "required": [_FORMS[name][0]]}
        about["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schema}},
        }
        about["security"] = []
        for status in ("400", "401", "429"):
            error = {"schema": {"$ref": "#/components/schemas/OAuthError"}}
            about["responses"][status]["content"] = {"application/json": error}
    if name == "exportOrganizations":
        about["responses"]["200"]["content"] = _LINES
    if name in _BODIES:
        about["requestBody"] = {"content": _BODIES[name]}
    for header in _HEADERS.get(name, ()):
        needed = header in ("Upload-Length", "Upload-Offset")
        kind: dict[str, Any] = {"type": "integer", "minimum": 0} if needed else {"type": "string"}
        about.setdefault("parameters", []).append({"name": header, "in": "header", "required": needed, "schema": kind})
