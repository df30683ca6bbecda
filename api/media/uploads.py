"""Resumable uploads: tus 1.0.0 with creation, creation-with-upload, checksum, expiration and termination."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from litestar import HttpMethod, Request, Response, delete, head, patch, post, route
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException
from litestar.params import FromPath

from api.callers.operations import operation
from api.dependencies import Parts, Unit
from domain.actor import Actor
from domain.errors import ChecksumMismatch, Fault, InvalidContent, MalformedRequest, UnsupportedMediaType
from domain.media.actions import uploads
from domain.media.asset import MAX_BYTES
from domain.media.upload import Upload
from domain.ports import UnitOfWork
from domain.text import forbidden_place, normalise

TAGS = ["files"]
_RESUMABLE = {"tus-resumable": "1.0.0", "cache-control": "no-store"}
_OFFSET = "application/offset+octet-stream"
_ABILITIES = _RESUMABLE | {
    "tus-version": "1.0.0",
    "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
    "tus-checksum-algorithm": "sha256",
    "tus-max-size": str(MAX_BYTES),
    "access-control-allow-methods": "POST, HEAD, PATCH, DELETE, OPTIONS",
}
_WRITING = (
    "upload_offset_mismatch", "upload_longer_than_declared", "upload_too_large", "checksum_mismatch",
    "media_type_refused", "unsupported_media_type", "invalid_content", "upload_locked",
)  # fmt: skip


def _number(request: Request[Any, Any, Any], name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise MalformedRequest(reason=name)
    return int(text)


def _metadata(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Read Upload-Metadata: `key base64,key base64` (tus 1.0.0, creation extension)."""
    found: dict[str, str] = {}
    for pair in filter(None, request.headers.get("upload-metadata", "").split(",")):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = str(normalise(b64decode(value, validate=True).decode()))
        except (Base64Error, ValueError) as error:
            raise MalformedRequest(reason="Upload-Metadata") from error
    if (pointer := forbidden_place(dict(found))) is not None:
        raise InvalidContent(errors=[Fault(pointer=pointer, code="control_character")])
    return found


def _checksum(request: Request[Any, Any, Any]) -> bytes | None:
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm != "sha256":
        raise MalformedRequest(reason="Upload-Checksum algorithm")
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError) as error:
        raise ChecksumMismatch from error


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body as it comes. A broken line ends it quietly: what came is kept, nothing is sent twice."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except (ClientException, InternalServerException, OSError):
        return


def _state(upload: Upload, asset_id: UUID | None) -> dict[str, str]:
    told = _RESUMABLE | {
        "upload-offset": str(upload.offset),
        "upload-length": str(upload.length),
        "upload-expires": format_datetime(upload.expires_at, usegmt=True),
    }
    return told | ({"lantoa-asset": str(asset_id)} if asset_id else {})


async def _append(
    request: Request[Any, Any, Any], work: UnitOfWork, parts: Parts, actor: Actor, upload: Upload, offset: int
) -> tuple[Upload, UUID | None]:
    grown = await uploads.append(
        work, parts.objects, actor, upload.id, offset, _chunks(request), checksum=_checksum(request)
    )
    asset = await uploads.finish(work, parts.objects, grown) if grown.complete else None
    return grown, asset.id if asset else None


@route(
    "/v1/uploads",
    http_method=[HttpMethod.OPTIONS],
    status_code=204,
    operation_id="getUploadAbilities",
    summary="Khả năng tải lên · What the upload protocol can do",
    tags=TAGS,
    **operation("open"),
)
async def abilities() -> Response[None]:
    """Tus 1.0.0 discovery."""
    return Response(None, status_code=204, headers=_ABILITIES)


@post(
    "/v1/uploads",
    operation_id="createUpload",
    summary="Bắt đầu tải tệp lên · Start an upload",
    tags=TAGS,
    **operation("asset.upload", *_WRITING),
)
async def create_upload(
    request: Request[Any, Any, Any],
    work: Unit,
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """`Upload-Length` is needed; `Upload-Metadata` may hold `filename` and `sha256` (hex). A body may come along."""
    length, metadata = _number(request, "upload-length"), _metadata(request)
    declared = metadata.get("sha256", "").lower() or None
    if declared is not None and (len(declared) != 64 or not set(declared) <= set("0123456789abcdef")):
        raise MalformedRequest(reason="Upload-Metadata sha256")
    if length == 0:
        raise InvalidContent(errors=[Fault(pointer="/upload-length", code="out_of_bounds")])
    filename = metadata.get("filename", "").replace("\\", "/").rsplit("/", 1)[-1][:200]
    upload = await uploads.start(work, actor, length=length, filename=filename, declared_sha256=declared)
    asset_id = None
    if request.headers.get("content-type", "").startswith(_OFFSET):
        upload, asset_id = await _append(request, work, parts, actor, upload, 0)
    headers = _state(upload, asset_id) | {"location": f"{parts.settings.public_url}/v1/uploads/{upload.id}"}
    return Response(None, status_code=201, headers=headers)


@head(
    "/v1/uploads/{upload_id:uuid}",
    operation_id="getUpload",
    summary="Đã nhận đến đâu · Where the upload stands",
    tags=TAGS,
    **operation("asset.upload"),
)
async def get_upload(
    upload_id: FromPath[UUID],
    work: Unit,
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """`Upload-Offset` is what is stored. A file that was complete when the line broke is finished now."""
    upload = await uploads.read(work, actor, upload_id)
    asset_id = upload.asset_id
    if upload.complete and asset_id is None:
        asset_id = (await uploads.finish(work, parts.objects, upload)).id
    return Response(None, status_code=200, headers=_state(upload, asset_id))


@patch(
    "/v1/uploads/{upload_id:uuid}",
    status_code=204,
    operation_id="appendUpload",
    summary="Gửi tiếp · Send more",
    tags=TAGS,
    **operation("asset.upload", *_WRITING),
)
async def append_upload(
    upload_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    work: Unit,
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """`Upload-Offset` must be where the upload stands. The last byte turns the file into an asset (`Lantoa-Asset`)."""
    if request.headers.get("content-type", "") != _OFFSET:
        raise UnsupportedMediaType(expected=_OFFSET)
    offset = _number(request, "upload-offset")
    upload = await uploads.read(work, actor, upload_id)
    upload, asset_id = await _append(request, work, parts, actor, upload, offset)
    return Response(None, status_code=204, headers=_state(upload, asset_id))


@delete(
    "/v1/uploads/{upload_id:uuid}",
    operation_id="removeUpload",
    summary="Bỏ tệp đang tải · Give an upload up",
    tags=TAGS,
    **operation("asset.upload"),
)
async def remove_upload(
    upload_id: FromPath[UUID],
    work: Unit,
    parts: NamedDependency[Parts],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """Its segments are removed; a finished asset stays."""
    await uploads.discard(work, parts.objects, await uploads.read(work, actor, upload_id))
    return Response(None, status_code=204, headers=_RESUMABLE)


ROUTES = [abilities, create_upload, get_upload, append_upload, remove_upload]
