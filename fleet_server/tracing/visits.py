"""From one person's scans to that person's stays. Pure: the same scans give the same stays,
whatever the order they arrived in.

How events are read, in the order of their corrected times:

- A scan in the same direction at the same venue within two minutes of the last event there is a
  repeat and no event.
- `both`, and any word this release does not know, is an exit where the person is inside that venue
  and has entered nowhere else since; else an entry. At a room's kiosk it is an entry where the
  person is inside the venue, but not in that room.
- An entry opens a stay. It ends unmeasured any other open stay at that venue.
- An exit closes the open stay at its venue, even when another venue was entered since (a shop
  within a mall). Beyond the cap it does so only if nothing else was entered since; otherwise an
  entry must have gone unseen. An exit that closes nothing is an orphan.
- Who came from a gate into a room and leaves the room is inside the venue again: a further stay.
- What was an exit stays one when retention has let go of its entry: else every stay after it at a
  both-way kiosk would be read the other way round.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from fleet_server.tracing.opening import Hours, next_closing
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.spans import Span
from wire.records import ENTRY, EXIT

REPEAT_MS: Final = 120_000

EXIT_SCAN: Final = "exit_scan"
NEXT_SCAN: Final = "next_scan"
VENUE_CLOSED: Final = "venue_closed"
DWELL_DEFAULT: Final = "dwell_default"


class PersonScan(NamedTuple):
    """One stored scan. ms UTC; the fields up to `counter` give the order of events."""

    corrected_ms: int
    kiosk_id: int
    epoch: str
    counter: int
    id: int
    venue_id: int
    room_id: int | None
    direction: str
    earliest_ms: int
    latest_ms: int
    authentic: bool
    is_exit: bool = False
    """Known to be no entry, whatever its direction leaves open."""


@dataclass(frozen=True, slots=True)
class DerivedVisit:
    """One stay: a row of `visits` but for its id and person. Whole seconds UTC."""

    venue_id: int
    room_id: int | None
    entered_at: int
    entered_earliest: int
    entered_latest: int
    left_at: int | None
    end_source: str
    end_earliest: int
    end_latest: int
    entry_scan_id: int | None
    """None for a stay that was imported."""
    exit_scan_id: int | None
    authentic: bool
    capped: bool
    staff: bool = False
    """Works there: where no exit was seen, the stay is expected to last to `end_latest`."""


@dataclass(frozen=True, slots=True)
class Derived:
    """All that one person's scans say."""

    visits: tuple[DerivedVisit, ...]
    """One per venue and `entered_at`, earliest first."""
    orphan_exits: tuple[PersonScan, ...]


@dataclass(slots=True)
class _Stay:
    entry: PersonScan
    exit: PersonScan | None = None
    by_gate: bool = False
    """In a room, by a gate of its venue: who leaves the room is inside the venue still."""


class _End(NamedTuple):
    source: str
    left_at: int | None
    earliest: int
    latest: int
    capped: bool


def derive(
    scans: Iterable[PersonScan],
    hours: Mapping[int, Hours],
    works_at: Mapping[int, Sequence[Span]] | None = None,
) -> Derived:
    """The stays of one person, from all of that person's scans and the venues' opening hours.

    `works_at`: by venue, when the person is known to work there, seconds UTC.
    """
    stays, orphans = _pair(sorted(scans))
    entries = sorted({stay.entry.corrected_ms // 1000 for stay in stays})
    found: dict[tuple[int, int], DerivedVisit] = {}
    for stay in stays:
        venue = stay.entry.venue_id
        staff = works(stay.entry.corrected_ms // 1000, (works_at or {}).get(venue, ()))
        visit = _visit(stay, entries, hours.get(venue), staff=staff)
        place = (visit.venue_id, visit.entered_at)
        if place not in found or _certainty(visit) > _certainty(found[place]):
            found[place] = visit
    in_order = sorted(found.values(), key=attrgetter("entered_at", "venue_id"))
    return Derived(tuple(in_order), tuple(orphans))


def _pair(scans: Sequence[PersonScan]) -> tuple[list[_Stay], list[PersonScan]]:
    """Reads the events: every stay with its exit where there is one, and the orphan exits."""
    stays: list[_Stay] = []
    orphans: list[PersonScan] = []
    open_at: dict[int, _Stay] = {}
    last_at: dict[int, PersonScan] = {}
    for scan in scans:
        venue = scan.venue_id
        last = last_at.get(venue)
        if last is not None and _repeats(scan, last):
            continue
        last_at[venue] = scan
        stay = open_at.get(venue)
        moved_on = stay is not None and stays[-1] is not stay
        if _is_entry(scan, stay, moved_on=moved_on):
            open_at[venue] = _Stay(scan, by_gate=scan.room_id is not None and _by_gate(scan, stay))
            stays.append(open_at[venue])
            continue
        closes = stay is not None and (not moved_on or _within_cap(scan, stay))
        if stay is not None and closes:
            stay.exit = scan
            del open_at[venue]
        if _leads_back(scan, stay if closes else None):
            open_at[venue] = _Stay(scan._replace(room_id=None))
            stays.append(open_at[venue])
        elif not closes:
            orphans.append(scan)
    return stays, orphans


def _repeats(scan: PersonScan, last: PersonScan) -> bool:
    same = scan.direction == last.direction
    return same and scan.corrected_ms - last.corrected_ms <= REPEAT_MS


def _is_entry(scan: PersonScan, stay: _Stay | None, *, moved_on: bool) -> bool:
    if scan.direction in (ENTRY, EXIT):
        return scan.direction == ENTRY
    if scan.is_exit:
        return False
    if scan.room_id is not None and stay is not None and scan.room_id != stay.entry.room_id:
        return True
    return stay is None or moved_on or not _within_cap(scan, stay)


def _by_gate(scan: PersonScan, stay: _Stay | None) -> bool:
    """Whether who enters a room came from the stay that is open there, by a gate."""
    if stay is None or not _within_cap(scan, stay):
        return False
    return stay.by_gate or stay.entry.room_id is None


def _leads_back(scan: PersonScan, closed: _Stay | None) -> bool:
    """Whether an exit leads from a room back into its venue. Where the entry is let go (`is_exit`)
    it is taken to: what leads out of the venue then is still read as an exit."""
    if scan.room_id is None:
        return False
    if closed is None:
        return scan.is_exit and scan.direction != EXIT
    # From gate to room within two minutes, the entry to the room was taken for a repeat.
    return closed.by_gate or closed.entry.room_id is None


def _within_cap(scan: PersonScan, stay: _Stay) -> bool:
    return scan.corrected_ms - stay.entry.corrected_ms <= CAP_S * 1000


def _visit(
    stay: _Stay, entries: Sequence[int], hours: Hours | None, *, staff: bool
) -> DerivedVisit:
    entry, out = stay.entry, stay.exit
    entered = entry.corrected_ms // 1000
    if out is None:
        following = bisect_right(entries, entered)
        following_at = entries[following] if following < len(entries) else None
        end = _unmeasured(entered, following_at, hours)
    else:
        end = _measured(entered, out)
    return DerivedVisit(
        venue_id=entry.venue_id,
        room_id=entry.room_id,
        entered_at=entered,
        entered_earliest=entry.earliest_ms // 1000,
        entered_latest=entry.latest_ms // 1000,
        left_at=end.left_at,
        end_source=end.source,
        end_earliest=end.earliest,
        end_latest=end.latest,
        entry_scan_id=entry.id,
        exit_scan_id=out.id if out else None,
        authentic=entry.authentic and (out is None or out.authentic),
        capped=end.capped,
        staff=staff,
    )


def _measured(entered: int, out: PersonScan) -> _End:
    cap = entered + CAP_S
    seen = out.corrected_ms // 1000
    # Two scans within one second are still a moment's stay.
    left = min(max(seen, entered + 1), cap)
    earliest = latest = left
    if out.earliest_ms != out.corrected_ms:
        earliest = min(max(out.earliest_ms // 1000, entered), left)
    if out.latest_ms != out.corrected_ms:
        latest = min(max(out.latest_ms // 1000, left), cap)
    return _End(EXIT_SCAN, left, earliest, latest, capped=seen > cap)


def _unmeasured(entered: int, following: int | None, hours: Hours | None) -> _End:
    latest, source = latest_end(entered, following, hours)
    return _End(source, None, entered, latest, capped=False)


def latest_end(entered: int, following: int | None, hours: Hours | None) -> tuple[int, str]:
    """When a stay without exit ended at the latest, and what says so.

    Whatever comes first: the same person's next later entry anywhere (`following`), the closing
    where known, the cap. Seconds UTC.
    """
    bounds = [(entered + CAP_S, DWELL_DEFAULT)]
    if hours is not None and (closing := next_closing(entered, hours)) is not None:
        bounds.insert(0, (closing, VENUE_CLOSED))
    if following is not None:
        bounds.insert(0, (following, NEXT_SCAN))
    return min(bounds, key=itemgetter(0))


def settled(
    visits: Iterable[DerivedVisit],
    hours: Mapping[int, Hours],
    works_at: Mapping[int, Sequence[Span]] | None = None,
) -> list[DerivedVisit]:
    """One person's imported stays, each with what the others and opening hours say of it."""
    known = list(visits)
    entries = sorted({visit.entered_at for visit in known})
    out = []
    for visit in known:
        following = bisect_right(entries, visit.entered_at)
        following_at = entries[following] if following < len(entries) else None
        spans = (works_at or {}).get(visit.venue_id, ())
        out.append(settle(visit, following_at, hours.get(visit.venue_id), spans))
    return out


def settle(
    visit: DerivedVisit, following: int | None, hours: Hours | None, works_at: Sequence[Span]
) -> DerivedVisit:
    """An imported stay with its latest end and whether the person works there."""
    staff = works(visit.entered_at, works_at)
    if visit.left_at is not None:
        return replace(visit, staff=staff)
    latest, source = latest_end(visit.entered_at, following, hours)
    return replace(visit, end_latest=latest, end_source=source, staff=staff)


def works(at: int, spans: Sequence[Span]) -> bool:
    """Whether `at` lies in one of the spans in which the person works there."""
    return any(since <= at < until for since, until in spans)


def _certainty(visit: DerivedVisit) -> tuple[bool, int]:
    """Of two stays that began together, the greater: a measured exit wins, then the later one."""
    return visit.left_at is not None, visit.end_latest if visit.left_at is None else visit.left_at
