"""The content of a material as an editor writes it, before it is frozen into a published document."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from domain.noun import Noun

Kind = Literal[
    "article",
    "audio",
    "video",
    "poster",
    "infographic",
    "leaflet",
    "radio_script",
    "sms",
    "faq",
    "lesson",
    "quiz",
    "presentation",
    "alert",
]
RelationKind = Literal["translation_of", "supersedes", "replaces", "replaces_audio", "answers_trend", "part_of"]
Language = Literal["vi", "cjm", "kpm", "en"]
MAX_RELATIONS = 50
AlertCategory = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
AlertUrgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
AlertSeverity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
AlertCertainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]

ShortText = Annotated[str, Meta(min_length=1, max_length=200)]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Code = Annotated[str, Meta(pattern=r"\A[a-z0-9_]{1,40}\Z")]
Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=120, examples=["otp-la-chia-khoa"])]


class Source(Noun, frozen=True, kw_only=True):
    """The origin of the content. `organization` is filled in from the owner at publication."""

    name: ShortText | None = None
    authors: Annotated[tuple[ShortText, ...], Meta(max_length=20)] = ()


class Rights(Noun, frozen=True, kw_only=True):
    """The recipient's rights of use."""

    license: Annotated[str, Meta(min_length=1, max_length=60, examples=["CC-BY-4.0"])]
    terms: Annotated[str, Meta(max_length=2000)] = ""
    credit_required: bool = True
    valid_until: date | None = None


class Relation(Noun, frozen=True, kw_only=True):
    """A typed link to another material."""

    rel: RelationKind
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]


class Question(Noun, frozen=True, kw_only=True):
    """One entry of a FAQ."""

    question: LongText
    answer: LongText


class Sms(Noun, frozen=True, kw_only=True):
    """A text message; encoding and segments are counted when it is frozen."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class QuizItem(Noun, frozen=True, kw_only=True):
    """One quiz question. `answer` is the index of the right choice, from 0."""

    question: LongText
    choices: Annotated[tuple[ShortText, ...], Meta(min_length=2, max_length=8)]
    answer: Annotated[int, Meta(ge=0, le=7)]
    why: LongText


class Alert(Noun, frozen=True, kw_only=True):
    """A warning in the terms of CAP 1.2 (OASIS)."""

    event: ShortText
    category: AlertCategory = "Security"
    urgency: AlertUrgency
    severity: AlertSeverity
    certainty: AlertCertainty
    areas: Annotated[tuple[ShortText, ...], Meta(min_length=1, max_length=50)]
    instruction: LongText


class RadioScript(Noun, frozen=True, kw_only=True):
    """The announcer's text, line by line."""

    host_lines: Annotated[tuple[LongText, ...], Meta(min_length=1, max_length=200)]


class Content(Noun, frozen=True, kw_only=True):
    """The editable part of a material. Everything may be absent in a draft but kind, language and title."""

    kind: Kind
    language: Language = "vi"
    title: Annotated[str, Meta(min_length=1, max_length=200, examples=["Mã OTP là chìa khóa nhà bạn"])]
    summary: Annotated[str, Meta(max_length=1000)] = ""
    slug: Slug | None = None
    body: Annotated[str, Meta(max_length=100_000, description="CommonMark")] = ""
    topics: Annotated[tuple[Code, ...], Meta(max_length=11, examples=[["online_scams"]])] = ()
    audiences: Annotated[tuple[Code, ...], Meta(max_length=12, examples=[["general_public"]])] = ()
    tasks: Annotated[tuple[Annotated[int, Meta(ge=1, le=6)], ...], Meta(max_length=6)] = ()
    source: Source | None = None
    credit_line: Annotated[str, Meta(max_length=200)] = ""
    rights: Rights | None = None
    available_from: datetime | None = None
    expires_at: datetime | None = None
    relations: Annotated[tuple[Relation, ...], Meta(max_length=MAX_RELATIONS)] = ()
    faq: Annotated[tuple[Question, ...], Meta(max_length=100)] = ()
    sms: Sms | None = None
    quiz: Annotated[tuple[QuizItem, ...], Meta(max_length=100)] = ()
    alert: Alert | None = None
    radio_script: RadioScript | None = None


OWN_FIELD: dict[str, str] = {
    "faq": "faq",
    "sms": "sms",
    "quiz": "quiz",
    "alert": "alert",
    "radio_script": "radio_script",
}
"""Kinds that carry a field of their own; the field is refused on every other kind."""
