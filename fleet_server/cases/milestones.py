"""Epidemiological milestones: where an index person was and when, from scans or as it was told.

What a tracer confirmed, corrected or rejected wins over what was derived. A milestone is never
changed: a correction is another one in its place.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from fleet_server.cases import roster
from fleet_server.cases.acting import Acting, line
from fleet_server.cases.roster import Member
from fleet_server.errors import Already, NotKnown, Refused
from fleet_server.models import Milestone, Venue
from fleet_server.tracing import derivation, handmade, places, search
from fleet_server.tracing.columns import expected_end
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import Asked

PROPOSED: Final = "proposed"
CONFIRMED: Final = "confirmed"
REJECTED: Final = "rejected"
REPLACED: Final = "replaced"
SCANS: Final = "scans"
BY_HAND: Final = "by_hand"

# Asked with pages of a case: built once.
_MILESTONES: Final = (
    select(Milestone.__table__)
    .where(Milestone.case_id == bindparam("case"))
    .order_by(Milestone.start_at, Milestone.id)
)
_VENUES: Final = select(Venue.id, Venue.ref, Venue.name, Venue.area_id).where(
    Venue.id.in_(bindparam("venues", expanding=True))
)

Times = tuple[int, int, int]
"""Earliest, expected, latest; seconds UTC."""


class KnownMilestone(NamedTuple):
    """One milestone as it stands."""

    id: int
    person: str
    """Reference of the index person in the case."""
    index_id: int
    venue: str
    """Its reference; empty for a place without a kiosk."""
    place: str
    """Its name, or the words it was given in."""
    area_id: int | None
    start: Times
    end: Times
    source: str
    state: str
    note: str
    made_by: str
    decided_by: str | None


def propose(connection: Connection, acting: Acting, member: Member, asked: Asked) -> int:
    """Makes milestones of the person's stays in the window that have none; how many are new.

    A stay that reads otherwise by now replaces its milestone as long as nobody confirmed it. What
    was corrected by hand is not proposed again while the correction stands.
    """
    visits = search.visits_of(connection, [member.person_id], asked.window)
    dwell_s = asked.dwells(connection, search.venues_of(visits))
    rows = [row for row, index in _rows(connection, acting.case.id) if index.id == member.id]
    known = {
        (row.venue_id, row.start_at): row
        for row in rows
        if row.source == SCANS and row.state != REPLACED
    }
    corrected = _corrected(rows)
    new = 0
    seen = set()
    for stored in visits:
        visit = stored.visit
        key = (visit.venue_id, visit.entered_at)
        if key in corrected:
            continue
        seen.add(key)
        start = (visit.entered_earliest, visit.entered_at, visit.entered_latest)
        end = (
            visit.end_earliest,
            expected_end(visit, dwell_s[visit.venue_id]),
            visit.end_latest,
        )
        before = known.get(key)
        if before is not None and (before.state != PROPOSED or _times(before) == (start, end)):
            continue
        if before is not None:
            _set(connection, before.id, acting, REPLACED)
        _add(
            connection,
            acting,
            member.id,
            venue_id=visit.venue_id,
            words="",
            start=start,
            end=end,
            source=SCANS,
            state=PROPOSED,
            replaces_id=None if before is None else before.id,
        )
        new += 1
    for key, row in known.items():
        if key not in seen and row.state == PROPOSED and _overlaps(row, asked):
            _set(connection, row.id, acting, REPLACED)
    return new


def add(
    connection: Connection,
    acting: Acting,
    person: str,
    text: str,
    *,
    zone: ZoneInfo,
    note: str = "",
) -> int:
    """A milestone as it was told, `VENUE,FROM,TO` (`tracing.handmade`), confirmed; its id."""
    member = _index(connection, acting, person)
    hand = handmade.read(text, zone, derivation.closing_of(connection))
    made = _by_hand(connection, acting, member.id, hand, note, replaces_id=None)
    acting.note(
        connection,
        "milestone_added",
        person_id=member.id,
        subject=f"P{member.person_id}",
        detail={"milestone": made},
        words=line("note", note),
    )
    return made


def correct(
    connection: Connection,
    acting: Acting,
    milestone_id: int,
    text: str,
    *,
    zone: ZoneInfo,
    note: str = "",
) -> int:
    """Puts another one in a milestone's place; its id. Raises NotKnown, BadStay."""
    before = _row(connection, acting, milestone_id)
    hand = handmade.read(text, zone, derivation.closing_of(connection))
    _set(connection, before.id, acting, REPLACED)
    made = _by_hand(connection, acting, before.index_id, hand, note, replaces_id=before.id)
    acting.note(
        connection,
        "milestone_corrected",
        person_id=before.index_id,
        detail={"milestone": made, "was": before.id},
        words=line("note", note),
    )
    return made


def decide(
    connection: Connection, acting: Acting, milestone_id: int, state: str, note: str = ""
) -> None:
    """Confirms or rejects one. Raises NotKnown, Refused."""
    if state not in (CONFIRMED, REJECTED):
        raise ValueError(f"expected {CONFIRMED} or {REJECTED}, not {state}")
    before = _row(connection, acting, milestone_id)
    _set(connection, before.id, acting, state)
    acting.note(
        connection,
        f"milestone_{state}",
        person_id=before.index_id,
        detail={"milestone": milestone_id, "was": before.state},
        words=line("note", note),
    )


def listed(
    connection: Connection, case_id: int, *, all_of_them: bool = False
) -> list[KnownMilestone]:
    """By time; without those that others stand in place of, unless all are asked for."""
    rows = _rows(connection, case_id)
    asked = {row.venue_id for row, _ in rows if row.venue_id is not None}
    venues = {row.id: row for row in connection.execute(_VENUES, {"venues": list(asked)})}
    out = []
    for row, index in rows:
        if row.state == REPLACED and not all_of_them:
            continue
        venue = venues.get(row.venue_id)
        start, end = _times(row)
        out.append(
            KnownMilestone(
                row.id,
                index.ref,
                index.id,
                "" if venue is None else venue.ref,
                row.words if venue is None else venue.name,
                None if venue is None else venue.area_id,
                start,
                end,
                row.source,
                row.state,
                row.note,
                row.made_by,
                row.decided_by,
            )
        )
    return out


def standing(connection: Connection, case_id: int, index_id: int) -> list[Handmade]:
    """What wins over an index person's derived stays.

    A confirmed stay of scans stands as it was confirmed, whatever comes in later.
    """
    out = []
    for milestone in listed(connection, case_id):
        if milestone.index_id != index_id or milestone.state == PROPOSED:
            continue
        there = milestone.state == CONFIRMED
        if not there and milestone.source == BY_HAND:
            continue
        words = "" if milestone.venue else milestone.place
        out.append(Handmade(milestone.venue, words, milestone.start, milestone.end, there))
    return out


def _by_hand(
    connection: Connection,
    acting: Acting,
    index_id: int,
    hand: Handmade,
    note: str,
    *,
    replaces_id: int | None,
) -> int:
    return _add(
        connection,
        acting,
        index_id,
        venue_id=places.resolve(connection, hand.venue) if hand.venue else None,
        words=line("place", hand.words, 200) if not hand.venue else "",
        start=hand.start,
        end=hand.end,
        source=BY_HAND,
        state=CONFIRMED,
        note=line("note", note, 500),
        replaces_id=replaces_id,
        decided_at=acting.now,
        decided_by=acting.actor.name,
    )


def _add(
    connection: Connection,
    acting: Acting,
    index_id: int,
    *,
    start: Times,
    end: Times,
    **values: object,
) -> int:
    made = connection.scalar(
        insert(Milestone)
        .values(
            case_id=acting.case.id,
            index_id=index_id,
            start_earliest=start[0],
            start_at=start[1],
            start_latest=start[2],
            end_earliest=end[0],
            end_at=end[1],
            end_latest=end[2],
            made_at=acting.now,
            made_by=acting.actor.name,
            **values,
        )
        .returning(Milestone.id)
    )
    return int(made or 0)


def _set(connection: Connection, milestone_id: int, acting: Acting, state: str) -> None:
    connection.execute(
        update(Milestone)
        .where(Milestone.id == milestone_id)
        .values(state=state, decided_at=acting.now, decided_by=acting.actor.name)
    )


def _rows(connection: Connection, case_id: int) -> list[tuple[Row[tuple[object, ...]], Member]]:
    """Each with the index person it is of today; none of those who are no index persons any more,
    whose ways are nobody's business.
    """
    rows = connection.execute(_MILESTONES, {"case": case_id}).all()
    index = roster.members_of(connection, case_id, {row.index_id for row in rows})
    return [(row, index[row.index_id]) for row in rows if index[row.index_id].role == roster.F0]


def _row(connection: Connection, acting: Acting, milestone_id: int) -> Row[tuple[object, ...]]:
    found = next((r for r, _ in _rows(connection, acting.case.id) if r.id == milestone_id), None)
    if found is None:
        raise NotKnown(f"milestone {milestone_id}: không có trong ca này / not in this case")
    if found.state == REPLACED:
        raise Already(
            f"milestone {milestone_id}: đã có mốc khác thay / another one stands in its place"
            " already"
        )
    return found


def _times(row: Row[tuple[object, ...]]) -> tuple[Times, Times]:
    return (
        (row.start_earliest, row.start_at, row.start_latest),
        (row.end_earliest, row.end_at, row.end_latest),
    )


def _corrected(rows: Sequence[Row[tuple[object, ...]]]) -> set[tuple[object, object]]:
    """Venue and start of stays that a milestone by hand stands in place of."""
    by_id = {row.id: row for row in rows}
    found = set()
    for row in rows:
        if row.source != BY_HAND or row.state != CONFIRMED:
            continue
        before = row
        while before.replaces_id is not None and before.source == BY_HAND:
            before = by_id[before.replaces_id]
        if before.source == SCANS:
            found.add((before.venue_id, before.start_at))
    return found


def _overlaps(row: Row[tuple[object, ...]], asked: Asked) -> bool:
    earliest: int = row.start_earliest
    latest: int = row.end_latest
    return earliest < asked.question.until and latest > asked.question.since


def _index(connection: Connection, acting: Acting, ref: str) -> Member:
    member = roster.find(connection, acting.case.id, ref)
    if member.role != roster.F0:
        raise Refused(f"{ref}: không phải F0 / is no index person of this case")
    return member
