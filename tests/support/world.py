"""A small fleet to test with: one venue, its kiosks, and rows as the ingest would store them."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select

from fleet_server import database
from fleet_server.models import (
    Companions,
    Credential,
    Gate,
    Kiosk,
    Person,
    Posting,
    Pseudonym,
    Room,
    Scan,
    ScanIdentity,
    ScanKey,
    Venue,
    VenueType,
)
from fleet_server.tracing import storage

DAY_MS = 86_400_000
NOON_MS = 1_767_243_600_000
"""2026-01-01 12:00 in Vietnam."""
EPOCH = "0" * 31 + "1"


@dataclass(frozen=True)
class Place:
    """One venue and the kiosk posted there."""

    venue_id: int
    kiosk_id: int
    kiosk: str
    gate_id: int | None = None
    room_id: int | None = None


def one_venue(
    engine: Engine,
    *,
    ref: str = "cho-mau",
    kiosk: str = "cho-mau-1",
    direction: str = "in",
    kind: str = "market",
    since_s: int = 0,
) -> Place:
    """A venue with a gate, a room and one kiosk posted at the gate."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        type_id = connection.scalar(select(VenueType.id).where(VenueType.code == kind))
        venue_id = _add(
            connection,
            Venue,
            ref=ref,
            name=f"Nơi mẫu {ref}",
            type_id=type_id,
            timezone="Asia/Ho_Chi_Minh",
            created_at=since_s,
        )
        gate_id = _add(connection, Gate, venue_id=venue_id, ref="cong-1", name="Cổng 1")
        room_id = _add(connection, Room, venue_id=venue_id, ref="p-1", name="Phòng 1")
        kiosk_id = _add_kiosk(connection, kiosk, venue_id, gate_id, direction, since_s)
    return Place(venue_id, kiosk_id, kiosk, gate_id, room_id)


def count_visits(engine: Engine) -> int:
    """All stays derived or imported."""
    with engine.connect() as connection:
        return storage.of(connection).count(connection)


def another_kiosk(
    engine: Engine, place: Place, *, kiosk: str, direction: str = "out", since_s: int = 0
) -> Place:
    """A further kiosk at the same venue and gate."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        kiosk_id = _add_kiosk(connection, kiosk, place.venue_id, place.gate_id, direction, since_s)
    return Place(place.venue_id, kiosk_id, kiosk, place.gate_id, place.room_id)


def new_person(connection: Connection, *, name: str = "a", authentic: bool = True) -> int:
    """A person with one pseudonym and one credential; the credential's id."""
    person_id = _add(connection, Person, created_at=0)
    digest = hashlib.sha256(name.encode()).digest()[:16]
    pseudonym_id = _add(
        connection,
        Pseudonym,
        digest=digest,
        space="card",
        person_id=person_id,
        own_person_id=person_id,
        created_at=0,
    )
    return _add(
        connection,
        Credential,
        kind="card",
        pseudonym_id=pseudonym_id,
        authentic=authentic,
        first_seen_at=0,
    )


def store_one_scan(
    engine: Engine,
    place: Place,
    *,
    counter: int = 1,
    at_ms: int = NOON_MS,
    direction: str = "in",
    late_ms: int = 0,
) -> int:
    """One scan with its key and identity part, straight into the tables; the scan's id.

    `late_ms`: so long after it was made it was received.
    """
    with engine.execution_options(**database.WRITES).begin() as connection:
        credential_id = new_person(connection, name=f"{place.kiosk}/{counter}")
        pseudonym_id = connection.scalar(
            select(Credential.pseudonym_id).where(Credential.id == credential_id)
        )
        scan_id = _add(
            connection,
            Scan,
            kiosk_id=place.kiosk_id,
            epoch=EPOCH,
            counter=counter,
            digest=hashlib.sha256(str(counter).encode()).digest(),
            venue_id=place.venue_id,
            gate_id=place.gate_id,
            room_id=place.room_id,
            direction=direction,
            wall_ms=at_ms,
            corrected_ms=at_ms,
            earliest_ms=at_ms,
            latest_ms=at_ms,
            received_ms=at_ms + late_ms,
            mono_ms=1,
            boot="b",
            synced=True,
            credential_id=credential_id,
            label="N*** V*** M***",
        )
        connection.execute(
            insert(ScanKey).values(scan_id=scan_id, position=0, pseudonym_id=pseudonym_id)
        )
        connection.execute(
            insert(ScanIdentity).values(
                scan_id=scan_id, sealing="hpke-1", key="k", box=b"sealed", binding=b"[]"
            )
        )
    return scan_id


def store_companions(
    engine: Engine, place: Place, *, of: int, change: int = 1, counter: int, at_ms: int = NOON_MS
) -> None:
    """A press of the guard's button at the scan `of`, straight into the tables."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        _add(
            connection,
            Companions,
            kiosk_id=place.kiosk_id,
            epoch=EPOCH,
            counter=counter,
            digest=hashlib.sha256(str(counter).encode()).digest(),
            of_counter=of,
            change=change,
            corrected_ms=at_ms,
            received_ms=at_ms,
        )


def _add_kiosk(
    connection: Connection,
    ref: str,
    venue_id: int,
    gate_id: int | None,
    direction: str,
    since_s: int,
) -> int:
    kiosk_id = _add(connection, Kiosk, ref=ref, created_at=since_s)
    _add(
        connection,
        Posting,
        kiosk_id=kiosk_id,
        venue_id=venue_id,
        gate_id=gate_id,
        direction=direction,
        valid_from=since_s,
    )
    return kiosk_id


def _add(connection: Connection, table: type, **values: object) -> int:
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    made: int = key[0]
    return made
