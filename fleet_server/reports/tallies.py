"""A week counted by place from the scans, and kept for when those are gone.

Counting reads and holds up nobody; keeping writes a row for each place, in one short transaction.
A week is counted again as long as all its days are there, for offline kiosks deliver late. Ten
million scans at 20,000 places take one pass over them.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, or_, select, text

from fleet_server import bulk, database
from fleet_server.errors import FleetError
from fleet_server.models import (
    Base,
    CountedWeek,
    Kiosk,
    LetGoDay,
    PlaceWeek,
    Posting,
    Presence,
    Scan,
    Venue,
)
from fleet_server.reports import scanned, silences, weeks
from fleet_server.reports.scanned import NOTHING
from fleet_server.reports.silences import Silence, Standing
from fleet_server.reports.weeks import Week
from fleet_server.times import local
from fleet_server.tracing import gaps
from fleet_server.tracing.storage.rows import days_of
from wire import codec
from wire.errors import WireError
from wire.presence import Health

_TABLES: Final = Base.metadata.tables
KEPT_WEEKS: Final = 106
"""Two years: this year's week beside last year's."""

_LOCK: Final = 0x7765656B  # any number, the same in all processes


class NotCountable(FleetError):
    """A week whose scans are gone, or that has not begun."""


class Place(NamedTuple):
    """One registered place in one week."""

    venue_id: int
    scans: int
    people: int
    repeated: int
    most_by_one: int
    stays: int
    exits: int
    silence: Silence | None
    last_day: int | None


class Tally(NamedTuple):
    """A week as it was at `counted_ms`."""

    week: Week
    counted_ms: int
    people: int
    places: list[Place]
    areas: dict[int, int]
    """Distinct people by area, for areas with a place in them."""


def countable(connection: Connection, week: Week, *, zone: ZoneInfo, now: int) -> bool:
    """Whether the week has begun and none of its days was let go."""
    since, until = week.bounds(zone)
    days = days_of(since, until)
    gone = select(LetGoDay.id).where(LetGoDay.day >= days.start, LetGoDay.day < days.stop).limit(1)
    return since <= now and connection.scalar(gone) is None


def count(connection: Connection, week: Week, *, zone: ZoneInfo, now_ms: int) -> Tally:
    """The week's figures of all places. Reads only. Raises NotCountable."""
    now = now_ms // 1000
    if not countable(connection, week, zone=zone, now=now):
        raise NotCountable(
            f"week {week.name}: không còn hoặc chưa có lượt quét / its scans are gone, or it has"
            " not begun; only weeks counted in time are kept"
        )
    since, until = week.bounds(zone)
    venues = connection.execute(
        select(Venue.id, Venue.area_id)
        .where(
            Venue.created_at < until,
            or_(Venue.closed_at.is_(None), Venue.closed_at > since),
        )
        .order_by(Venue.id)
    ).all()
    found = scanned.at_places(connection, since, until)
    stays = scanned.stays(connection, since, until)
    standing = _standing(connection, since, until)
    last_days = _last_days(connection, week, zone, {row.id for row in venues} - found.keys())
    places = []
    for venue_id, _ in venues:
        here = found.get(venue_id, NOTHING)
        last_day = last_days.get(venue_id)
        if here.scans:
            last_day = weeks.day_number(local(here.last_ms // 1000, zone).date())
        staying, exits = stays.get(venue_id, (0, 0))
        places.append(
            Place(
                venue_id,
                scans=here.scans,
                people=len(here.persons),
                repeated=here.scans - here.different,
                most_by_one=here.most_by_one,
                stays=staying,
                exits=exits,
                silence=silences.silence(standing.get(venue_id, ()), scans=here.scans, now=now),
                last_day=last_day,
            )
        )
    people, areas = scanned.people(connection, {row.id: row.area_id for row in venues}, found)
    return Tally(week, now_ms, people, places, areas)


def keep(connection: Connection, tally: Tally) -> None:
    """Writes a week down in place of what was known of it before; the oldest go.

    Where there were scans and now there are none they were destroyed: what is kept stays.
    """
    number = tally.week.number
    if connection.dialect.name == "postgresql":
        # Two at once would each write it.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = select(func.sum(PlaceWeek.scans)).where(PlaceWeek.week == number)
    if connection.scalar(before) and not any(place.scans for place in tally.places):
        return
    oldest = tally.week.before(KEPT_WEEKS).number
    for name in ("place_weeks", "area_weeks", "counted_weeks"):
        week = _TABLES[name].c.week
        connection.execute(delete(_TABLES[name]).where(or_(week == number, week < oldest)))
    kept: dict[str, list[dict[str, Any]]] = {
        "counted_weeks": [{"counted_ms": tally.counted_ms, "people": tally.people}],
        "place_weeks": [_row(place) for place in tally.places],
        "area_weeks": [{"area_id": area, "people": n} for area, n in tally.areas.items()],
    }
    for name, rows in kept.items():
        bulk.add(connection, _TABLES[name], [{"week": number, **row} for row in rows])


def counted(connection: Connection) -> dict[Week, int]:
    """The weeks that are kept, and when each was counted (ms)."""
    rows = connection.execute(
        select(CountedWeek.week, CountedWeek.counted_ms).order_by(CountedWeek.week)
    )
    return {Week(week): counted_ms for week, counted_ms in rows}


def _row(place: Place) -> dict[str, Any]:
    row = place._asdict()
    wrong: Silence | None = row.pop("silence")
    last_day = row.pop("last_day")
    return {
        **row,
        "silence": "" if wrong is None else wrong.reason,
        "since": None if wrong is None else wrong.since,
        "kiosk_id": None if wrong is None else wrong.kiosk_id,
        "last_day": last_day,
    }


def _standing(connection: Connection, since: int, until: int) -> dict[int, list[Standing]]:
    """The kiosks that stood at each place in [since, until), as last heard."""
    rows = connection.execute(
        select(
            *(Posting.venue_id, Posting.valid_to, Kiosk.id, Kiosk.revoked_at),
            *(Presence.state, Presence.since_ms, Presence.heard_ms, Presence.health),
        )
        .join(Kiosk, Kiosk.id == Posting.kiosk_id)
        .outerjoin(Presence, Presence.kiosk_id == Kiosk.id)
        .where(
            Posting.valid_from < until,
            or_(Posting.valid_to.is_(None), Posting.valid_to > since),
            or_(Kiosk.revoked_at.is_(None), Kiosk.revoked_at > since),
        )
    )
    found: dict[int, list[Standing]] = defaultdict(list)
    for row in rows:
        last = None
        # 0: only a retained message was heard, which says when itself.
        if heard_ms := row.heard_ms or row.since_ms:
            last = gaps.heard(row.state, heard_ms, row.health)
        ends = (at for at in (until, row.valid_to, row.revoked_at) if at is not None)
        found[row.venue_id].append(Standing(row.id, min(ends), last, _health(row.health)))
    return found


def _health(said: bytes | None) -> Health | None:
    if said is None:
        return None
    try:
        return codec.decode(said, Health)
    except WireError:
        return None  # a newer kiosk's words: as if it had said nothing


def _last_days(
    connection: Connection, week: Week, zone: ZoneInfo, venues: Collection[int]
) -> dict[int, int]:
    """The last day before the week with a scan, of these places; those that had any."""
    found: dict[int, int] = {}
    kept = (
        select(PlaceWeek.venue_id, func.max(PlaceWeek.last_day))
        .where(PlaceWeek.week < week.number)
        .group_by(PlaceWeek.venue_id)
    )
    for venue_id, last_day in connection.execute(kept):
        if last_day is not None:
            found[venue_id] = last_day
    before = week.bounds(zone)[0] * 1000
    last = (
        select(func.max(Scan.corrected_ms))
        .where(Scan.venue_id == Venue.id, Scan.corrected_ms < before)
        .scalar_subquery()
    )
    for some in database.chunks(sorted(venues)):
        for venue_id, last_ms in connection.execute(
            select(Venue.id, last).where(Venue.id.in_(some))
        ):
            if last_ms is not None:
                day = weeks.day_number(local(last_ms // 1000, zone).date())
                found[venue_id] = max(day, found.get(venue_id, day))
    return found
