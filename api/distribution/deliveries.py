"""Delivery: published bytes and media, to anyone entitled."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.cache.responses import Received, may_repeat
from api.callers.operations import operation
from api.content.views import AssetView, DocumentView, VersionList, VersionView, show_asset
from api.dependencies import Parts, read_by
from api.distribution.channels import VARY, IfNoneMatch, matches, not_modified
from api.http.content_coding import may_code
from api.http.ranges import byte_range
from api.http.ready_response import Published
from domain.actor import Actor
from domain.errors import NotFound
from domain.media.asset import Asset, blob_key
from domain.permissions import sees

TAGS = ["delivery"]
_PRIVATE = "private, no-cache"
_DOCUMENT = {200: ResponseSpec(DocumentView, generate_examples=False, description="The published document")}
_UNCHANGED = {304: ResponseSpec(None, generate_examples=False, description="Not modified")}
Delivery = Annotated[
    Literal["redirect", "proxy"] | None,
    QueryParameter(description="`proxy` streams through the API, for networks that cannot reach the object store"),
]


def _documented(access: Any, *codes: str, more: dict[int, ResponseSpec]) -> dict[str, Any]:
    declared = operation(access, *codes)
    return declared | {"responses": declared["responses"] | more}


async def _document(
    request: Request[Any, Any, Any], material_id: UUID, version: int | None, known: str | None
) -> Response[bytes]:
    parts, caller = read_by(request)
    document = await parts.delivery.document(caller, material_id, version)
    may_code(request.scope["state"])
    may_repeat(request.scope["state"], None)
    etag = f'"{document.version}"'
    # An edition never changes, but it may be killed: caches must ask.
    cache = "public, max-age=30, stale-while-revalidate=300" if caller is None else _PRIVATE
    if matches(known, etag):
        return not_modified(etag, cache)
    headers = {
        "etag": etag,
        "cache-control": cache,
        "vary": VARY,
        "lantoa-sha256": document.sha256,
        "lantoa-signature": document.signature,
        "lantoa-kid": document.kid,
    }
    return Published(document.body, headers=headers)


@get(
    "/v1/materials/{material_id:uuid}",
    operation_id="getMaterial",
    summary="Đọc tài liệu đã phát hành · Read a published material",
    tags=TAGS,
    **_documented("channel", "gone", more=_DOCUMENT | _UNCHANGED),
)
async def get_material(
    material_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """The signed bytes; its seal is in the Lantoa-* headers. Taken away: 410 with the tombstone."""
    return await _document(request, material_id, None, if_none_match)


@get(
    "/v1/materials/{material_id:uuid}/versions",
    operation_id="listVersions",
    summary="Các phiên bản · Published versions",
    tags=TAGS,
    **operation("channel", "gone"),
)
async def list_versions(
    material_id: FromPath[UUID], parts: NamedDependency[Parts], caller: NamedDependency[Actor | None]
) -> Response[VersionList]:
    """Newest first."""
    lines = await parts.delivery.versions(caller, material_id)
    items = [msgspec.convert(msgspec.to_builtins(line), VersionView) for line in lines]
    return Response(VersionList(items=items), headers={"cache-control": _PRIVATE, "vary": "Authorization"})


@get(
    "/v1/materials/{material_id:uuid}/versions/{version:int}",
    operation_id="getVersion",
    summary="Đọc một phiên bản · Read one version",
    tags=TAGS,
    **_documented("channel", "gone", more=_DOCUMENT | _UNCHANGED),
)
async def get_version(
    material_id: FromPath[UUID],
    version: FromPath[int],
    request: Request[Any, Any, Any],
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """An earlier edition, while the material is live."""
    if not 0 < version < 2**31:
        raise NotFound
    return await _document(request, material_id, version, if_none_match)


@get(
    "/v1/assets/{asset_id:uuid}",
    operation_id="getAsset",
    summary="Thông tin tệp · About a file",
    tags=["files"],
    **operation("asset.read"),
)
async def get_asset(
    asset_id: FromPath[UUID], parts: NamedDependency[Parts], actor: NamedDependency[Actor]
) -> Response[AssetView]:
    """For staff of the owning organization."""
    asset = await _staff_asset(parts, actor, asset_id)
    return Response(show_asset(asset), headers={"etag": '"1"', "cache-control": "no-store"})


async def _staff_asset(parts: Parts, actor: Actor, asset_id: UUID) -> Asset:
    asset = await parts.delivery.asset(asset_id)
    if not sees(actor, asset.owner_id):
        raise NotFound
    return asset


_REDIRECT = {
    302: ResponseSpec(None, generate_examples=False, description="Where the bytes are, for ten minutes"),
    200: ResponseSpec(bytes, generate_examples=False, description="The file", media_type="application/octet-stream"),
    206: ResponseSpec(bytes, generate_examples=False, description="A part", media_type="application/octet-stream"),
}


@get(
    "/v1/assets/{asset_id:uuid}/content",
    operation_id="getAssetContent",
    summary="Nghe, xem trước khi duyệt · Hear or see it before approving",
    tags=["files"],
    **_documented("asset.read", "range_not_satisfiable", more=_REDIRECT),
)
async def get_asset_content(
    asset_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
    delivery: Delivery = None,
) -> Response[Any]:
    """The file itself, published or not, for staff of the owning organization."""
    return await _file(request, parts, await _staff_asset(parts, actor, asset_id), delivery)


@get(
    "/v1/media/{asset_id:uuid}/{rendition:str}",
    operation_id="getMedia",
    summary="Tải tệp đã phát hành · Download published media",
    tags=["files"],
    **_documented("channel", "gone", "range_not_satisfiable", more=_REDIRECT),
)
async def get_media(
    asset_id: FromPath[UUID],
    rendition: FromPath[str],
    request: Request[Any, Any, Any],
    delivery: Delivery = None,
) -> Response[Any]:
    """302 to the object store, or the bytes with Range when proxied. HEAD tells size and SHA-256."""
    if rendition != "original":
        raise NotFound
    parts, caller = read_by(request)
    asset = await parts.delivery.media(caller, asset_id)
    received = partial(parts.ledger.downloaded, asset_id=asset_id)
    received(caller)
    return await _file(request, parts, asset, delivery, received)


async def _file(
    request: Request[Any, Any, Any], parts: Parts, asset: Asset, delivery: str | None, received: Received | None = None
) -> Response[Any]:
    """Redirect or proxy. `received`: the file is published, and this books that somebody got it."""
    about = parts.media.about(asset)
    if (delivery or parts.settings.media_delivery) == "redirect":
        address, seconds = parts.media.address(asset)
        headers = about | {"location": address, "cache-control": "private, max-age=240"}
        if received is not None:
            may_repeat(request.scope["state"], None, received, seconds=seconds, counts=True)
        return Response(b"", status_code=302, headers=headers)
    if request.method == "HEAD":
        return Response(b"", headers=about | {"content-length": str(asset.size_bytes)})
    span = byte_range(request.headers.get("range"), request.headers.get("if-range"), asset.size_bytes, about["etag"])
    start, end = span or (0, asset.size_bytes - 1)
    headers = about | {
        "content-length": str(end - start + 1),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(asset.filename, safe='')}",
        "cache-control": _PRIVATE,
    }
    if span:
        headers["content-range"] = f"bytes {start}-{end}/{asset.size_bytes}"
    chunks: AsyncIterator[bytes] = parts.objects.read(blob_key(asset.sha256), start, end - start + 1)
    first = await anext(chunks, b"")  # a store that is down must be 503 before the headers are gone
    body = _joined(first, chunks)
    return Stream(body, status_code=206 if span else 200, headers=headers, media_type=asset.media_type)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


ROUTES = [get_material, list_versions, get_version, get_asset, get_asset_content, get_media]
