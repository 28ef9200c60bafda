"""Fills a fleet's database with people known by document numbers, some of them in a case."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, Engine, Table, func, select, text

from fleet_server import bulk, database, schema
from fleet_server.cases import persons, roster
from fleet_server.cases.acting import Actor, enter
from fleet_server.database import chunks
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.models import Base, Credential, Scan, ScanIdentity, ScanKey
from tests.support import world
from wire import sealing
from wire.records import IdentityPart, Record, Sealed

DOCUMENT: Final = "cccd"
PHONE_EVERY: Final = 5
"""One in so many is known by a telephone number in a sealed identity, too."""
ROWS: Final = 100_000
CACHE_KIB: Final = 1_000_000
KIOSK: Final = "cho-mau-1"
_TABLES: Final = Base.metadata.tables


class Shut(NamedTuple):
    """One sealed identity, what it is bound to, and what is in it."""

    sealed: Sealed
    binding: bytes
    part: IdentityPart


def document(number: int) -> str:
    """The document number of the person with this id: twelve digits, nobody else's."""
    return f"{number * 777_777_777_777 % 10**12:012}"


def phone(number: int) -> str:
    """The telephone number of the person with this id."""
    return f"09{number * 77_777_777 % 10**8:08}"


def fill(engine: Engine, count: int, key: PseudonymKey) -> None:
    """Makes the tables and puts `count` persons with one pseudonym each into them."""
    schema.migrate(engine)
    sqlite = database.is_sqlite(engine)
    with engine.connect().execution_options(**database.WRITES) as connection:
        if sqlite:
            # Digests fall everywhere in their index: all of it is held until the one commit.
            connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
            connection.commit()
        for name, rows in (
            ("persons", _persons(count)),
            ("pseudonyms", _pseudonyms(count, key)),
            ("sealed_numbers", _phones(count, key)),
        ):
            for some in chunks(rows, ROWS):
                bulk.add(connection, _TABLES[name], some)
        if not sqlite:
            for name in ("persons", "pseudonyms"):
                _renumber(connection, name)
        connection.commit()
    engine.dispose()
    if not sqlite:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def show_cards(
    engine: Engine, people: Iterable[int], vault: X25519PublicKey, *, times: int, at_ms: int
) -> list[Shut]:
    """Each of these people shows an ID card at a kiosk so many times; the identities, sealed."""
    place = world.one_venue(engine, kiosk=KIOSK)
    made: list[Shut] = []
    rows: dict[Table, list[dict[str, Any]]] = {
        _TABLES[each.__tablename__]: [] for each in (Credential, Scan, ScanKey, ScanIdentity)
    }
    credentials, scans, keys, identities = rows.values()
    for person in people:
        credentials.append(
            {"id": person, "kind": DOCUMENT, "pseudonym_id": person, "authentic": False}
            | {"first_seen_at": at_ms // 1000, "issued_at": None, "revoked_at": None}
        )
        for again in range(times):
            number = len(scans) + 1
            # A phone written down anew each time: all of a person's identities differ.
            part = _identity(person, phone(person + again))
            record = Record(
                counter=number,
                direction="in",
                wall_ms=at_ms,
                mono_ms=number,
                boot="b",
                synced=True,
            )
            binding = sealing.binding(KIOSK, world.EPOCH, record)
            sealed = sealing.seal(part, vault, binding)
            made.append(Shut(sealed, binding, part))
            scans.append(_scan(number, person, place, record))
            keys.append({"scan_id": number, "position": 0, "pseudonym_id": person})
            identities.append(
                {"scan_id": number, "sealing": sealed.sealing, "key": sealed.key}
                | {"box": sealed.box, "binding": binding}
            )
    with engine.execution_options(**database.WRITES).begin() as connection:
        for table, some in rows.items():
            bulk.add(connection, table, some)
        if not database.is_sqlite(engine):
            for name in ("credentials", "scans"):
                _renumber(connection, name)
    return made


def put_in_case(
    engine: Engine, case: str, actor: Actor, people: Iterable[int], *, now_ms: int
) -> list[str]:
    """These people become contacts of a case; their references in it."""
    with engine.execution_options(**database.WRITES).begin() as connection:
        acting = enter(connection, case, actor, now_ms=now_ms)
        made = persons.add(connection, acting, people, role=roster.F1, state="to_call")
    return [member.ref for member in made]


def rows_of(engine: Engine, name: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(_TABLES[name])) or 0


def _identity(person: int, telephone: str) -> IdentityPart:
    return IdentityPart(
        name="Nguyễn Văn Mẫu",
        phone=telephone,
        birth="1990-01-01",
        sex="Nam",
        address="Số 1, Đường Mẫu, Phường Thử, Thành phố Mẫu",
        document=document(person),
    )


def _scan(number: int, person: int, place: world.Place, record: Record) -> dict[str, Any]:
    times = ("corrected_ms", "earliest_ms", "latest_ms", "received_ms")
    return {
        "id": number,
        "kiosk_id": place.kiosk_id,
        "epoch": world.EPOCH,
        "counter": record.counter,
        "digest": bytes(32),
        "venue_id": place.venue_id,
        "direction": record.direction,
        "wall_ms": record.wall_ms,
        **dict.fromkeys(times, record.wall_ms),
        "mono_ms": record.mono_ms,
        "boot": record.boot,
        "synced": record.synced,
        "credential_id": person,
        "label": "",
    }


def _persons(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {"id": number, "created_at": 0, "merged_into": None}


def _pseudonyms(count: int, key: PseudonymKey) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {
            "id": number,
            "digest": key.digest(DOCUMENT, document(number)),
            "space": DOCUMENT,
            "person_id": number,
            "own_person_id": number,
            "created_at": 0,
        }


def _phones(count: int, key: PseudonymKey) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1, PHONE_EVERY):
        digest = key.digest("phone", phone(number))
        yield {"digest": digest, "pseudonym_id": number, "space": "phone"}


def _renumber(connection: Connection, name: str) -> None:
    """PostgreSQL: rows made from now on get ids after those that were given."""
    connection.execute(text(f"SELECT setval('{name}_id_seq', max(id)) FROM {name}"))
