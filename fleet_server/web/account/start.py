"""The first page: what the one who signed in may see."""

from flask import Blueprint, render_template
from sqlalchemy import select

from fleet_server.auth.permissions import Permission, Role
from fleet_server.models import Venue
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.site import site

pages = Blueprint("start", __name__)

MOST = 200
"""Venues listed at once."""

ROLES = {
    Role.VENUE_MANAGER: ("Quản lý địa điểm", "Venue manager"),
    Role.TRACER: ("Nhân viên truy vết", "Contact tracer"),
    Role.FLEET_OPERATOR: ("Vận hành trạm", "Fleet operator"),
    Role.ADMINISTRATOR: ("Quản trị", "Administrator"),
    Role.AUDITOR: ("Kiểm tra", "Auditor"),
}


@pages.get("/")
@permission(Permission.START)
def page() -> str:
    me = caller()
    statement = select(Venue.ref, Venue.name).order_by(Venue.name, Venue.ref).limit(MOST + 1)
    if me.venue_id is not None:
        statement = statement.where(Venue.id == me.venue_id)
    venues = []
    if me.may(Permission.VENUE_LOG):
        with site().engine.connect() as connection:
            venues = [tuple(row) for row in connection.execute(statement)]
    return render_template(
        "start.html",
        me=me,
        role=say(*ROLES[me.role]),
        venues=venues[:MOST],
        more=len(venues) > MOST,
        sees_venues=me.may(Permission.VENUE_LOG),
        traces=me.may(Permission.TRACE),
    )
