"""Roles and permissions in the reader's words: Vietnamese, English."""

from typing import Final

from fleet_server.auth.permissions import Permission, Role

ROLES: Final = {
    Role.VISITOR_DESK: ("Quầy khách", "Visitor desk"),
    Role.VENUE_MANAGER: ("Quản lý địa điểm", "Venue manager"),
    Role.TRACER: ("Nhân viên truy vết", "Contact tracer"),
    Role.TRACING_SUPERVISOR: ("Giám sát truy vết", "Tracing supervisor"),
    Role.FLEET_OPERATOR: ("Vận hành trạm", "Fleet operator"),
    Role.ADMINISTRATOR: ("Quản trị", "Administrator"),
    Role.AUDITOR: ("Kiểm tra", "Auditor"),
}

PERMISSIONS: Final = {
    Permission.START: ("trang đầu và tài khoản của mình", "the first page, their own account"),
    Permission.VENUE_LOG: (
        "xem nhật ký địa điểm, tên đã che",
        "see a venue's log, with masked names",
    ),
    Permission.VENUE_EXPORT: ("tải nhật ký địa điểm", "take a venue's log away"),
    Permission.VENUE_MANAGE: (
        "đổi giờ mở cửa, loại, cửa, phòng của địa điểm",
        "change a venue's hours, kind, gates and rooms",
    ),
    Permission.VENUE_STAFF: ("nói ai làm việc ở địa điểm", "say who works at a venue"),
    Permission.DESK: ("cấp và khóa thẻ", "issue and revoke cards"),
    Permission.RIGHTS: (
        "nhận và trả lời yêu cầu về dữ liệu",
        "take and answer requests about people's own data",
    ),
    Permission.TRACE: ("hỏi ai đã phơi nhiễm", "ask who was exposed"),
    Permission.CASES: ("làm việc với ca bệnh, mở tên", "work on cases, open names"),
    Permission.CASES_DECIDE: (
        "là người thứ hai: xác nhận, duyệt, xem xét",
        "be the second person: confirm, approve, review",
    ),
    Permission.FLEET: ("xem các trạm", "see the kiosks"),
    Permission.COVERAGE: ("xem báo cáo bao phủ", "read the report on coverage"),
    Permission.ADMIN: (
        "quản lý người dùng, địa bàn, quy tắc",
        "change accounts, areas and rules",
    ),
    Permission.AUDIT: ("đọc nhật ký ai đã xem gì", "read the log of who looked"),
}
