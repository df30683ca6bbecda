"""Importing an archive: materials that were approved and published elsewhere, one JSON object a line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.content.content import Content, ShortText
from domain.content.material import Material
from domain.content.validation import check_content, check_ready
from domain.distribution.document import freeze
from domain.errors import FieldError, InvalidContent
from domain.identity.organization import Organization
from domain.merge_patch import field_error
from domain.noun import Noun
from domain.text import is_clean, normalise, text_error


class ArchiveLine(Noun, frozen=True, kw_only=True):
    """One material. `approved_by`: the approver there, by name or role; it goes into the history.

    Without an `id` it gets one made of its own bytes, so that the same line is never imported twice.
    """

    content: Content
    approved_by: Annotated[ShortText, Meta(examples=["Ban biên tập Cổng thông tin"])]
    published_at: datetime
    id: UUID | None = None


_read = msgspec.json.Decoder(ArchiveLine, strict=True).decode


def read_line(raw: bytes, codes: Mapping[str, Sequence[str]]) -> tuple[ArchiveLine, UUID]:
    """Read one line with its id, or raise InvalidContent with every reason. Text comes out in NFC."""
    raw = raw.strip()
    try:
        line = _read(raw) if is_clean(raw) else msgspec.convert(_decode_carefully(raw), ArchiveLine, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[field_error(error, ArchiveLine)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidContent(errors=[FieldError(pointer="", code="no_json")]) from error
    except OverflowError as error:
        raise InvalidContent(errors=[FieldError(pointer="", code="out_of_bounds")]) from error
    if line.published_at.tzinfo is None:
        raise InvalidContent(errors=[FieldError(pointer="/published_at", code="time_zone_required")])
    check_content(line.content, codes)
    return line, line.id or _id_of(raw, line.published_at)


def _decode_carefully(raw: bytes) -> object:
    """Decode a line whose strings must be looked at one by one, and normalise them."""
    value = msgspec.json.decode(raw)
    if (found := text_error(value)) is not None:
        raise InvalidContent(errors=[found])
    return normalise(value)


def _id_of(raw: bytes, published_at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7) whose random part is the line's SHA-256."""
    noise = int.from_bytes(sha256(raw).digest()[:10], "big")
    milliseconds = int(published_at.timestamp() * 1000) & (2**48 - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | (noise >> 62 & 0xFFF) << 64 | 2 << 62 | noise & (2**62 - 1))


def take_over(
    line: ArchiveLine, material_id: UUID, body_html: str, *, owner: Organization, by: str, at: datetime
) -> tuple[Material, bytes]:
    """Give the published material and its document. NotReady or InvalidContent for what could not be published."""
    content = line.content
    errors = [
        FieldError(pointer=f"/content/{name}", code=code)
        for name, code, wrong in (
            ("available_from", "in_the_future", content.available_from and content.available_from > at),
            ("expires_at", "in_the_past", content.expires_at and content.expires_at <= at),
        )
        if wrong
    ]
    if line.published_at > at:
        errors.append(FieldError(pointer="/published_at", code="in_the_future"))
    if errors:
        raise InvalidContent(errors=errors)
    material = Material(
        id=material_id,
        owner_id=owner.id,
        state="published",
        content=content,
        live_version=1,
        live_expires_at=content.expires_at,
        edited_by=by,
        approved_by=f"archive:{line.approved_by}",
        first_published_at=line.published_at,
        published_at=line.published_at,
        created_at=at,
        updated_at=at,
    )
    check_ready(material, {})
    return material, freeze(material, owner=owner, assets={}, body_html=body_html)
