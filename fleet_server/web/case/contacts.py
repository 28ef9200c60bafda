"""Contacts of a case: who, how close, what became of each, and why each is on the list."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from fleet_server.auth.permissions import Permission
from fleet_server.cases import roster
from fleet_server.cases.contact_list import Filter
from fleet_server.cases.states import WORDS
from fleet_server.errors import NotKnown
from fleet_server.tracing.exposure import TIERS
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take
from fleet_server.web.language import say
from fleet_server.web.paging import Shown

HERE: Final = "case_contacts.page"
PAGE: Final = 50
ROLES: Final = ("F1", "F2")
ENDS: Final = {
    "exit_scan": ("quét khi ra", "scanned out"),
    "next_scan": ("lần quét sau", "next scan"),
    "venue_closed": ("giờ đóng cửa", "closing time"),
    "dwell_default": ("thời gian ở thường lệ", "usual length of stay"),
    "by_hand": ("lời kể", "as told"),
}
"""What says when a stay ended."""

pages = Blueprint("case_contacts", __name__)


@pages.get("/cases/<case>/contacts")
@permission(Permission.CASES)
def page(case: str) -> str:
    """`role`, `state`, `tier` and `area` narrow; `offset` goes on."""
    which = Filter(*(request.args.get(name) or None for name in Filter._fields))
    work = desk()
    shown = Shown.of(request.args, PAGE)
    found = work.listing(case, which, offset=shown.offset, limit=PAGE)
    kept = {"case": case} | {name: value for name, value in which._asdict().items() if value}
    return frame.show(
        "case_contacts.html",
        work.show(case),
        HERE,
        contacts=found.contacts,
        total=found.total,
        everybody=found.everybody,
        which=which,
        roles=ROLES,
        tiers=TIERS,
        areas=[
            (each.code, f"{each.name or each.code} ({each.everybody})")
            for each in sorted(found.communes)
            if each.code
        ],
        newer=shown.newer(HERE, **kept),
        older=shown.older(HERE, found.total, **kept),
    )


@pages.get("/cases/<case>/contacts/<person>")
@permission(Permission.CASES)
def contact(case: str, person: str) -> str | Response:
    """Of somebody who is an index person by now, their page."""
    try:
        return _one(case, person)
    except NotKnown:
        member = desk().people(case).get(person.strip().upper())
        if member is None or member.role != roster.F0:
            raise
        return redirect(url_for("case_people.page", case=case), 303)


@pages.post("/cases/<case>/contacts/<person>/call")
@permission(Permission.CASES)
def call(case: str, person: str) -> Answer:
    reachable = given.text("reachable") == "yes"
    return _do(
        case,
        person,
        "call",
        lambda: desk().call(case, person, reachable=reachable, words=given.text("words")),
    )


@pages.post("/cases/<case>/contacts/<person>/decide")
@permission(Permission.CASES)
def decide(case: str, person: str) -> Answer:
    return _do(
        case,
        person,
        "decide",
        lambda: desk().decide(
            case,
            person,
            given.text("state"),
            words=given.text("words"),
            area=given.text("area") or None,
        ),
    )


@pages.post("/cases/<case>/contacts/<person>/area")
@permission(Permission.CASES)
def set_area(case: str, person: str) -> Answer:
    return _do(case, person, "area", lambda: desk().set_area(case, person, given.text("area")))


@pages.post("/cases/<case>/contacts/<person>/note")
@permission(Permission.CASES)
def note(case: str, person: str) -> Answer:
    return _do(case, person, "note", lambda: desk().say(case, given.text("words"), person=person))


def _do(case: str, person: str, form: str, do: Callable[[], Any]) -> Answer:
    return take(
        do,
        done=("Đã ghi", "Written down"),
        to=url_for("case_contacts.contact", case=case, person=person),
        again=lambda problem: _one(case, person, problem=problem, at=form),
    )


def _one(ref: str, person: str, *, problem: str = "", at: str = "") -> str:
    work = desk()
    found, exposures = work.contact(ref, person)
    return frame.show(
        "case_contact.html",
        work.show(ref),
        HERE,
        contact=found,
        exposures=exposures,
        events=work.events(ref, person=found.ref)[::-1],
        choices=[(state, say(*words)) for state, words in WORDS.items()],
        ends=ENDS,
        problem=problem,
        at=at,
        form=request.form,
    )
