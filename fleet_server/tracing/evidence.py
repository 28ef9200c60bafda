"""What an answer stands on: a person's stays with their bounds, and the scans behind each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from fleet_server.database import chunks
from fleet_server.models import Credential, Kiosk, Scan
from fleet_server.times import iso
from fleet_server.tracing import handmade, places, search, storage, visitors
from fleet_server.tracing.answers import (
    HistoryAnswer,
    Meeting,
    ScanSeen,
    StaysAnswer,
    StaySeen,
    StayVersion,
    WhyAnswer,
)
from fleet_server.tracing.columns import Group, expected_end
from fleet_server.tracing.exposure import exposures
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import (
    Asked,
    as_of,
    gaps_of,
    index_stays,
    said,
    selves,
    visitor_ref,
)
from fleet_server.tracing.reach import Stay, reach
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage.rows import StoredVisit
from fleet_server.tracing.visits import DerivedVisit


class _Known(NamedTuple):
    """What stays are described with."""

    venues: Mapping[int, str]
    rooms: Mapping[int, tuple[str, str]]
    dwell_s: Mapping[int, int]
    scans: Mapping[int, ScanSeen]


def stays(connection: Connection, person_id: int, asked: Asked) -> StaysAnswer:
    """Where a person was, earliest first."""
    persons = selves(connection, person_id, asked)
    visits = search.visits_of(connection, persons, asked.window, known_ms=asked.known_ms)
    visits.sort(key=_when)
    known = _known(connection, visits, asked)
    return StaysAnswer(
        visitor=visitor_ref(connection, person_id),
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, search.venues_of(visits), asked),
        stays=[_seen(each.visit, known) for each in visits],
    )


def why(
    connection: Connection,
    person_id: int,
    other_id: int,
    asked: Asked,
    *,
    by_hand: Sequence[Handmade] = (),
) -> WhyAnswer:
    """Which stays of two persons overlapped, and what that makes the one to the other."""
    question = asked.question
    index = index_stays(connection, person_id, asked, by_hand)
    # Nobody is a contact of their own, whichever of their cards is asked about.
    others = [other_id] if other_id != person_id else []
    theirs, known, met = _met(connection, person_id, index, others, asked, by_hand=by_hand)
    reached = reach(index, question)
    by_span = [
        [each for each in theirs if each.visit.venue_id == venue] for venue in reached.venues
    ]
    groups: list[Group] = search.unsure_groups(by_span, known.dwell_s)
    exposed = exposures(reached, groups, question.rule)
    found = said(connection, exposed.at(range(len(exposed))), asked)
    return WhyAnswer(
        visitor=visitor_ref(connection, person_id),
        other=visitor_ref(connection, other_id),
        rule=question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, {stay.venue for stay in index}, asked),
        contact=found[0] if found else None,
        meetings=met.get(other_id, []),
    )


def meetings(
    connection: Connection,
    person_id: int,
    others: Sequence[int],
    asked: Asked,
    *,
    by_hand: Sequence[Handmade] = (),
) -> dict[int, list[Meeting]]:
    """Which stays of a person overlapped which of each of these others, with their scans."""
    index = index_stays(connection, person_id, asked, by_hand)
    found: dict[int, list[Meeting]] = {}
    for some in chunks(others):
        found |= _met(connection, person_id, index, some, asked, by_hand=by_hand)[2]
    return found


def _met(
    connection: Connection,
    person_id: int,
    index: Sequence[Stay],
    others: Sequence[int],
    asked: Asked,
    *,
    by_hand: Sequence[Handmade],
) -> tuple[list[StoredVisit], _Known, dict[int, list[Meeting]]]:
    """The others' visits, what they are described with, and who met the index person how."""
    question = asked.question
    persons = selves(connection, person_id, asked)
    mine = search.visits_of(connection, persons, asked.window, known_ms=asked.known_ms)
    latest = max((stay.possible[1] for stay in index), default=question.until)
    window = asked.window._replace(until=max(question.until, latest) + question.rule.linger_s)
    theirs = search.visits_of(connection, others, window, known_ms=asked.known_ms)
    known = _known(connection, [*mine, *theirs], asked)
    at_venue: dict[int, list[StoredVisit]] = defaultdict(list)
    for each in theirs:
        at_venue[each.visit.venue_id].append(each)
    found: dict[int, list[Meeting]] = defaultdict(list)
    for stay in sorted(index, key=lambda each: each.possible):
        start = max(stay.possible[0], question.since)
        end = min(stay.possible[1], question.until)
        if start >= end or not at_venue[stay.venue]:
            continue
        end += question.rule.linger_s
        seen = _index_seen(stay, mine, by_hand, known)
        for each in at_venue[stay.venue]:
            first = max(start, each.visit.entered_earliest)
            last = min(end, each.visit.end_latest)
            if first < last:
                found[each.person_id].append(
                    Meeting(
                        start=iso(first), end=iso(last), index=seen, other=_seen(each.visit, known)
                    )
                )
    return theirs, known, found


def history(connection: Connection, person_id: int, asked: Asked) -> HistoryAnswer:
    """What a person's stays of the window were, from when until when; oldest first."""
    store = storage.of(connection)
    since = asked.question.since - CAP_S + 1
    persons = visitors.selves(connection, person_id)
    was = store.superseded_of(connection, persons, since, asked.question.until)
    now = store.of_persons(connection, [person_id], since, asked.question.until)
    versions: list[tuple[StoredVisit, int | None]] = [(each.stored, each.until_ms) for each in was]
    versions += [(each, None) for each in now]
    # Of the stays before the window those that reach into it, as they are or as they were.
    reaching = {
        _when(stored) for stored, _ in versions if stored.visit.end_latest > asked.question.since
    }
    versions = [version for version in versions if _when(version[0]) in reaching]
    versions.sort(key=lambda version: (version[0].since_ms, _when(version[0])))
    known = _known(connection, [stored for stored, _ in versions], asked)
    return HistoryAnswer(
        visitor=visitor_ref(connection, person_id),
        as_of=as_of(asked),
        versions=[
            StayVersion(
                since=iso(stored.since_ms // 1000),
                until=None if until is None else iso(until // 1000),
                stay=_seen(stored.visit, known),
            )
            for stored, until in versions
        ],
    )


def _known(connection: Connection, visits: Sequence[StoredVisit], asked: Asked) -> _Known:
    venues = asked.venues(connection, search.venues_of(visits))
    scan_ids = {
        scan_id
        for each in visits
        for scan_id in (each.visit.entry_scan_id, each.visit.exit_scan_id)
        if scan_id is not None
    }
    room_ids = {each.visit.room_id for each in visits if each.visit.room_id is not None}
    return _Known(
        {venue.id: venue.ref for venue in venues.values()},
        places.rooms(connection, room_ids),
        asked.dwells(connection, venues),
        _scans(connection, scan_ids),
    )


def _scans(connection: Connection, scan_ids: Iterable[int]) -> dict[int, ScanSeen]:
    found: dict[int, ScanSeen] = {}
    for some in chunks(sorted(scan_ids)):
        rows = connection.execute(
            select(
                Scan.id,
                Kiosk.ref,
                Scan.corrected_ms,
                Scan.direction,
                Scan.synced,
                Credential.kind,
                Credential.authentic,
            )
            .join(Kiosk, Kiosk.id == Scan.kiosk_id)
            .join(Credential, Credential.id == Scan.credential_id)
            .where(Scan.id.in_(some))
        )
        for scan_id, kiosk, at_ms, direction, synced, kind, authentic in rows:
            found[scan_id] = ScanSeen(
                id=scan_id,
                kiosk=kiosk,
                at=iso(at_ms // 1000),
                direction=direction,
                exact=synced,
                kind=kind,
                authentic=authentic,
            )
    return found


def _seen(visit: DerivedVisit, known: _Known) -> StaySeen:
    scans = (known.scans.get(i) for i in (visit.entry_scan_id, visit.exit_scan_id) if i is not None)
    return StaySeen(
        venue=known.venues[visit.venue_id],
        room=None if visit.room_id is None else known.rooms[visit.room_id][1],
        entered_at=iso(visit.entered_at),
        entered_earliest=iso(visit.entered_earliest),
        entered_latest=iso(visit.entered_latest),
        left_at=None if visit.left_at is None else iso(visit.left_at),
        end_source=visit.end_source,  # type: ignore[arg-type]  # one of the words in `visits`
        end_earliest=iso(visit.end_earliest),
        end_expected=iso(expected_end(visit, known.dwell_s[visit.venue_id])),
        end_latest=iso(visit.end_latest),
        staff=visit.staff,
        capped=visit.capped,
        imported=visit.entry_scan_id is None,
        # A scan may be gone by retention while its visit is still there.
        scans=[scan for scan in scans if scan is not None],
    )


def _index_seen(
    stay: Stay, mine: Sequence[StoredVisit], by_hand: Sequence[Handmade], known: _Known
) -> StaySeen:
    """The index person's stay: as derived, or as it was given by hand."""
    for hand in by_hand:
        if hand.venue == known.venues[stay.venue] and handmade.of(hand, stay.venue) == stay:
            return StaySeen(
                venue=hand.venue,
                room=None,
                entered_at=iso(hand.start[1]),
                entered_earliest=iso(hand.start[0]),
                entered_latest=iso(hand.start[2]),
                left_at=iso(hand.end[1]),
                end_source="by_hand",
                end_earliest=iso(hand.end[0]),
                end_expected=iso(hand.end[1]),
                end_latest=iso(hand.end[2]),
                staff=False,
                capped=False,
                imported=False,
                scans=[],
            )
    visit = next(
        each.visit
        for each in mine
        if (each.visit.venue_id, each.visit.entered_at) == (stay.venue, stay.expected[0])
    )
    return _seen(visit, known)


def _when(stored: StoredVisit) -> tuple[int, int]:
    return stored.visit.entered_at, stored.visit.venue_id
