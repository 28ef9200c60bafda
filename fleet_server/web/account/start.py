"""The first page: what the one who signed in may see."""

from flask import Blueprint, render_template
from sqlalchemy import select

from fleet_server.auth.permissions import Permission, Role
from fleet_server.models import Venue
from fleet_server.web.access import caller, me, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

pages = Blueprint("start", __name__)

MOST = 200
"""Venues listed at once."""

ROLES = {
    Role.VISITOR_DESK: ("Quầy khách", "Visitor desk"),
    Role.VENUE_MANAGER: ("Quản lý địa điểm", "Venue manager"),
    Role.TRACER: ("Nhân viên truy vết", "Contact tracer"),
    Role.TRACING_SUPERVISOR: ("Giám sát truy vết", "Tracing supervisor"),
    Role.FLEET_OPERATOR: ("Vận hành trạm", "Fleet operator"),
    Role.ADMINISTRATOR: ("Quản trị", "Administrator"),
    Role.AUDITOR: ("Kiểm tra", "Auditor"),
}


@pages.get("/")
@permission(Permission.START)
def page() -> str:
    asking = caller()
    statement = (
        select(Venue.ref, Venue.name)
        .where(asking.reaches())
        .order_by(Venue.name, Venue.ref)
        .limit(MOST + 1)
    )
    venues = []
    if asking.may(Permission.VENUE_LOG):
        with site().engine.connect() as connection:
            venues = [tuple(row) for row in connection.execute(statement)]
    return render_template(
        "start.html",
        name=me().shown_name,
        role=say(*ROLES[asking.role]),
        venues=venues[:MOST],
        more=len(venues) > MOST,
        sees_venues=asking.may(Permission.VENUE_LOG),
        traces=asking.may(Permission.TRACE),
    )
