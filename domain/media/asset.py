"""Assets: allowed media types, recognising a type from content, and attachments to materials."""

import re
import struct
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.noun import Noun
from domain.text import slugify

AssetRole = Literal["main", "cover", "transcript", "captions", "attachment"]
MIB = 1024 * 1024
MAX_FILENAME = 200

LIMITS: dict[str, int] = {
    "audio/mpeg": 500 * MIB,
    "audio/wav": 500 * MIB,
    "audio/mp4": 500 * MIB,
    "audio/ogg": 500 * MIB,
    "video/mp4": 4096 * MIB,
    "image/jpeg": 50 * MIB,
    "image/png": 50 * MIB,
    "image/webp": 50 * MIB,
    "application/pdf": 100 * MIB,
    "text/vtt": 100 * MIB,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": 100 * MIB,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": 100 * MIB,
}
"""Allowed media types and the most bytes a file of each may have."""

MAX_BYTES = max(LIMITS.values())
SNIFF_BYTES = 64 * 1024
"""Bytes of the beginning that `sniff` needs."""

EXTENSIONS = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/vtt": "vtt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
}


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file in object storage. Its blob is `blob/{sha256[:2]}/{sha256}`; many assets may share one blob."""

    id: UUID
    owner_id: UUID
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None


class Attachment(Noun, frozen=True, kw_only=True):
    """An asset's place in a material."""

    asset_id: UUID
    role: AssetRole
    alt: Annotated[str, Meta(max_length=1000)] = ""
    transcript_of: UUID | None = None


def blob_key(sha256: str) -> str:
    return f"blob/{sha256[:2]}/{sha256}"


def sniff(head: bytes) -> str | None:
    """Recognise an allowed media type from the first bytes of a file; None for everything else.

    An allow-list of twelve signatures, never the file's name or declared type (docs/decisions/0006).
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:12] in (b"M4A ", b"M4B ") else "video/mp4"
    if head.removeprefix(b"\xef\xbb\xbf")[:7] in (b"WEBVTT\n", b"WEBVTT\r", b"WEBVTT ", b"WEBVTT"):
        return "text/vtt"
    if head.startswith(b"PK\x03\x04"):
        return _office(head)
    return "audio/mpeg" if _is_mpeg_audio(head) else None


def _office(head: bytes) -> str | None:
    if b"[Content_Types].xml" not in head and b"_rels/.rels" not in head:
        return None
    kind = {b"word/": "wordprocessingml.document", b"ppt/": "presentationml.presentation"}
    found = next((suffix for folder, suffix in kind.items() if folder in head), None)
    return f"application/vnd.openxmlformats-officedocument.{found}" if found else None


def _is_mpeg_audio(head: bytes) -> bool:
    """Two MPEG-1/2 layer III frames in a row, after an optional ID3v2 tag (which may be longer than `head`)."""
    at = 0
    if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 0x80:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        at = 10 + size
        if at + 4 >= len(head):
            return size > 0 and len(head) >= SNIFF_BYTES
    first = _frame_length(head, at)
    return bool(first) and bool(_frame_length(head, at + first))


_BITRATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame_length(data: bytes, at: int) -> int:
    """Bytes of the layer III frame whose header is at `at` (ISO 11172-3 2.4.2.3), 0 where there is none."""
    if at + 4 > len(data):
        return 0
    header: int
    (header,) = struct.unpack_from(">I", data, at)
    version, layer = header >> 19 & 3, header >> 17 & 3
    bitrate, rate, padding = header >> 12 & 15, header >> 10 & 3, header >> 9 & 1
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kbits = _BITRATES[3 if version == 3 else 2][bitrate]
    return (144 if version == 3 else 72) * kbits * 1000 // _SAMPLE_RATES[version][rate] + padding


def gate(asset: Asset) -> str | None:
    """Give the reason code why an audio or video file may not be aired, or None."""
    if asset.media_type.startswith(("audio/", "video/")) and not asset.duration_ms:
        return "unplayable"
    return None


_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]+")


def content_disposition(filename: str) -> str:
    """Content-Disposition with an ASCII `filename` for old clients beside `filename*` (RFC 6266 section 4.3)."""
    stem, dot, extension = filename.rpartition(".")
    ascii_name = (
        f"{slugify(stem)}.{extension.lower()}"
        if dot and extension.isascii() and extension.isalnum()
        else slugify(filename)
    )
    fallback = _NO_TOKEN.sub("-", ascii_name) or "file"
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"


def stored_filename(sent: str) -> str:
    """The name as it was sent, with `_` for path separators. What is too long is cut from the stem."""
    name = sent.replace("/", "_").replace("\\", "_")
    stem, dot, extension = name.rpartition(".")
    if len(name) <= MAX_FILENAME or not dot or len(extension) > 10:
        return name[:MAX_FILENAME]
    return f"{stem[: MAX_FILENAME - len(extension) - 1]}.{extension}"
