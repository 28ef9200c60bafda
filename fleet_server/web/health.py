"""Whether this server is alive, for whoever watches over it."""

from flask import Blueprint
from sqlalchemy import text
from werkzeug.wrappers import Response

from fleet_server.web.access import public
from fleet_server.web.site import site

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public("a watchdog carries no token; it says only that the database answers")
def page() -> Response:
    with site().engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return Response('{"ok":true}\n', content_type="application/json")
