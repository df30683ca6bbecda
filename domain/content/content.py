"""What an editor writes: the content of a material, before it is frozen into a document."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

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
Relation_ = Literal["translation_of", "supersedes", "replaces_audio", "answers_trend", "part_of"]

Line = Annotated[str, Meta(min_length=1, max_length=200)]
Paragraph = Annotated[str, Meta(min_length=1, max_length=2000)]
Code = Annotated[str, Meta(pattern=r"\A[a-z0-9_]{1,40}\Z")]
Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=120, examples=["otp-la-chia-khoa"])]


class Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A frozen, keyword-only value that refuses unknown fields when decoded."""


class Source(Noun, frozen=True, kw_only=True):
    """Who made it. `organization` is filled in from the owner at publication."""

    name: Line | None = None
    authors: Annotated[tuple[Line, ...], Meta(max_length=20)] = ()


class Rights(Noun, frozen=True, kw_only=True):
    """What a recipient may do with it."""

    license: Annotated[str, Meta(min_length=1, max_length=60, examples=["CC-BY-4.0"])]
    terms: Annotated[str, Meta(max_length=2000)] = ""
    credit_required: bool = True
    valid_until: date | None = None


class Relation(Noun, frozen=True, kw_only=True):
    """A typed link to another material."""

    rel: Relation_
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]


class Question(Noun, frozen=True, kw_only=True):
    """One entry of a FAQ."""

    question: Paragraph
    answer: Paragraph


class Sms(Noun, frozen=True, kw_only=True):
    """A text message; encoding and segments are counted when it is frozen."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class QuizItem(Noun, frozen=True, kw_only=True):
    """One quiz question. `answer` is the index of the right choice, from 0."""

    question: Paragraph
    choices: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=8)]
    answer: Annotated[int, Meta(ge=0, le=7)]
    why: Paragraph


class Alert(Noun, frozen=True, kw_only=True):
    """A warning in the terms of CAP 1.2 (OASIS)."""

    event: Line
    category: Literal[
        "Geo",
        "Met",
        "Safety",
        "Security",
        "Rescue",
        "Fire",
        "Health",
        "Env",
        "Transport",
        "Infra",
        "CBRNE",
        "Other",
    ] = "Security"
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]
    areas: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=50)]
    instruction: Paragraph


class RadioScript(Noun, frozen=True, kw_only=True):
    """What the announcer reads, line by line."""

    host_lines: Annotated[tuple[Paragraph, ...], Meta(min_length=1, max_length=200)]


class Content(Noun, frozen=True, kw_only=True):
    """The editable part of a material. Everything may be absent in a draft but kind, language and title."""

    kind: Kind
    language: Literal["vi", "cjm", "kpm", "en"] = "vi"
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
    relations: Annotated[tuple[Relation, ...], Meta(max_length=50)] = ()
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
