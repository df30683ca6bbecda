"""Resumable uploads: tus 1.0.0 with creation, creation-with-upload, checksum, expiration and termination."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator
from email.utils import format_datetime
from uuid import UUID

from litestar import HttpMethod, Response, delete, head, patch, post, route
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException
from litestar.params import FromPath

from api.callers.operations import operation
from api.dependencies import AnyRequest, Unit
from domain.actor import Actor
from domain.errors import (
    ChecksumMismatch,
    FieldError,
    InvalidContent,
    MalformedRequest,
    UnsupportedMediaType,
    UnsupportedTusVersion,
)
from domain.media.actions import uploads
from domain.media.asset import MAX_BYTES, stored_filename
from domain.media.ports import Objects
from domain.media.upload import Upload
from domain.text import normalise, text_error
from domain.unit_of_work import UnitOfWork
from runtime.settings import Settings
from storage.objects.store import ObjectStore

TAGS = ["files"]
VERSION = "1.0.0"
_RESUMABLE = {"tus-resumable": VERSION, "cache-control": "no-store"}
_OFFSET = "application/offset+octet-stream"
_CAPABILITIES = _RESUMABLE | {
    "tus-version": VERSION,
    "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
    "tus-checksum-algorithm": "sha256",
    "tus-max-size": str(MAX_BYTES),
    "access-control-allow-methods": "POST, HEAD, PATCH, DELETE, OPTIONS",
}
_WRITING = (
    "tus_version_unsupported", "upload_offset_mismatch", "upload_longer_than_declared", "upload_too_large",
    "checksum_mismatch", "media_type_refused", "unsupported_media_type", "invalid_content", "stale_version",
)  # fmt: skip


def _check_version(request: AnyRequest) -> None:
    """Every request but OPTIONS names the protocol's version (tus 1.0.0, Tus-Resumable)."""
    if request.headers.get("tus-resumable") != VERSION:
        raise UnsupportedTusVersion(version=VERSION)


def _number(request: AnyRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise MalformedRequest(reason=name)
    return int(text)


def _metadata(request: AnyRequest) -> dict[str, str]:
    """Read Upload-Metadata: `key base64,key base64` (tus 1.0.0, creation extension)."""
    found: dict[str, str] = {}
    for pair in filter(None, request.headers.get("upload-metadata", "").split(",")):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = str(normalise(b64decode(value, validate=True).decode()))
        except (Base64Error, ValueError) as error:
            raise MalformedRequest(reason="Upload-Metadata") from error
    if (error_found := text_error(dict(found))) is not None:
        raise InvalidContent(errors=[error_found])
    return found


def _checksum(request: AnyRequest) -> bytes | None:
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


async def _chunks(request: AnyRequest) -> AsyncIterator[bytes]:
    """The body as it arrives. A broken connection ends it quietly: what arrived is kept and need not be sent again."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except (ClientException, InternalServerException, OSError):
        return


def _state(upload: Upload, asset_id: UUID | None) -> dict[str, str]:
    headers = _RESUMABLE | {
        "upload-offset": str(upload.offset),
        "upload-length": str(upload.length),
        "upload-expires": format_datetime(upload.expires_at, usegmt=True),
    }
    return headers | ({"lantoa-asset": str(asset_id)} if asset_id else {})


async def _append(
    request: AnyRequest, work: UnitOfWork, objects: Objects, actor: Actor, upload: Upload, offset: int
) -> tuple[Upload, UUID | None]:
    grown = await uploads.append(work, objects, actor, upload.id, offset, _chunks(request), checksum=_checksum(request))
    asset = await uploads.finish(work, objects, grown) if grown.complete else None
    return grown, asset.id if asset else None


@route(
    "/v1/uploads",
    http_method=[HttpMethod.OPTIONS],
    status_code=204,
    operation_id="getUploadCapabilities",
    summary="Khả năng tải lên · Upload capabilities",
    tags=TAGS,
    **operation("open"),
)
async def get_capabilities() -> Response[None]:
    """Tell the supported tus version, extensions and limits."""
    return Response(None, status_code=204, headers=_CAPABILITIES)


@post(
    "/v1/uploads",
    operation_id="createUpload",
    summary="Bắt đầu tải tệp lên · Start an upload",
    tags=TAGS,
    **operation("asset.upload", *_WRITING),
)
async def create_upload(
    request: AnyRequest,
    work: Unit,
    objects: NamedDependency[ObjectStore],
    settings: NamedDependency[Settings],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """Start an upload. `Upload-Length` is needed; `Upload-Metadata` may hold `filename` and `sha256` (hex).

    The first bytes may be in the body already.
    """
    _check_version(request)
    length, metadata = _number(request, "upload-length"), _metadata(request)
    declared = metadata.get("sha256", "").lower() or None
    if declared is not None and (len(declared) != 64 or not set(declared) <= set("0123456789abcdef")):
        raise MalformedRequest(reason="Upload-Metadata sha256")
    if length == 0:
        raise InvalidContent(errors=[FieldError(pointer="/upload-length", code="out_of_bounds")])
    filename = stored_filename(metadata.get("filename", ""))
    upload = await uploads.start(work, actor, length=length, filename=filename, declared_sha256=declared)
    asset_id = None
    if request.headers.get("content-type", "").startswith(_OFFSET):
        upload, asset_id = await _append(request, work, objects, actor, upload, 0)
    headers = _state(upload, asset_id) | {"location": f"{settings.public_url}/v1/uploads/{upload.id}"}
    return Response(None, status_code=201, headers=headers)


@head(
    "/v1/uploads/{upload_id:uuid}",
    operation_id="getUpload",
    summary="Đã nhận đến đâu · The offset of an upload",
    tags=TAGS,
    **operation("asset.upload", "tus_version_unsupported"),
)
async def get_upload(
    upload_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    objects: NamedDependency[ObjectStore],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """Read how much is stored (`Upload-Offset`). A file that was complete when the connection broke is finished now."""
    _check_version(request)
    upload = await uploads.read(work, actor, upload_id)
    asset_id = upload.asset_id
    if upload.complete and asset_id is None:
        asset_id = (await uploads.finish(work, objects, upload)).id
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
    request: AnyRequest,
    work: Unit,
    objects: NamedDependency[ObjectStore],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """Append bytes at `Upload-Offset`. The last byte turns the file into an asset (`Lantoa-Asset`)."""
    _check_version(request)
    if request.headers.get("content-type", "") != _OFFSET:
        raise UnsupportedMediaType(expected=_OFFSET)
    offset = _number(request, "upload-offset")
    upload = await uploads.read(work, actor, upload_id)
    upload, asset_id = await _append(request, work, objects, actor, upload, offset)
    return Response(None, status_code=204, headers=_state(upload, asset_id))


@delete(
    "/v1/uploads/{upload_id:uuid}",
    operation_id="removeUpload",
    summary="Bỏ tệp đang tải · Discard an upload",
    tags=TAGS,
    **operation("asset.upload", "tus_version_unsupported"),
)
async def remove_upload(
    upload_id: FromPath[UUID],
    request: AnyRequest,
    work: Unit,
    objects: NamedDependency[ObjectStore],
    actor: NamedDependency[Actor],
) -> Response[None]:
    """Discard an upload and its segments; a finished asset stays."""
    _check_version(request)
    await uploads.discard(work, objects, await uploads.read(work, actor, upload_id))
    return Response(None, status_code=204, headers=_RESUMABLE)


ROUTES = [get_capabilities, create_upload, get_upload, append_upload, remove_upload]
