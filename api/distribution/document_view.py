"""The published document as the contract describes it. It is sent as stored bytes (`domain.distribution.document`)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from api.http.views import View
from domain.content.content import Alert, Kind, Language, Question, QuizItem, Relation, Rights
from domain.media.asset import AssetRole

VersionSignal = Literal["update", "correction"]


class DocumentSource(View, frozen=True, kw_only=True):
    """Where a material comes from. `organization` is a code of the directory."""

    organization: str
    name: str
    authors: list[str] | UnsetType = UNSET


class DocumentLinks(View, frozen=True, kw_only=True):
    """Addresses relative to the server."""

    self: str


class DocumentRendition(View, frozen=True, kw_only=True):
    """A file to download. `sha256` is hex."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    href: str


class DocumentAsset(View, frozen=True, kw_only=True):
    """An attached file with its renditions. `width` and `height` are pixels."""

    id: UUID
    role: AssetRole
    media_type: str
    size_bytes: int
    sha256: str
    renditions: list[DocumentRendition]
    filename: str | UnsetType = UNSET
    alt: str | UnsetType = UNSET
    transcript_of: UUID | UnsetType = UNSET
    duration_ms: int | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class DocumentSms(View, frozen=True, kw_only=True):
    """A text message and how a mobile network counts it (3GPP TS 23.038): `gsm-7` or `ucs-2`."""

    text: str
    encoding: str
    segments: int


class DocumentRadioScript(View, frozen=True, kw_only=True):
    """Lines for the announcer, and the seconds that reading them takes."""

    host_lines: list[str]
    reading_seconds: int


class DocumentView(View, frozen=True, kw_only=True):
    """The published document: signed, canonical JSON (RFC 8785). `openapi/sync.md` describes its members."""

    id: UUID
    version: int
    kind: Kind
    language: Language
    title: str
    slug: str
    topics: list[str]
    audiences: list[str]
    source: DocumentSource
    signal: VersionSignal
    links: DocumentLinks
    summary: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    body_html: str | UnsetType = UNSET
    tasks: list[int] | UnsetType = UNSET
    credit_line: str | UnsetType = UNSET
    rights: Rights | UnsetType = UNSET
    assets: list[DocumentAsset] | UnsetType = UNSET
    correction_note: str | UnsetType = UNSET
    relations: list[Relation] | UnsetType = UNSET
    available_from: datetime | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
    first_published_at: datetime | UnsetType = UNSET
    published_at: datetime | UnsetType = UNSET
    sms: DocumentSms | UnsetType = UNSET
    radio_script: DocumentRadioScript | UnsetType = UNSET
    alert: Alert | UnsetType = UNSET
    faq: list[Question] | UnsetType = UNSET
    quiz: list[QuizItem] | UnsetType = UNSET
