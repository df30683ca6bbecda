"""The published document: frozen from an approved material, then signed, stored and served as bytes."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from domain.canonical_json import canonical
from domain.content.content import Content
from domain.content.material import Material
from domain.identity.organization import Organization
from domain.media.asset import Asset, AssetRole, Attachment
from domain.text import slugify

SYLLABLES_PER_SECOND = 3.4
"""A calm Vietnamese announcer."""

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_ESCAPED = frozenset("^{}\\[~]|€")


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, or microseconds where there are any: `2026-11-23T07:00:00Z`."""
    text: str = msgspec.to_builtins(at.astimezone(UTC))  # a tenth of isoformat's time
    return text


def sms_parts(text: str) -> tuple[str, int]:
    """Count as a mobile network does (3GPP TS 23.038): ("gsm-7" | "ucs-2", segments)."""
    if all(c in _GSM7 or c in _GSM7_ESCAPED for c in text):
        units = len(text) + sum(c in _GSM7_ESCAPED for c in text)
        return "gsm-7", 1 if units <= 160 else math.ceil(units / 153)
    units = len(text.encode("utf-16-be")) // 2
    return "ucs-2", 1 if units <= 70 else math.ceil(units / 67)


def reading_seconds(lines: tuple[str, ...]) -> int:
    return math.ceil(sum(len(line.split()) for line in lines) / SYLLABLES_PER_SECOND)


def freeze(
    material: Material,
    *,
    owner: Organization,
    assets: Mapping[UUID, Asset],
    body_html: str,
    correction_note: str = "",
) -> bytes:
    """Give the canonical bytes of the version that `material` publishes (RFC 8785).

    Nothing that may change after publication is inside: no counts, no channels.
    """
    content, material_id = material.content, str(material.id)
    document: dict[str, object] = {
        "id": material_id,
        "version": material.version,
        "kind": content.kind,
        "language": content.language,
        "title": content.title,
        "slug": content.slug or slugify(content.title),
        "topics": list(content.topics),
        "audiences": list(content.audiences),
        "source": _source(content, owner),
        "signal": "correction" if correction_note else "update",
        "links": {"self": f"/v1/materials/{material_id}"},
    }
    optional: dict[str, object] = {
        "summary": content.summary,
        "body": content.body,
        "body_html": body_html,
        "tasks": list(content.tasks),
        "credit_line": content.credit_line,
        "rights": msgspec.to_builtins(content.rights) if content.rights else None,
        "assets": [_asset(a, assets[a.asset_id]) for a in material.attachments],
        "correction_note": correction_note,
        "relations": msgspec.to_builtins(content.relations),
        **_instants(material),
        **_own_field(content),
    }
    return canonical(document | {key: value for key, value in optional.items() if value})


def _source(content: Content, owner: Organization) -> dict[str, object]:
    source = content.source
    named = {"organization": owner.code, "name": source.name if source and source.name else owner.name}
    return named | ({"authors": list(source.authors)} if source and source.authors else {})


def _instants(material: Material) -> dict[str, object]:
    content = material.content
    times = {
        "available_from": content.available_from,
        "expires_at": content.expires_at,
        "first_published_at": material.first_published_at,
        "published_at": material.published_at,
    }
    return {key: instant(at) for key, at in times.items() if at}


def _asset(attachment: Attachment, asset: Asset) -> dict[str, object]:
    original = {
        "name": "original",
        "media_type": asset.media_type,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "href": f"/v1/media/{asset.id}/original",
    }
    optional = {
        "filename": asset.filename,
        "alt": attachment.alt,
        "transcript_of": str(attachment.transcript_of) if attachment.transcript_of else None,
        "duration_ms": asset.duration_ms,
        "width": asset.width,
        "height": asset.height,
    }
    return {
        "id": str(asset.id),
        "role": attachment.role,
        "media_type": asset.media_type,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "renditions": [original],
    } | {key: value for key, value in optional.items() if value}


def _own_field(content: Content) -> dict[str, object]:
    if content.sms:
        encoding, segments = sms_parts(content.sms.text)
        return {"sms": {"text": content.sms.text, "encoding": encoding, "segments": segments}}
    if content.radio_script:
        lines = content.radio_script.host_lines
        return {"radio_script": {"host_lines": list(lines), "reading_seconds": reading_seconds(lines)}}
    if content.alert:
        # The category default must stand in the document, so defaults are written out here.
        return {"alert": msgspec.to_builtins(content.alert) | {"category": content.alert.category}}
    if content.faq:
        return {"faq": msgspec.to_builtins(content.faq)}
    return {"quiz": msgspec.to_builtins(content.quiz)} if content.quiz else {}


class _DocumentAsset(msgspec.Struct, frozen=True):
    id: UUID
    role: AssetRole
    alt: str = ""
    transcript_of: UUID | None = None


class _DocumentSource(msgspec.Struct, frozen=True):
    name: str | None = None
    authors: tuple[str, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    source: _DocumentSource
    assets: tuple[_DocumentAsset, ...] = ()


_COPIED = frozenset(Content.__struct_fields__) - {"source", "available_from", "expires_at", "sms", "radio_script"}


def thaw(document: bytes) -> tuple[Content, tuple[Attachment, ...]]:
    """Give the content and attachments that a published document was frozen from, without its times."""
    fields: dict[str, dict[str, object]] = msgspec.json.decode(document)
    about = msgspec.json.decode(document, type=_Document)
    content: dict[str, object] = {name: fields[name] for name in _COPIED & fields.keys()}
    content["source"] = {"name": about.source.name, "authors": about.source.authors}
    if "sms" in fields:
        content["sms"] = {"text": fields["sms"]["text"]}
    if "radio_script" in fields:
        content["radio_script"] = {"host_lines": fields["radio_script"]["host_lines"]}
    attachments = tuple(
        Attachment(asset_id=each.id, role=each.role, alt=each.alt, transcript_of=each.transcript_of)
        for each in about.assets
    )
    return msgspec.convert(content, Content), attachments
