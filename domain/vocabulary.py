"""Vocabularies: the codes that content uses, with their titles in Vietnamese and English."""

from domain.noun import Noun


class Term(Noun, frozen=True, kw_only=True):
    """One code of a list (`topics`, `audiences`, `languages`, `tasks`); `place` orders the list."""

    list: str
    code: str
    title_vi: str
    title_en: str = ""
    place: int = 0


KINDS: dict[str, tuple[str, str]] = {
    "article": ("Bài viết", "Article"),
    "audio": ("Âm thanh", "Audio"),
    "video": ("Video", "Video"),
    "poster": ("Áp phích", "Poster"),
    "infographic": ("Đồ họa thông tin", "Infographic"),
    "leaflet": ("Tờ rơi", "Leaflet"),
    "radio_script": ("Bài phát thanh", "Radio script"),
    "sms": ("Tin nhắn", "Text message"),
    "faq": ("Hỏi đáp", "Questions and answers"),
    "lesson": ("Bài học", "Lesson"),
    "quiz": ("Trắc nghiệm", "Quiz"),
    "presentation": ("Bài trình chiếu", "Presentation"),
    "alert": ("Cảnh báo", "Alert"),
}
"""Titles of `domain.content.content.Kind` in Vietnamese and English."""

ORGANIZATION_KINDS: dict[str, tuple[str, str]] = {
    "coordinator": ("Cơ quan điều phối", "Coordinating department"),
    "department": ("Sở, ban, ngành", "Department"),
    "district": ("Cấp huyện", "District"),
    "commune": ("Cấp xã", "Commune"),
    "newspaper": ("Báo", "Newspaper"),
    "broadcaster": ("Đài phát thanh - truyền hình tỉnh", "Provincial broadcaster"),
    "radio_station": ("Đài truyền thanh", "Radio station"),
    "school": ("Cơ sở giáo dục", "School"),
    "enterprise": ("Doanh nghiệp", "Enterprise"),
    "telecom": ("Doanh nghiệp viễn thông", "Telecommunications operator"),
    "bank": ("Ngân hàng", "Bank"),
    "union": ("Đoàn thể", "Union or association"),
    "police": ("Công an", "Police"),
    "military": ("Quân sự", "Military"),
    "central_press": ("Báo chí trung ương", "Central press"),
}
"""Titles of `domain.identity.organization.OrganizationKind` in Vietnamese and English."""


def fixed_terms() -> list[Term]:
    """The lists that the product defines itself: `kinds` and `organization_kinds`."""
    return [
        Term(list=name, code=code, title_vi=vi, title_en=en, place=place)
        for name, titles in (("kinds", KINDS), ("organization_kinds", ORGANIZATION_KINDS))
        for place, (code, (vi, en)) in enumerate(titles.items())
    ]
