"""Who may have infected whom: F0, F1 and F2 as a drawing, and as a table that says the same."""

from typing import Final

from flask import Blueprint, request, url_for

from fleet_server.auth.permissions import Permission
from fleet_server.tracing.exposure import TIERS
from fleet_server.web.access import permission
from fleet_server.web.case import drawings, frame, grouping
from fleet_server.web.case.grouping import PERSON, PLACE, REST, SEVERAL, TIER, Group
from fleet_server.web.casework import desk
from fleet_server.web.language import say

HERE: Final = "case_spread.page"
MOST: Final = 16
"""Nodes in one ring."""
FEW: Final = 24
"""So many contacts are drawn one by one unless something else is asked for."""
LABEL: Final = 13
"""Characters of a label."""
BY: Final = {
    PERSON: ("từng người", "person"),
    PLACE: ("nơi gặp", "place"),
    TIER: ("mức", "tier"),
}

pages = Blueprint("case_spread", __name__)


@pages.get("/cases/<case>/spread")
@permission(Permission.CASES)
def page(case: str) -> str:
    """`by` groups; `place` and `tier` narrow."""
    work = desk()
    spread = work.spread(case)
    place, tier = request.args.get("place", ""), request.args.get("tier", "")
    contacts = {each.contact for each in spread.passings}
    by = request.args.get("by", "")
    if by not in BY:
        by = PERSON if len(contacts) <= FEW or place or tier else PLACE
    found = grouping.grouped(spread, by, most=MOST, place=place, tier=tier)
    chart = drawings.graph(
        [[group.key for group in ring] for ring in found.rings],
        [
            (
                each.source.key,
                each.target.key,
                each.tier,
                f"{label(each.source)} → {label(each.target)}: {each.tier}, {each.people}",
            )
            for each in found.between
        ],
    )
    return frame.show(
        "case_spread.html",
        work.show(case),
        HERE,
        chart=chart,
        found=found,
        groups={group.key: group for ring in found.rings for group in ring},
        label=label,
        short=lambda group: _short(label(group)),
        address=lambda group: address(case, group, by),
        by=by,
        ways=BY,
        tiers=TIERS,
        tier=tier,
        place=place,
        places=sorted({each for passing in spread.passings for each in passing.places}),
        without=sum(role != "F0" for role in spread.roles.values()) - len(contacts),
    )


def label(group: Group) -> str:
    """What a group is called in words."""
    words = {REST: say("người khác", "others"), SEVERAL: say("nhiều nơi", "several places")}
    return words.get(group.name, group.name)


def address(case: str, group: Group, by: str) -> str:
    """The page that tells more of a group."""
    role = f"F{group.ring}"
    if group.ring == 0:
        return url_for("case_people.page", case=case)
    if by == TIER and group.name in TIERS:
        return url_for("case_contacts.page", case=case, role=role, tier=group.name)
    if group.name in (REST, SEVERAL) or (by == PLACE and group.ring > 1):
        return url_for("case_contacts.page", case=case, role=role)
    if by == PLACE:
        return url_for(HERE, case=case, by=PERSON, place=group.name)
    return url_for("case_contacts.contact", case=case, person=group.name)


def _short(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"
