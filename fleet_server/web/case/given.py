"""What somebody entered on a case's page."""

from flask import request

from fleet_server.times import parse
from fleet_server.web.site import site


def text(name: str) -> str:
    """A form's words without spaces around them; empty where there are none."""
    return request.form.get(name, "").strip()


def number(name: str) -> int | None:
    """A form's number; None where there is none that a database could hold."""
    entered = text(name)
    return int(entered) if entered.isdecimal() and len(entered) < 19 else None


def time(name: str) -> int | None:
    """Seconds UTC of a form's local time; None where it is empty. Raises BadTime."""
    entered = text(name)
    return parse(entered, site().settings.zone) if entered else None
