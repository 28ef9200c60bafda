"""The rows of a record, scan or companions: written once, recognised when they come again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, select

from fleet_server import bulk
from fleet_server.bulk import among
from fleet_server.database import chunks
from fleet_server.identity import people
from fleet_server.ingest.clock import Times
from fleet_server.ingest.judge import Accepted
from fleet_server.ingest.posts import Post
from fleet_server.models import Base

_TABLES: Final = Base.metadata.tables
_SCANS: Final = _TABLES["scans"]
_COMPANIONS: Final = _TABLES["companions"]


class Name(NamedTuple):
    """A record's id."""

    kiosk_id: int
    epoch: str
    counter: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record on its way into the tables."""

    accepted: Accepted
    received_ms: int
    times: Times
    post: Post


@dataclass(frozen=True, slots=True)
class Inserted:
    """What was new."""

    scans: dict[Name, tuple[int, list[int]]] = field(default_factory=dict)
    """Scan id and pseudonyms in the record's order."""
    fresh: set[int] = field(default_factory=set)
    """Pseudonyms seen for the first time."""
    persons: dict[int, int] = field(default_factory=dict)
    """The person each pseudonym was first seen as."""
    companions: set[Name] = field(default_factory=set)


def write(connection: Connection, candidates: Mapping[Name, Candidate], *, at_s: int) -> Inserted:
    """Inserts those whose id is not there yet, with their keys and identity parts."""
    # One id is one record: what is stored as a scan is not stored as companions besides.
    counting = {name for name, each in candidates.items() if each.accepted.companions}
    naming = candidates.keys() - counting
    scans = sorted(naming - _ids(connection, naming, _COMPANIONS))
    inserted = _write_scans(connection, candidates, scans, at_s=at_s) if scans else Inserted()
    companions = sorted(counting - _ids(connection, counting, _SCANS))
    inserted.companions.update(_write_companions(connection, candidates, companions))
    return inserted


def _write_scans(
    connection: Connection,
    candidates: Mapping[Name, Candidate],
    names: Sequence[Name],
    *,
    at_s: int,
) -> Inserted:
    everyone = [candidates[name].accepted for name in names]
    spaces = {key.digest: key.space for accepted in everyone for key in accepted.keys}
    known = people.pseudonyms(connection, spaces, at_s=at_s)
    held = {_held(accepted, known.ids): accepted.authentic for accepted in everyone}
    credentials = people.credentials(connection, held, at_s=at_s)
    made = bulk.add_new(
        connection,
        _SCANS,
        [
            _row(name, candidates[name], credentials[_held(candidates[name].accepted, known.ids)])
            for name in names
        ],
        key=Name._fields,
        returning=["id", *Name._fields],
    )
    scans = {}
    for scan_id, *name in made:
        accepted = candidates[Name(*name)].accepted
        scans[Name(*name)] = (scan_id, [known.ids[key.digest] for key in accepted.keys])
    _write_parts(connection, candidates, scans)
    return Inserted(scans, known.fresh, known.persons)


def _write_companions(
    connection: Connection, candidates: Mapping[Name, Candidate], names: Sequence[Name]
) -> set[Name]:
    if not names:
        return set()
    made = bulk.add_new(
        connection,
        _COMPANIONS,
        [
            {
                **name._asdict(),
                "digest": candidates[name].accepted.digest,
                "of_counter": candidates[name].accepted.of,
                "change": candidates[name].accepted.companions,
                "corrected_ms": candidates[name].times.corrected,
                "received_ms": candidates[name].received_ms,
            }
            for name in names
        ],
        key=Name._fields,
        returning=Name._fields,
    )
    return {Name(*row) for row in made}


def _ids(connection: Connection, names: Collection[Name], table: Table) -> set[Name]:
    """Those of `names` that stand in `table`, by one question for all of them."""
    if not names:
        return set()
    counters = [name.counter for name in names]
    rows = connection.execute(
        select(table.c.kiosk_id, table.c.epoch, table.c.counter).where(
            among(connection, table.c.kiosk_id, sorted({name.kiosk_id for name in names})),
            table.c.counter.between(min(counters), max(counters)),
        )
    )
    return {Name(*row) for row in rows} & set(names)


def digests(connection: Connection, names: Collection[Name]) -> dict[Name, bytes]:
    """The content digests of records that are stored."""
    return _digests(connection, names, _SCANS) | _digests(connection, names, _COMPANIONS)


def _digests(connection: Connection, names: Iterable[Name], table: Table) -> dict[Name, bytes]:
    counters: dict[tuple[int, str], list[int]] = defaultdict(list)
    for name in names:
        counters[name.kiosk_id, name.epoch].append(name.counter)
    found: dict[Name, bytes] = {}
    for (kiosk_id, epoch), wanted in counters.items():
        for chunk in chunks(wanted):
            rows = connection.execute(
                select(table.c.counter, table.c.digest).where(
                    table.c.kiosk_id == kiosk_id,
                    table.c.epoch == epoch,
                    among(connection, table.c.counter, chunk),
                )
            )
            found |= {Name(kiosk_id, epoch, row.counter): bytes(row.digest) for row in rows}
    return found


def _write_parts(
    connection: Connection,
    candidates: Mapping[Name, Candidate],
    scans: Mapping[Name, tuple[int, list[int]]],
) -> None:
    keys: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    for name, (scan_id, pseudonyms) in scans.items():
        accepted = candidates[name].accepted
        keys += [
            {"scan_id": scan_id, "position": position, "pseudonym_id": pseudonym}
            for position, pseudonym in enumerate(pseudonyms)
        ]
        if sealed := accepted.record.identity:
            identities.append(
                {
                    "scan_id": scan_id,
                    "sealing": sealed.sealing,
                    "key": sealed.key,
                    "box": sealed.box,
                    "binding": accepted.binding,
                }
            )
    bulk.add(connection, _TABLES["scan_keys"], keys)
    bulk.add(connection, _TABLES["scan_identities"], identities)


def _held(accepted: Accepted, ids: Mapping[bytes, int]) -> tuple[str, int]:
    """The credential that was held up: its kind and first pseudonym."""
    return accepted.kind, ids[accepted.keys[0].digest]


def _row(name: Name, candidate: Candidate, credential_id: int) -> dict[str, Any]:
    record = candidate.accepted.record
    return {
        **name._asdict(),
        "digest": candidate.accepted.digest,
        "venue_id": candidate.post.venue_id,
        "gate_id": candidate.post.gate_id,
        "room_id": candidate.post.room_id,
        "direction": record.direction,
        "wall_ms": record.wall_ms,
        "corrected_ms": candidate.times.corrected,
        "earliest_ms": candidate.times.earliest,
        "latest_ms": candidate.times.latest,
        "received_ms": candidate.received_ms,
        "mono_ms": record.mono_ms,
        "boot": record.boot,
        "synced": record.synced,
        "credential_id": credential_id,
        "label": candidate.accepted.label,
    }
