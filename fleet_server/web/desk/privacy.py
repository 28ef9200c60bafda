"""For everybody: what is kept of a visitor, for how long, and what they may ask for."""

from flask import Blueprint, render_template

from fleet_server.privacy import clocks
from fleet_server.web.access import public
from fleet_server.web.site import site

pages = Blueprint("desk_privacy", __name__)


@pages.get("/privacy")
@public("visitors have no account, and read what is kept of them")
def page() -> str:
    return render_template(
        "privacy.html",
        kept=site().settings.privacy,
        acknowledge=clocks.ACKNOWLEDGE_WORKING_DAYS,
        answer=clocks.ANSWER_DAYS,
    )
