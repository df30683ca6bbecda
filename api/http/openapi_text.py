"""What the OpenAPI document says beside what the routes say of themselves."""

from typing import Any

DESCRIPTION = """\
Kho trung tâm của chương trình tuyên truyền an toàn thông tin của tỉnh (Quyết định 3250/QĐ-UBND): tài liệu đã duyệt, \
kênh phân phối, lệnh gỡ và danh bạ.

The central store of a province's cyber-safety awareness programme: approved materials, distribution channels, \
takedowns and the directory. Every error is a problem (RFC 9457) with a stable `code`; `/problems/{code}` explains it. \
Lists are paged by cursor, stored objects are changed with `If-Match`, and `Accept-Language: en` switches from \
Vietnamese to English.\
"""
INFO: dict[str, Any] = {
    "description": DESCRIPTION,
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
TAGS = {
    "service": "Dịch vụ: còn chạy, tài liệu, mã lỗi · The service: health, documentation, problems",
    "vocabularies": "Danh mục mã · The codes that materials and organizations use, with their titles",
    "editorial": "Biên tập và duyệt · Drafts, review, approval, publication",
    "files": "Tệp âm thanh, hình, tài liệu · Resumable uploads (tus 1.0) and downloads",
    "delivery": "Tài liệu đã phát hành · Published, signed documents",
    "channels": "Kênh phân phối và đồng bộ · Distribution channels, their change feeds and grants",
    "campaigns": "Chiến dịch · Campaigns: period, goals, the organizations that lead and take part",
    "activities": "Hoạt động · Activities and series, the materials planned for them, rosters of classes",
    "assignments": "Giao việc · Assignments, how they were answered, and the inbox",
    "outlets": "Nơi phát, đăng · Outlets, their slots and bookings",
    "placements": "Nơi đã đăng, phát · What appeared where and when",
    "calendar": "Lịch · Calendars as JSON and as iCalendar to subscribe to",
    "takedowns": "Lệnh gỡ và xác nhận · Takedowns and their acknowledgements",
    "identity": "Đăng nhập và token · OAuth 2.0 and OpenID Connect metadata, the caller",
    "members": "Thành viên và lời mời · People and invitations",
    "organizations": "Đơn vị · Organizations of the programme",
    "clients": "Ứng dụng · OAuth clients",
    "audit": "Nhật ký · The audit trail",
}
_PROOF = {
    "client_id": "The client's id, when it is not in the Authorization header",
    "client_assertion_type": "`urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523)",
    "client_assertion": "A JWT signed with the client's key (RFC 7523)",
}
_HINTED = {
    "token": "The token",
    "token_type_hint": "`access_token` or `refresh_token`",
    **_PROOF,
}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "issueToken": (
        "TokenRequest",
        {
            "grant_type": "Which grant the client uses",
            "scope": "Scopes separated by spaces; all that the client may have when absent",
            "code": "The authorization code",
            "code_verifier": "PKCE (RFC 7636)",
            "redirect_uri": "The address that the code was sent to",
            "refresh_token": "The refresh token; it is replaced at each use",
            "device_code": "The device code (RFC 8628)",
            **_PROOF,
        },
    ),
    "revokeToken": ("RevocationRequest", _HINTED),
    "introspectToken": ("IntrospectionRequest", _HINTED),
    "authorizeDevice": (
        "DeviceAuthorizationRequest",
        {"client_id": "The app", "scope": "Scopes separated by spaces", **_PROOF},
    ),
}
"""Operation → name of its form and the form's fields; the first is required."""
HEADERS: dict[str, dict[str, str]] = {
    "createUpload": {
        "Tus-Resumable": "Always `1.0.0`",
        "Upload-Length": "Bytes of the whole file",
        "Upload-Metadata": "`filename` and `filetype`, each with its value in base64",
        "Upload-Checksum": "`sha256` and the digest of this body in base64",
    },
    "appendUpload": {
        "Tus-Resumable": "Always `1.0.0`",
        "Upload-Offset": "Bytes that the server already has",
        "Upload-Checksum": "`sha256` and the digest of this body in base64",
    },
    "getUpload": {"Tus-Resumable": "Always `1.0.0`"},
    "removeUpload": {"Tus-Resumable": "Always `1.0.0`"},
    "getMedia": {"Range": "One range of bytes", "If-Range": "An ETag"},
    "getAssetContent": {"Range": "One range of bytes", "If-Range": "An ETag"},
}
"""Request headers that a handler reads itself."""
NEEDED_HEADERS = {"Tus-Resumable", "Upload-Length", "Upload-Offset"}
