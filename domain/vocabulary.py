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

ACTIVITY_KINDS: dict[str, tuple[str, str]] = {
    "broadcast": ("Chương trình phát thanh, truyền hình", "Broadcast"),
    "press_column": ("Chuyên mục, chuyên trang báo in", "Press column"),
    "online_column": ("Chuyên mục báo điện tử, trang tin", "Online column"),
    "training_class": ("Lớp đào tạo, bồi dưỡng", "Training class"),
    "contest": ("Cuộc thi", "Contest"),
    "game_show": ("Trò chơi truyền hình", "Game show"),
    "seminar": ("Hội nghị, tọa đàm", "Seminar"),
    "poster_drive": ("Treo áp phích, phát tờ rơi", "Poster drive"),
    "sms_blast": ("Nhắn tin cảnh báo", "Text message drive"),
    "school_programme": ("Sinh hoạt, ngoại khóa ở trường", "School programme"),
    "loudspeaker_patrol": ("Loa truyền thanh lưu động", "Patrol of public loudspeakers"),
    "publication": ("Ấn phẩm, video, đồ họa cho thanh thiếu niên", "Publication for young people"),
    "guidance": ("Hướng dẫn, định hướng nội dung", "Guidance"),
    "other": ("Hoạt động khác", "Other activity"),
}
"""Titles of `domain.coordination.activity.ActivityKind`, in the decree's words and in English."""

OUTLET_KINDS: dict[str, tuple[str, str]] = {
    "fm_frequency": ("Tần số FM", "FM frequency"),
    "loudspeaker_network": ("Hệ thống loa truyền thanh", "Loudspeaker network"),
    "tv_slot": ("Khung giờ truyền hình", "Television slot"),
    "newspaper_section": ("Chuyên mục báo", "Newspaper section"),
    "website": ("Trang thông tin điện tử", "Website"),
    "facebook_page": ("Trang Facebook", "Facebook page"),
    "zalo_oa": ("Zalo OA", "Zalo official account"),
    "sms_sender": ("Đầu số nhắn tin", "Text message sender"),
    "notice_board": ("Bảng tin", "Notice board"),
    "classroom": ("Lớp học", "Classroom"),
}
"""Titles of `domain.outlets.outlet.OutletKind` in Vietnamese and English."""


def fixed_terms() -> list[Term]:
    """The lists that the product defines itself, by kind of noun."""
    return [
        Term(list=name, code=code, title_vi=vi, title_en=en, place=place)
        for name, titles in (
            ("kinds", KINDS),
            ("organization_kinds", ORGANIZATION_KINDS),
            ("activity_kinds", ACTIVITY_KINDS),
            ("outlet_kinds", OUTLET_KINDS),
        )
        for place, (code, (vi, en)) in enumerate(titles.items())
    ]
