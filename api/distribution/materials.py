"""Delivery: published documents and media, for everybody who may read them."""

from functools import partial
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from api.cache.responses import mark_cacheable
from api.callers.operations import operation
from api.dependencies import AnyRequest, caller_of, services_of
from api.distribution.document_view import DocumentView
from api.distribution.views import VersionList, VersionView
from api.http.conditional import COMPRESSIBLE_VARY, NOT_MODIFIED, IfNoneMatch, etag_matches, not_modified
from api.http.content_coding import mark_compressible
from api.http.ready_response import ReadyResponse
from api.media.assets import FILE_RESPONSES, PRIVATE, Delivery, send_file
from domain.errors import NotFound
from domain.read_access import ReadAccess
from storage.distribution.published import PublishedReader

TAGS = ["delivery"]
_DOCUMENT = {200: ResponseSpec(DocumentView, generate_examples=False, description="The published document")}


async def _document(
    request: AnyRequest, material_id: UUID, version: int | None, if_none_match: str | None
) -> Response[bytes]:
    caller = caller_of(request)
    document = await services_of(request).published.get_document(caller.access, material_id, version)
    mark_compressible(request.scope["state"])
    mark_cacheable(request.scope["state"], None)
    etag = f'"{document.version}"'
    # A version never changes, but its material may be killed: caches must revalidate.
    cache_control = "public, max-age=30, stale-while-revalidate=300" if caller.actor is None else PRIVATE
    if etag_matches(if_none_match, etag):
        return not_modified(etag, cache_control)
    headers = {
        "etag": etag,
        "cache-control": cache_control,
        "vary": COMPRESSIBLE_VARY,
        "lantoa-sha256": document.sha256,
        "lantoa-signature": document.signature,
        "lantoa-kid": document.kid,
    }
    return ReadyResponse(document.body, headers=headers)


@get(
    "/v1/materials/{material_id:uuid}",
    operation_id="getMaterial",
    summary="Đọc tài liệu đã phát hành · Read a published material",
    tags=TAGS,
    **operation("channel", "gone", also=_DOCUMENT | NOT_MODIFIED),
)
async def get_material(
    material_id: FromPath[UUID],
    request: AnyRequest,
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """Read the signed document; its signature is in the Lantoa-* headers. Taken down: 410 with the tombstone."""
    return await _document(request, material_id, None, if_none_match)


@get(
    "/v1/materials/{material_id:uuid}/versions",
    operation_id="listVersions",
    summary="Các phiên bản · Published versions",
    tags=TAGS,
    **operation("channel", "gone"),
)
async def list_versions(
    material_id: FromPath[UUID],
    published: NamedDependency[PublishedReader],
    access: NamedDependency[ReadAccess],
) -> Response[VersionList]:
    """List the published versions of a live material, newest first."""
    found = await published.list_versions(access, material_id)
    items = [msgspec.convert(msgspec.to_builtins(each), VersionView) for each in found]
    return Response(VersionList(items=items), headers={"cache-control": PRIVATE, "vary": "Authorization"})


@get(
    "/v1/materials/{material_id:uuid}/versions/{version:int}",
    operation_id="getVersion",
    summary="Đọc một phiên bản · Read one version",
    tags=TAGS,
    **operation("channel", "gone", also=_DOCUMENT | NOT_MODIFIED),
)
async def get_version(
    material_id: FromPath[UUID],
    version: FromPath[int],
    request: AnyRequest,
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """Read an earlier version while the material is live."""
    if not 0 < version < 2**31:
        raise NotFound
    return await _document(request, material_id, version, if_none_match)


@get(
    "/v1/media/{asset_id:uuid}/{rendition:str}",
    operation_id="getMedia",
    summary="Tải tệp đã phát hành · Download published media",
    tags=["files"],
    **operation("channel", "gone", "range_not_satisfiable", also=FILE_RESPONSES),
)
async def get_media(
    asset_id: FromPath[UUID],
    rendition: FromPath[str],
    request: AnyRequest,
    delivery: Delivery = None,
) -> Response[bytes]:
    """Download media: 302 to the object store, or the bytes with Range when proxied. HEAD tells size and SHA-256."""
    if rendition != "original":
        raise NotFound
    services, caller = services_of(request), caller_of(request)
    asset = await services.published.get_media(caller.access, asset_id)
    count = partial(services.ledger.record_download, asset_id=asset_id)
    count(caller.actor)
    return await send_file(request, asset, delivery, count)


ROUTES = [get_material, list_versions, get_version, get_media]
