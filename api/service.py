"""Health, documentation and problem pages."""

from datetime import timedelta
from typing import Any

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from api.callers.operations import operation
from api.dependencies import AnyRequest, services_of
from api.http.documentation import docs_page, problem_page
from api.http.problems import PROBLEMS, prefers_english
from domain.distribution.document import instant
from domain.errors import NotFound

TAGS = ["service"]
_PAGE_CSP = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def _declared(media_type: str, *codes: str) -> dict[str, Any]:
    declared = operation("open", *codes)
    spec = ResponseSpec(str, generate_examples=False, description="The page", media_type=media_type)
    return declared | {"responses": declared["responses"] | {200: spec}}


@get("/", operation_id="getService", summary="Lan Tỏa", tags=TAGS, **operation("open"))
async def get_service() -> dict[str, str]:
    """Read where documentation, contract and channels are."""
    return {"name": "Lan Tỏa", "docs": "/docs", "openapi": "/openapi.json", "channels": "/v1/channels"}


@get(
    "/healthz/live",
    operation_id="getLive",
    summary="Tiến trình còn chạy · Alive",
    tags=TAGS,
    **operation("open"),
)
async def get_live() -> dict[str, str]:
    """Check that the process answers. Depends on nothing else."""
    return {"status": "ok"}


@get("/healthz/ready", operation_id="getReady", summary="Sẵn sàng · Ready", tags=TAGS, **operation("open"))
async def get_ready(request: AnyRequest) -> dict[str, str]:
    """Check that database and object store answer; else 503."""
    await services_of(request).check_ready()
    return {"status": "ok"}


@get("/openapi.json", operation_id="getOpenapi", summary="OpenAPI 3.1", tags=TAGS, **operation("open"))
async def get_openapi(request: AnyRequest) -> Response[dict[str, Any]]:
    """Read this contract."""
    return Response(request.app.state.openapi, headers={"cache-control": "public, max-age=300"})


@get("/docs", operation_id="getDocs", summary="Tài liệu · Documentation", tags=TAGS, **_declared("text/html"))
async def get_docs(request: AnyRequest) -> Response[str]:
    """Read every operation on one page, without scripts."""
    return Response(docs_page(request.app.state.openapi), media_type="text/html; charset=utf-8", headers=_PAGE_CSP)


@get(
    "/problems/{code:str}",
    operation_id="getProblem",
    summary="Giải thích mã lỗi · What a problem means",
    tags=TAGS,
    **_declared("text/html"),
)
async def get_problem(code: FromPath[str], request: AnyRequest) -> Response[str]:
    """Read what a problem means: the page that its `type` points to."""
    if code not in PROBLEMS:
        raise NotFound
    english = prefers_english(request.headers.get("accept-language", ""))
    page = problem_page(code, PROBLEMS[code], english=english)
    return Response(page, media_type="text/html; charset=utf-8", headers=_PAGE_CSP)


@get(
    "/.well-known/security.txt",
    operation_id="getSecurityTxt",
    summary="security.txt",
    tags=TAGS,
    **_declared("text/plain"),
)
async def security_txt(request: AnyRequest) -> Response[str]:
    """Read how to report a vulnerability (RFC 9116)."""
    services = services_of(request)
    expires = instant((services.clock.now() + timedelta(days=180)).replace(microsecond=0))
    text = f"Contact: {services.settings.contact}\nExpires: {expires}\nPreferred-Languages: vi, en\n"
    return Response(text, media_type="text/plain; charset=utf-8")


ROUTES = [get_service, get_live, get_ready, get_openapi, get_docs, get_problem, security_txt]
