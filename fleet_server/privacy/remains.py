"""Looks through every table for what is older than it may be, and says which days were let go.

Each table is either aged by something that stands in it, or named in `TIMELESS` with the reason why
it may stay; a test holds this to the tables there are.
"""

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, func, inspect, or_, select

from fleet_server.models import Base, LetGoDay
from fleet_server.privacy import retention
from fleet_server.privacy.days import DAY_S
from fleet_server.privacy.retention import Limit
from fleet_server.tracing import storage
from fleet_server.tracing.storage import naming

_TABLES: Final = Base.metadata.tables
_MS: Final = 1000
AGED: Final[dict[str, tuple[str, int]]] = {
    "scans": ("corrected_ms", _MS),
    "companions": ("corrected_ms", _MS),
    "refused_records": ("received_ms", _MS),
    "orphan_exits": ("left_at", 1),
    "unsure_stays": ("entered_at", 1),
    "venue_reports": ("told_ms", _MS),
}
"""Column that says how old a row is, and what its unit is of a second."""
OF_SCANS: Final = ("scan_keys", "scan_identities")
OF_PEOPLE: Final = (
    *("persons", "pseudonyms", "credentials", "card_identities", "links", "sealed_numbers"),
    *("imported_visitors", "venue_staff", "stale_visits"),
)
"""Stay as long as their person does: nobody is left on whom nothing stands."""
OF_CASES: Final = (
    *("cases", "case_persons", "case_exposures", "milestones", "case_events", "frozen_results"),
    *("case_looks", "name_openings", "opened_names"),
)
OF_REQUESTS: Final = ("rights_requests", "restricted_persons")
OF_BATCHES: Final = ("card_batches", "card_batch_pieces")
"""Tables of people at a desk: a day."""
TIMELESS: Final = {
    "access_tokens": "about staff, not visitors",
    "account_venues": "about staff",
    "accounts": "about staff; never deleted, for the log names them",
    "alarms": "about kiosks",
    "area_weeks": "counts by area and week",
    "areas": "places",
    "attempts": "about staff and strangers; pruned within minutes",
    "audit_log": "the log of who looked; holds references, never a name",
    "browser_sessions": "about staff; twelve hours",
    "counted_weeks": "a count",
    "exposure_rules": "rules",
    "gates": "places",
    "kiosks": "devices",
    "let_go_days": "the proof itself: counts and a digest",
    "opening_hours": "places",
    "outages": "devices; goes with the scans of these days",
    "place_weeks": "counts by place and week",
    "postings": "places of devices",
    "presence": "devices",
    "recovery_codes": "digests, of staff",
    "rooms": "places",
    "vault_marks": "a number",
    "venue_types": "places",
    "venues": "places",
    "visit_imports": "digest of a file on its way in",
}


class Day(NamedTuple):
    """A day that was let go."""

    day: int
    begun_ms: int
    done_ms: int | None
    counts: str
    proof: bytes


def let_go(connection: Connection) -> list[Day]:
    """Days that were let go, in the order it was done."""
    rows = connection.execute(
        select(
            LetGoDay.day, LetGoDay.begun_ms, LetGoDay.done_ms, LetGoDay.counts, LetGoDay.proof
        ).order_by(LetGoDay.id)
    )
    return [Day(row.day, row.begun_ms, row.done_ms, row.counts, bytes(row.proof)) for row in rows]


def present(connection: Connection) -> list[int]:
    """Days there are stays or scans of, ascending."""
    scans = _TABLES["scans"].c
    found = set(storage.of(connection).days(connection))
    found |= set(connection.scalars(select(scans.corrected_ms // (DAY_S * _MS)).distinct()))
    return sorted(found)


def older(connection: Connection, kept: Limit) -> dict[str, int]:
    """Rows that should be gone, by table; empty where retention has done its work."""
    found: dict[str, int] = {}
    scans = _TABLES["scans"].c
    for name, (column, unit) in AGED.items():
        table = _TABLES[name]
        found[name] = _count(connection, table, table.c[column] < kept.at * unit)
    old = select(scans.id).where(scans.corrected_ms < kept.at * _MS)
    every = select(scans.id)
    for name in OF_SCANS:
        table = _TABLES[name]
        which = or_(table.c.scan_id.in_(old), table.c.scan_id.not_in(every))
        found[name] = _count(connection, table, which)
    days = _TABLES["visit_days"]
    found["visit_days"] = _count(connection, days, days.c.day < kept.first_day)
    found["visits"] = len(_tables_of_days(connection, kept))
    found["persons"] = sum(
        len(each.persons) for each in retention.unneeded_people(connection, kept)
    )
    found["cases"] = len(retention.old_cases(connection, kept))
    asked, resting = _TABLES["rights_requests"], _TABLES["restricted_persons"]
    speaks = or_(asked.c.person_id.is_not(None), asked.c.words != "")
    found["rights_requests"] = _count(connection, asked, (asked.c.done_at < kept.at) & speaks)
    lifted = resting.c.lifted_ms < kept.at * _MS
    found["restricted_persons"] = _count(connection, resting, lifted)
    batches = _TABLES["card_batches"]
    found["card_batches"] = _count(connection, batches, batches.c.expires_at < kept.at)
    return {name: count for name, count in found.items() if count}


def _tables_of_days(connection: Connection, kept: Limit) -> list[str]:
    """Tables made for days that should be gone, whether their day is known or not."""
    out = []
    for name in inspect(connection).get_table_names():
        stamp = name.rsplit("_", 1)[-1]
        if naming.is_of_a_day(name) and stamp.isdigit() and stamp < _stamp(kept):
            out.append(name)
    return out


def _stamp(kept: Limit) -> str:
    return naming.partition(kept.first_day).rsplit("_", 1)[-1]


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(which)) or 0
