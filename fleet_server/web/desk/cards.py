"""One card for the visitor who stands at the desk: issued, shown, and put on paper.

What a visitor says goes to the vault and nowhere else: it comes by POST, and no page is kept of it.
"""

import secrets
from typing import Final

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from fleet_server import keys
from fleet_server.auth.permissions import Permission
from fleet_server.fleet import card_print
from fleet_server.fleet.card_print import SHEETS, Face
from fleet_server.fleet.card_rows import identity
from fleet_server.fleet.references import Unfit, check_name
from fleet_server.identity.vault_messages import CardMade, Holder
from fleet_server.web import forms
from fleet_server.web.access import caller, permission
from fleet_server.web.site import site
from wire import card as wire_card
from wire.errors import WireError

pages = Blueprint("desk_cards", __name__)

_FIELDS: Final = ("batch", "name", "phone", "commune", "print")
_SCALE: Final = 6
"""Pixels per module: a telephone reads it off a screen."""


@pages.get("/desk")
@permission(Permission.DESK)
def page() -> str:
    return _page("")


@pages.post("/desk/cards")
@permission(Permission.DESK)
def issue() -> forms.Answer | str:
    """The form sent twice issues one card: its batch is drawn when the form is."""
    given = {name: request.form.get(name, "").strip() for name in _FIELDS}
    made: list[CardMade] = []

    def do() -> None:
        found = identity(given["name"], given["phone"], given["commune"])
        holder = Holder(name=found.name, phone=found.phone, commune=found.address)
        made.extend(site().vault.issue_cards(given["batch"], [holder], actor=caller().name))

    answer = forms.take(do, done=None, to="", again=_page)
    if not made:
        return answer
    return render_template(
        "desk_card.html",
        card=made[0],
        number=card_print.number(made[0].id),
        printed=given["name"] if given["print"] else "",
        symbol=card_print.symbol(made[0].text).svg_inline(scale=_SCALE, border=4, light="white"),
    )


@pages.post("/desk/cards/paper")
@permission(Permission.DESK, costly=True)
def paper() -> Response:
    """A card that is issued, as PDF, by the text of its code."""
    text = "".join(request.form.get("text", "").split()).upper()
    printed = request.form.get("printed", "").strip()
    sheet = request.form.get("sheet", "")
    if sheet not in SHEETS:
        raise Unfit(f"sheet: expected one of {', '.join(SHEETS)}")
    known = keys.public(site().settings.keys_dir).keyset.card_keys()
    try:
        card = wire_card.decode(text, known)
    except WireError as problem:
        raise Unfit(
            "không phải mã của thẻ / not the text of one of this fleet's cards"
        ) from problem
    face = Face(text, card_print.number(card.id), check_name("name", printed) if printed else "")
    return as_pdf(card_print.pdf([face], sheet=sheet), f"the-{face.number}")


def as_pdf(content: bytes, name: str) -> Response:
    """A file to print."""
    response = Response(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _page(problem: str) -> str:
    given = {name: request.form.get(name, "") for name in _FIELDS}
    given["batch"] = given["batch"] or secrets.token_hex(16)
    return render_template("desk_cards.html", given=given, problem=problem)
