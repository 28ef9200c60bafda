"""Who has which role where, and what each role may."""

from typing import Final

from flask import Blueprint, render_template, request

from fleet_server.auth import administration
from fleet_server.auth.permissions import GRANTS, SECOND_FACTOR_ROLES, Permission, Role
from fleet_server.web import paging
from fleet_server.web.access import caller, permission
from fleet_server.web.account.start import ROLES
from fleet_server.web.language import say
from fleet_server.web.site import site

PAGE: Final = 100
"""Areas listed at once."""
WORDS: Final = {
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

pages = Blueprint("admin_roles", __name__)


@pages.get("/admin/roles")
@permission(Permission.ADMIN)
def page() -> str:
    shown = paging.Shown.of(request.args, PAGE)
    with site().engine.connect() as connection:
        found = administration.reaches(connection, caller())
    return render_template(
        "admin_roles.html",
        found=shown.some(found),
        newer=shown.newer("admin_roles.page"),
        older=shown.older("admin_roles.page", len(found)),
        roles=[(role.value, say(*ROLES[role])) for role in Role],
        grants=[
            (
                say(*ROLES[role]),
                [say(*WORDS[each]) for each in Permission if each in GRANTS[role]],
                role in SECOND_FACTOR_ROLES,
            )
            for role in Role
        ],
    )
