"""OAuth scopes: what an app may do, and the most that each role may be given."""

from domain.identity.member import Role

SCOPE_TEXT: dict[str, tuple[str, str]] = {
    "content:read": ("Đọc và tải nội dung", "Read and download content"),
    "content:write": ("Soạn và sửa bản nháp, tải tệp lên", "Write drafts and upload files"),
    "content:review": ("Duyệt hoặc trả lại bản nháp", "Approve or return drafts"),
    "content:publish": ("Phát hành, đính chính, gỡ nội dung", "Publish, correct and take down content"),
    "channels:manage": ("Quản lý kênh", "Manage channels"),
    "partners:manage": ("Quản lý đơn vị, thành viên, ứng dụng", "Manage organizations, members and apps"),
    "calendar:read": ("Xem lịch", "See calendars"),
    "calendar:write": ("Sửa lịch", "Change calendars"),
    "placements:write": ("Báo nơi đã đăng, phát", "Report where content appeared"),
    "reports:submit": ("Gửi phản ánh", "Send reports"),
    "reports:triage": ("Xử lý phản ánh", "Handle reports"),
    "webhooks:manage": ("Quản lý webhook", "Manage webhooks"),
    "progress:read": ("Xem tiến độ", "See progress"),
    "progress:write": ("Báo cáo tiến độ", "Report progress"),
    "audit:read": ("Xem nhật ký", "Read the audit trail"),
}
SCOPES = list(SCOPE_TEXT)

ROLE_SCOPES: dict[Role, frozenset[str]] = {
    "coordinator": frozenset(SCOPES),
    "editor": frozenset({"content:read", "content:write", "calendar:read"}),
    "approver": frozenset({"content:read", "content:review"}),
    "outlet_manager": frozenset(
        {
            "content:read",
            "calendar:read",
            "calendar:write",
            "placements:write",
            "progress:write",
            "webhooks:manage",
        }
    ),
    "triager": frozenset({"reports:triage", "content:write"}),
    "collaborator": frozenset({"reports:submit", "content:read", "calendar:read"}),
    "auditor": frozenset({"audit:read", "progress:read", "content:read"}),
}
"""The most a role may be given; a token asks for a part of it."""


def scopes_of(roles: tuple[Role, ...] | frozenset[Role]) -> frozenset[str]:
    """Every scope that these roles together may be given."""
    return frozenset().union(*(ROLE_SCOPES[role] for role in roles))
