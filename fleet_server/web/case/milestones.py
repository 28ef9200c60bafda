"""Where the index persons of a case were: on a timeline, confirmed, corrected and added by hand."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.cases import milestones
from fleet_server.cases.acting import BadWords
from fleet_server.cases.results import MilestoneSeen
from fleet_server.times import day_bounds, local, parse
from fleet_server.tracing.handmade import CLOSING, ELSEWHERE
from fleet_server.web.access import permission
from fleet_server.web.case import drawings, frame, given
from fleet_server.web.case.drawings import Stay, Timeline
from fleet_server.web.casework import desk
from fleet_server.web.forms import Answer, take
from fleet_server.web.site import site

HERE: Final = "case_milestones.page"
STATES: Final = {
    milestones.PROPOSED: ("chưa hỏi lại", "to be confirmed", "warn"),
    milestones.CONFIRMED: ("đã xác nhận", "confirmed", "good"),
    milestones.REJECTED: ("bác bỏ", "rejected", ""),
    milestones.REPLACED: ("đã thay", "replaced", ""),
}
_UTC: Final = ZoneInfo("UTC")

pages = Blueprint("case_milestones", __name__)


@pages.get("/cases/<case>/milestones")
@permission(Permission.CASES)
def page(case: str) -> str:
    """`all=1`: those that others stand in place of, too."""
    return _page(case)


@pages.post("/cases/<case>/milestones")
@permission(Permission.CASES)
def add(case: str) -> Answer:
    """By hand, or in the place of number `instead`."""
    instead = given.text("instead")

    def do() -> None:
        text, note = _stay(), given.text("note")
        if instead.isdecimal():
            desk().correct_milestone(case, int(instead), text, note)
        else:
            desk().add_milestone(case, given.text("person"), text, note)

    return _do(case, "add", do, ("Đã ghi mốc", "The milestone is written down"))


@pages.post("/cases/<case>/milestones/<int:number>/decide")
@permission(Permission.CASES)
def decide(case: str, number: int) -> Answer:
    state = given.text("state")

    def do() -> None:
        if state not in (milestones.CONFIRMED, milestones.REJECTED):
            raise BadWords(f"state {state[:20]!r}: expected confirmed or rejected")
        desk().decide_milestone(case, number, state, given.text("note"))

    return _do(case, "decide", do, ("Đã ghi", "Written down"))


def _stay() -> str:
    """The stay that was entered, as it is typed elsewhere (`tracing.handmade`)."""
    venue, words = given.text("venue"), given.text("words")
    place = venue if venue else f"{ELSEWHERE}{words}" if words else ""
    end = CLOSING if "closing" in request.form else given.text("until")
    return f"{place},{given.text('since')},{end}"


def _do(case: str, form: str, do: Callable[[], Any], done: tuple[str, str]) -> Answer:
    return take(
        do,
        done=done,
        to=url_for(HERE, case=case),
        again=lambda problem: _page(case, problem=problem, at=form),
    )


def _page(ref: str, *, problem: str = "", at: str = "") -> str:
    work, everything = desk(), request.args.get("all") == "1"
    found = work.milestones(ref, all_of_them=everything)
    zone = site().settings.zone
    edited = request.args.get("edit", "")
    return frame.show(
        "case_milestones.html",
        work.show(ref),
        HERE,
        stays=found,
        everything=everything,
        chart=drawn(found, zone) if found else None,
        states=STATES,
        edited=next((each for each in found if str(each.id) == edited), None),
        clock=lambda text: local(parse(text, _UTC), zone).strftime("%Y-%m-%dT%H:%M"),
        problem=problem,
        at=at,
        form=request.form,
    )


def drawn(found: Sequence[MilestoneSeen], zone: ZoneInfo) -> Timeline:
    """A row for each person and place, from the first midnight to the last."""
    rows: dict[str, list[Stay]] = {}
    several = len({each.person for each in found}) > 1
    for each in found:
        if each.state == milestones.REPLACED:
            continue
        label = f"{each.person} · {each.place}" if several else each.place
        begun, ended = _at(each.start_latest), _at(each.end_earliest)
        rows.setdefault(label, []).append(
            Stay(
                f"{local(_at(each.start), zone):%d/%m %H:%M}–{local(_at(each.end), zone):%H:%M}",
                (_at(each.start_earliest), _at(each.end_latest)),
                (begun, max(begun, ended)),
                each.state,
            )
        )
    first = min(_at(each.start_earliest) for each in found)
    last = max(_at(each.end_latest) for each in found)
    day = local(first, zone).date()
    ticks = []
    while (at := day_bounds(day, zone)[0]) < last:
        ticks.append((at, f"{day:%d/%m}"))
        day += dt.timedelta(days=1)
    return drawings.timeline(rows.items(), since=ticks[0][0], until=at, ticks=ticks)


def _at(text: str) -> int:
    return parse(text, _UTC)
