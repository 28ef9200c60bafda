"""Who has which role where, and what each role may."""

from typing import Final

from flask import Blueprint, render_template, request

from fleet_server.auth import administration
from fleet_server.auth.permissions import GRANTS, SECOND_FACTOR_ROLES, Permission, Role
from fleet_server.web import paging
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.role_words import PERMISSIONS, ROLES
from fleet_server.web.site import site

PAGE: Final = 100
"""Areas listed at once."""

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
                [say(*PERMISSIONS[each]) for each in Permission if each in GRANTS[role]],
                role in SECOND_FACTOR_ROLES,
            )
            for role in Role
        ],
    )
