"""Index persons of a case: found by a number as the laboratory reads it out, linked, added.

A number comes in a form only and goes into no address; the vault puts the search on record
without it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases.acting import BadWords
from fleet_server.errors import FleetError
from fleet_server.web import errors
from fleet_server.web.access import permission
from fleet_server.web.case import frame, given
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take, words_of
from fleet_server.web.language import say

HERE: Final = "case_people.page"
KINDS: Final = {
    "document": ("Căn cước, CMND, QID", "Identity document"),
    "insurance": ("Thẻ bảo hiểm y tế, cũ hay mới", "Health insurance, old or new"),
    "phone": ("Số điện thoại", "Telephone"),
}
MOST_FOUND: Final = 20
"""References carried from one search to the next."""

pages = Blueprint("case_people", __name__)


@pages.get("/cases/<case>/people")
@permission(Permission.CASES)
def page(case: str) -> str:
    return _page(case)


@pages.post("/cases/<case>/find")
@permission(Permission.CASES, costly=True)
def find(case: str) -> Answer:
    """Shows who was found, on the page that answers; what was found before stays on it."""
    before = _found()
    kind, number = given.text("kind"), given.text("number")
    try:
        if kind not in KINDS or not number:
            raise BadWords("Cần loại số và số / expected a kind of number, and the number")
        found = desk().find(case, kind, number, given.text("purpose"))
    except FleetError as problem:
        again = _page(case, problem=words_of(problem), at="find", found=before)
        return again, errors.status_of(problem)
    return _page(case, found=list(dict.fromkeys([*before, *found])), missed=not found), 200


@pages.post("/cases/<case>/index")
@permission(Permission.CASES)
def add(case: str) -> Answer:
    return _do(
        case,
        "add",
        lambda: desk().add_index(case, given.text("visitor"), given.text("reason")),
        ("Đã thêm F0", "The index person is added"),
    )


@pages.post("/cases/<case>/index/<person>/remove")
@permission(Permission.CASES)
def remove(case: str, person: str) -> Answer:
    return _do(
        case,
        "remove",
        lambda: desk().remove_index(case, person, given.text("reason")),
        ("Đã đưa ra khỏi ca", "Taken out of the case"),
    )


@pages.post("/cases/<case>/links")
@permission(Permission.CASES)
def link(case: str) -> Answer:
    """Shows the one person both are now, to be added."""
    try:
        _, person = desk().link(
            case, given.text("first"), given.text("second"), given.text("reason")
        )
    except FleetError as problem:
        again = _page(case, problem=words_of(problem), at="link", found=_found())
        return again, errors.status_of(problem)
    done = say("Đã ghép: hai thẻ là một người", "Linked: both cards are one person's")
    return _page(case, found=[f"P{person}"], done=done), 200


@pages.post("/cases/<case>/links/<int:number>/undo")
@permission(Permission.CASES)
def unlink(case: str, number: int) -> Answer:
    return _do(
        case,
        "unlink",
        lambda: desk().unlink(case, number, given.text("reason")),
        ("Đã tách ra", "The link is undone"),
    )


def _do(case: str, form: str, do: Callable[[], Any], done: tuple[str, str]) -> Answer:
    return take(
        do,
        done=done,
        to=url_for(HERE, case=case),
        again=lambda problem: _page(case, problem=problem, at=form, found=_found()),
    )


def _found() -> list[str]:
    """What searches before this one found."""
    return request.form.getlist("found")[:MOST_FOUND]


def _page(
    ref: str,
    *,
    problem: str = "",
    at: str = "",
    found: Sequence[str] = (),
    missed: bool = False,
    done: str = "",
) -> str:
    work = desk()
    return frame.show(
        "case_people.html",
        work.show(ref),
        HERE,
        links=work.links(ref),
        kinds=KINDS,
        found=found,
        missed=missed,
        done=done,
        problem=problem,
        at=at,
        form=request.form,
    )
