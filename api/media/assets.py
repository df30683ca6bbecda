"""Files for staff, and the sending of any file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.cache.responses import OnDelivery, mark_cacheable
from api.callers.operations import operation
from api.dependencies import AnyRequest, services_of
from api.http.ranges import byte_range
from api.http.views import NO_STORE
from api.media.views import AssetView, show_asset
from domain.actor import Actor
from domain.errors import NotFound
from domain.media.asset import Asset, blob_key, content_disposition
from domain.permissions import sees
from storage.media.assets import AssetReader

TAGS = ["files"]
PRIVATE = "private, no-cache"
DeliveryMode = Literal["redirect", "proxy"]
Delivery = Annotated[
    DeliveryMode | None,
    QueryParameter(description="`proxy` streams through the API, for networks that cannot reach the object store"),
]
FILE_RESPONSES = {
    302: ResponseSpec(None, generate_examples=False, description="The file's present URL, for less than a minute"),
    200: ResponseSpec(bytes, generate_examples=False, description="The file", media_type="application/octet-stream"),
    206: ResponseSpec(bytes, generate_examples=False, description="A part", media_type="application/octet-stream"),
}


async def _staff_asset(assets: AssetReader, actor: Actor, asset_id: UUID) -> Asset:
    asset = await assets.get(asset_id)
    if not sees(actor, asset.owner_id):
        raise NotFound
    return asset


@get(
    "/v1/assets/{asset_id:uuid}",
    operation_id="getAsset",
    summary="Thông tin tệp · File metadata",
    tags=TAGS,
    **operation("asset.read"),
)
async def get_asset(
    asset_id: FromPath[UUID], assets: NamedDependency[AssetReader], actor: NamedDependency[Actor]
) -> Response[AssetView]:
    """Read a file's metadata, for staff of the owning organization."""
    asset = await _staff_asset(assets, actor, asset_id)
    return Response(show_asset(asset), headers=NO_STORE | {"etag": '"1"'})


@get(
    "/v1/assets/{asset_id:uuid}/content",
    operation_id="getAssetContent",
    summary="Nghe, xem trước khi duyệt · Preview before approval",
    tags=TAGS,
    **operation("asset.read", "range_not_satisfiable", also=FILE_RESPONSES),
)
async def get_asset_content(
    asset_id: FromPath[UUID],
    request: AnyRequest,
    assets: NamedDependency[AssetReader],
    actor: NamedDependency[Actor],
    delivery: Delivery = None,
) -> Response[Any]:
    """Download the file, published or not, for staff of the owning organization."""
    return await send_file(request, await _staff_asset(assets, actor, asset_id), delivery)


async def send_file(
    request: AnyRequest, asset: Asset, delivery: str | None, on_delivery: OnDelivery | None = None
) -> Response[Any]:
    """Redirect to the object store, or stream with Range. `on_delivery`: the file is published; counts a download."""
    services = services_of(request)
    about = services.addresses.headers(asset)
    if (delivery or services.settings.media_delivery) == "redirect":
        url, seconds = services.addresses.address(asset)
        cache_control = f"private, max-age={services.addresses.reusable_seconds}"
        if on_delivery is not None:
            mark_cacheable(request.scope["state"], None, on_delivery, seconds=seconds, count_each=True)
        return Response(b"", status_code=302, headers=about | {"location": url, "cache-control": cache_control})
    if request.method == "HEAD":
        return Response(b"", headers=about | {"content-length": str(asset.size_bytes)})
    span = byte_range(request.headers.get("range"), request.headers.get("if-range"), asset.size_bytes, about["etag"])
    start, end = span or (0, asset.size_bytes - 1)
    headers = about | {
        "content-length": str(end - start + 1),
        "content-disposition": content_disposition(asset.filename),
        "cache-control": PRIVATE,
    }
    if span:
        headers["content-range"] = f"bytes {start}-{end}/{asset.size_bytes}"
    chunks: AsyncIterator[bytes] = services.objects.read(blob_key(asset.sha256), start, end - start + 1)
    first = await anext(chunks, b"")  # a store that is down must be 503 before the headers are sent
    body = _joined(first, chunks)
    return Stream(body, status_code=206 if span else 200, headers=headers, media_type=asset.media_type)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


ROUTES = [get_asset, get_asset_content]
