"""Questions about who was where, over HTTP. The same as `fleet trace …`, and as much on record."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import msgspec
from flask import Blueprint

from fleet_server.api.case_desk import cut
from fleet_server.api.operations import PREFIX, Operation, route
from fleet_server.api.tracing_queries import (
    AboutVisitor,
    ChangesQuery,
    CommonQuery,
    ContactsQuery,
    OccupancyQuery,
    PresentQuery,
    Question,
    RulesQuery,
    SecondaryQuery,
    StaysQuery,
    WhyQuery,
)
from fleet_server.auth.permissions import Permission
from fleet_server.cases.acting import hold_to_area
from fleet_server.times import iso, parse
from fleet_server.tracing import asking, rulebook
from fleet_server.tracing.answers import (
    ChangesAnswer,
    CommonAnswer,
    ContactsAnswer,
    CountsAnswer,
    OccupancyAnswer,
    PresentAnswer,
    SecondaryAnswer,
    StaysAnswer,
    Time,
    WhyAnswer,
)
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.rules import Terms
from fleet_server.web.access import caller
from fleet_server.web.casework import actor
from fleet_server.web.site import site

Paged: TypeAlias = ContactsQuery | StaysQuery | SecondaryQuery | PresentQuery | CommonQuery
P = TypeVar("P", bound=msgspec.Struct)

pages = Blueprint("api_v1_tracing", __name__, url_prefix=PREFIX)
OPERATIONS: list[Operation] = []


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the rules of exposure."""

    version: str
    made_at: Time
    terms: Terms


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first; the very last is in force."""

    rules: list[RuleVersion]
    more: bool


class ContactsPage(ContactsAnswer, frozen=True, kw_only=True):
    """Who was exposed to `visitor`, ranked: all of them, or a stretch."""

    more: bool


class StaysPage(StaysAnswer, frozen=True, kw_only=True):
    """Where a person was: all stays, or a stretch."""

    more: bool


class SecondaryPage(SecondaryAnswer, frozen=True, kw_only=True):
    """F2, contacts of contacts after these were exposed: a stretch of them."""

    more: bool


class PresentPage(PresentAnswer, frozen=True, kw_only=True):
    """Who was at a place in a window, as contacts of it: all of them, or a stretch."""

    more: bool


class CommonPage(CommonAnswer, frozen=True, kw_only=True):
    """Places that persons share, the least likely by chance first: all, or a stretch."""

    more: bool


@route(
    pages,
    OPERATIONS,
    path="/trace/contacts",
    permission=Permission.TRACE,
    summary="Who was exposed to a person, ranked, with the answer's gaps",
)
def contacts(query: ContactsQuery) -> ContactsPage:
    """By tier, then expected, certain and possible seconds. Every question goes on record."""
    wanted = _wanted(query, query.stay, _reaching(query))
    found = _desk(query).contacts(query.visitor, wanted)
    return _stretch(ContactsPage, found, "contacts", query)


@route(
    pages,
    OPERATIONS,
    path="/trace/counts",
    permission=Permission.TRACE,
    summary="How many contacts there are in each tier, before any is listed",
)
def counts(query: AboutVisitor) -> CountsAnswer:
    """Ask with a wider window to see what it would bring."""
    wanted = _wanted(query, query.stay)
    return _desk(query).counts(query.visitor, wanted)


@route(
    pages,
    OPERATIONS,
    path="/trace/changes",
    permission=Permission.TRACE,
    summary="What is answered otherwise than at an earlier time",
)
def changes(query: ChangesQuery) -> ChangesAnswer:
    """Kiosks that were offline deliver late: ask again what was asked before."""
    before_ms = 1000 * parse(query.before, site().settings.zone)
    wanted = _wanted(query, query.stay)
    return _desk(query).changes(query.visitor, wanted, before_ms)


@route(
    pages,
    OPERATIONS,
    path="/trace/why",
    permission=Permission.TRACE,
    summary="Why a person is on another's list: stays that overlapped, and the scans behind them",
)
def why(query: WhyQuery) -> WhyAnswer:
    """`contact` is null where the person is not on the list."""
    wanted = _wanted(query, query.stay)
    return _desk(query).why(query.visitor, query.other, wanted)


@route(
    pages,
    OPERATIONS,
    path="/trace/stays",
    permission=Permission.TRACE,
    summary="Where a person was, with bounds and evidence",
)
def stays(query: StaysQuery) -> StaysPage:
    """Every stay that reaches into the window by any of its bounds, earliest first."""
    found = _desk(query).stays(query.visitor, _wanted(query))
    return _stretch(StaysPage, found, "stays", query)


@route(
    pages,
    OPERATIONS,
    path="/trace/secondary",
    permission=Permission.TRACE,
    summary="F2: whom the first F1 met after they were exposed, closest link first",
)
def secondary(query: SecondaryQuery) -> SecondaryPage:
    """Always capped; `total` says how many there are."""
    wanted = _wanted(query, query.stay, _reaching(query))
    found = _desk(query).secondary(query.visitor, wanted, latency_min=query.latency, top=query.top)
    return _stretch(SecondaryPage, found, "contacts", query)


@route(
    pages,
    OPERATIONS,
    path="/trace/present",
    permission=Permission.TRACE,
    summary="Who was at a venue, ranked as its contacts",
)
def present(query: PresentQuery) -> PresentPage:
    """As if somebody had been there all the window."""
    found = _desk(query).present(query.venue, _wanted(query, limit=_reaching(query)))
    return _stretch(PresentPage, found, "present", query)


@route(
    pages,
    OPERATIONS,
    path="/trace/common",
    permission=Permission.TRACE,
    summary="Places that persons share, the least likely by chance first",
)
def common(query: CommonQuery) -> CommonPage:
    """Two persons or more, not necessarily there together."""
    wanted = _wanted(query, limit=_reaching(query))
    found = _desk(query).common(asking.separate(query.visitors), wanted)
    return _stretch(CommonPage, found, "places", query)


@route(
    pages,
    OPERATIONS,
    path="/trace/occupancy",
    permission=Permission.TRACE,
    summary="How full a venue was over time, as a range",
)
def occupancy(query: OccupancyQuery) -> OccupancyAnswer:
    """With the share of exits that were measured."""
    return _desk(query).occupancy(query.venue, _wanted(query), query.step)


@route(
    pages,
    OPERATIONS,
    path="/rules",
    permission=Permission.TRACE,
    summary="The versions of the rules of exposure",
)
def rules(query: RulesQuery) -> Rules:
    """Never changed once written."""
    with site().engine.connect() as connection:
        listed = rulebook.listed(connection)
    shown, more = cut(listed, offset=query.offset, limit=query.limit)
    return Rules(
        rules=[
            RuleVersion(version=each.version, made_at=iso(each.made_at), terms=each.terms)
            for each in shown
        ],
        more=more,
    )


def _reaching(query: Paged) -> int | None:
    """So many from the top show whether more follow the stretch."""
    return None if query.limit is None else query.offset + query.limit + 1


def _stretch(kind: type[P], found: msgspec.Struct, name: str, query: Paged) -> P:
    """The answer with the stretch of its list `name` that was asked for."""
    told = {each: getattr(found, each) for each in found.__struct_fields__}
    limit = len(told[name]) if query.limit is None else query.limit
    told[name], more = cut(told[name], offset=query.offset, limit=limit)
    return kind(**told, more=more)


def _wanted(query: Question, by_hand: Sequence[str] = (), limit: int | None = None) -> Wanted:
    zone = site().settings.zone

    def at(text: str | None) -> int | None:
        return None if text is None else parse(text, zone)

    as_of = at(query.as_of)
    since, until = asking.window(
        site().engine,
        since=at(query.since),
        until=at(query.until),
        onset=at(query.onset),
        isolated=at(query.isolated),
        version=query.rule,
        now=site().now(),
        to_source=isinstance(query, CommonQuery),
    )
    return Wanted(
        since,
        until,
        min_overlap_min=query.min_overlap,
        linger_min=query.linger,
        dwell_min=query.dwell,
        version=query.rule,
        known_ms=None if as_of is None else as_of * 1000,
        by_hand=by_hand,
        zone=zone,
        limit=limit,
    )


def _desk(query: Question) -> Desk:
    now_ms = int(site().clock() * 1000)
    hold_to_area(site().engine, query.case, actor(), now_ms=now_ms)
    return Desk(site().engine, Asker(caller().name, query.case, query.purpose), now_ms)
