"""The OpenAPI document: what Litestar finds out, made exact for what we answer."""

import copy
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.http.openapi_schemas import component_schemas, with_named_enums
from api.http.openapi_text import FORMS, HEADERS, INFO, NEEDED_HEADERS, TAGS
from api.http.problems import MEDIA_TYPE
from domain.scopes import SCOPE_TEXT

_REF = "#/components/schemas/"
_SCOPES = {scope: " · ".join(text) for scope, text in SCOPE_TEXT.items()}
_TOKENS = {"tokenUrl": "/oauth/token", "scopes": _SCOPES}
_FLOWS = {
    "clientCredentials": _TOKENS,
    "authorizationCode": {**_TOKENS, "authorizationUrl": "/oauth/authorize", "refreshUrl": "/oauth/token"},
}
_ROWS: dict[str, Any] = {
    "application/json": {"schema": {"type": "array", "items": {"$ref": f"{_REF}OrganizationRow"}}},
    "text/csv": {"schema": {"type": "string"}},
}
_BYTES: dict[str, Any] = {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_BODIES: dict[str, Any] = {
    "appendUpload": _BYTES,
    "createUpload": _BYTES,
    "importOrganizations": _ROWS,
    "putRoster": {"text/csv": _TEXT},
    "importActivities": {"text/calendar": _TEXT},
    "importAsRunLog": {"text/csv": _TEXT, "text/plain": _TEXT},
}
_ANSWERS: dict[str, Any] = {
    "exportOrganizations": _ROWS,
    "getCalendarFile": {"text/calendar": _TEXT},
    "getSchedule": {"text/plain": _TEXT, "audio/x-mpegurl": _TEXT},
    "getCoordinationOverview": {"text/csv": _TEXT},
}
"""Media types of successful responses beside those that Litestar finds out."""
_EMPTY = {("getUpload", "200"), ("createUpload", "201")}
_EXAMPLES: dict[str, Any] = msgspec.json.decode(Path(__file__).with_name("openapi_examples.json").read_bytes())
"""`schemas`: by component; `operations`: by operation and media type, where the component's does not fit."""


def build_contract(app: Litestar, contact: str) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document as plain dicts. `contact`: a mailto: or https: address."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    kind, _, address = contact.partition("mailto:")
    document["info"] |= INFO | {"contact": {"email": address} if not kind and address else {"url": contact}}
    document["servers"] = [{"url": "/"}]
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    schemas = component_schemas(document["components"]["schemas"]) | _form_schemas()
    document["components"] = {"schemas": schemas, "securitySchemes": {"oauth": {"type": "oauth2", "flows": _FLOWS}}}
    access = {handler.operation_id: handler.opt["access"] for handler in _handlers(app)}
    for methods in document["paths"].values():
        for about in methods.values():
            about["x-lantoa-access"] = access[about["operationId"]]
            _exact(about)
            _add_examples(about)
    document["paths"] = with_named_enums(document["paths"])
    return document


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return [handler for route in routes for handler in route.route_handlers if "access" in handler.opt]


def _form_schemas() -> dict[str, Any]:
    return {
        name: {
            "title": name,
            "description": f"The form of `{operation}`.",
            "type": "object",
            "properties": {field: {"type": "string", "description": text} for field, text in fields.items()},
            "required": [next(iter(fields))],
        }
        for operation, (name, fields) in FORMS.items()
    }


def _exact(about: dict[str, Any]) -> None:
    """Correct one operation."""
    name = about["operationId"]
    about.pop("deprecated", None)
    about.setdefault("security", [])
    for status, answer in about["responses"].items():
        content = answer.get("content", {})
        if status[0] in "45" and "application/json" in content and name not in FORMS:
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
        if status in ("204", "304", "302") or (name, status) in _EMPTY:
            answer.pop("content", None)
    if name == "putMaterial":
        about["responses"]["201"] = {**about["responses"]["200"], "description": "Created"}
    if name in _ANSWERS:
        about["responses"]["200"]["content"] |= copy.deepcopy(_ANSWERS[name])
    if name in _BODIES:
        needed = {"required": True} if "upload" not in name.lower() else {}
        about["requestBody"] = {**needed, "content": copy.deepcopy(_BODIES[name])}
    if name in FORMS:
        _oauth_form(about)
    for parameter in about.get("parameters", ()):
        _query_parameter(parameter)
    for header, text in HEADERS.get(name, {}).items():
        length = header in ("Upload-Length", "Upload-Offset")
        schema: dict[str, Any] = {"type": "integer", "minimum": 0} if length else {"type": "string"}
        made = {"name": header, "in": "header", "description": text, "required": header in NEEDED_HEADERS}
        about.setdefault("parameters", []).append(made | {"schema": schema})


def _oauth_form(about: dict[str, Any]) -> None:
    """OAuth endpoints take forms and answer with OAuth errors (RFC 6749 section 5.2)."""
    form = {"schema": {"$ref": f"{_REF}{FORMS[about['operationId']][0]}"}}
    about["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    for status in ("400", "401", "429"):
        about["responses"][status]["content"] = {"application/json": {"schema": {"$ref": f"{_REF}OAuthError"}}}


def _query_parameter(parameter: dict[str, Any]) -> None:
    """A parameter cannot be null: it is left out instead."""
    schema = parameter["schema"]
    kinds = [each for each in schema.pop("oneOf", ()) if each != {"type": "null"}]
    if kinds:
        schema |= kinds[0]
    schema.pop("description", None)


def _add_examples(about: dict[str, Any]) -> None:
    """Put an example into the request and into each successful response."""
    contents = [answer.get("content", {}) for status, answer in about["responses"].items() if status[0] == "2"]
    request = about.get("requestBody", {}).get("content", {})
    for name, content in [("request", request), *(("2xx", each) for each in contents)]:
        own = _EXAMPLES["operations"].get(about["operationId"], {}).get(name, {})
        for media_type, body in content.items():
            component = body["schema"].get("$ref", "").removeprefix(_REF)
            example = own.get(media_type, _EXAMPLES["schemas"].get(component))
            content[media_type] = body if example is None else body | {"example": example}
