"""The first page: what the one who signed in may see."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fleet_server.auth.permissions import VENUE_ROLES, Permission
from fleet_server.reports import venue_list
from fleet_server.web.access import caller, me, permission
from fleet_server.web.language import say
from fleet_server.web.paging import Shown
from fleet_server.web.role_words import ROLES
from fleet_server.web.site import site

pages = Blueprint("start", __name__)


@pages.get("/")
@permission(Permission.START)
def page() -> str | Response:
    """The venues one may see, by name; `q` looks for some, `offset` goes on.

    Whoever runs a single venue is led to its day.
    """
    asking, text = caller(), request.args.get("q", "").strip()[:200]
    shown = Shown.of(request.args, venue_list.PAGE)
    sees_venues = asking.may(Permission.VENUE_LOG)
    venues = []
    if sees_venues:
        with site().engine.connect() as connection:
            venues = venue_list.listed(
                connection,
                asking.reaches(),
                text=text,
                offset=shown.offset,
                limit=shown.size + 1,
            )
    if asking.role in VENUE_ROLES and len(asking.venues) == len(venues) == 1:
        return redirect(url_for("venue_overview.page", venue=venues[0].ref), 303)
    kept, end = {"q": text or None}, shown.offset + len(venues)
    return render_template(
        "start.html",
        name=me().shown_name,
        role=say(*ROLES[asking.role]),
        venues=venues[: shown.size],
        text=text,
        newer=shown.newer("start.page", **kept),
        older=shown.older("start.page", end, **kept),
        sees_venues=sees_venues,
        traces=asking.may(Permission.CASES),
    )
