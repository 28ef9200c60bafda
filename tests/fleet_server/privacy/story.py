"""Visitors over several days, as the ingest stores them, to let go of."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text

from fleet_server import database
from fleet_server.models import (
    Base,
    Case,
    CaseEvent,
    CaseExposure,
    CaseLook,
    CasePerson,
    Credential,
    FrozenResult,
    ImportedVisitor,
    Link,
    Milestone,
    NameOpening,
    OpenedName,
    Person,
    Pseudonym,
    RefusedRecord,
    Scan,
    ScanIdentity,
    ScanKey,
    SealedNumber,
)
from fleet_server.tracing import derivation, storage
from tests.support import world

DAY_MS = world.DAY_MS
NOON = world.NOON_MS
"""05:00 UTC of day 0 here."""
DAY0 = NOON // DAY_MS


def add(connection: Connection, table: type, **values: object) -> int:
    """One row; its id."""
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


class Story:
    """A market, and who came when."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.place = world.one_venue(engine, direction="both")
        self.counter = 0

    def writing(self) -> Any:
        return self.engine.execution_options(**database.WRITES).begin()

    def visitor(self, name: str, **held: object) -> tuple[int, int]:
        """A person with one number; ids of person and number."""
        with self.writing() as connection:
            person = add(connection, Person, created_at=0)
            number = add(
                connection,
                Pseudonym,
                digest=hashlib.sha256(name.encode()).digest()[:16],
                space="cccd",
                person_id=person,
                own_person_id=person,
                created_at=0,
            )
            add(
                connection,
                Credential,
                **{
                    "kind": "cccd",
                    "pseudonym_id": number,
                    "authentic": False,
                    "first_seen_at": 0,
                    **held,
                },
            )
            connection.execute(
                insert(SealedNumber).values(
                    digest=hashlib.sha256(b"phone" + name.encode()).digest()[:16],
                    pseudonym_id=number,
                    space="phone",
                )
            )
        return person, number

    def scan(
        self, *numbers: int, day: int = 0, hour: float = 0, direction: str = "in", secret: str = "s"
    ) -> int:
        """One scan of these numbers, `day` days and some hours after noon of day 0."""
        at_ms = NOON + day * DAY_MS + int(hour * 3_600_000)
        self.counter += 1
        with self.writing() as connection:
            credential = connection.scalar(
                select(Credential.id).where(Credential.pseudonym_id == numbers[0])
            )
            scan = add(
                connection,
                Scan,
                kiosk_id=self.place.kiosk_id,
                epoch=world.EPOCH,
                counter=self.counter,
                digest=hashlib.sha256(str(self.counter).encode()).digest(),
                venue_id=self.place.venue_id,
                gate_id=self.place.gate_id,
                direction=direction,
                wall_ms=at_ms,
                corrected_ms=at_ms,
                earliest_ms=at_ms,
                latest_ms=at_ms,
                received_ms=at_ms,
                mono_ms=1,
                boot="b",
                synced=True,
                credential_id=credential,
                label=f"N*** {secret}",
            )
            for position, number in enumerate(numbers):
                connection.execute(
                    insert(ScanKey).values(scan_id=scan, position=position, pseudonym_id=number)
                )
            connection.execute(
                insert(ScanIdentity).values(
                    scan_id=scan, sealing="hpke-1", key="k", box=secret.encode(), binding=b"[]"
                )
            )
            persons = connection.scalars(
                select(Pseudonym.person_id).where(Pseudonym.id.in_(numbers))
            ).all()
            connection.execute(
                text(
                    "INSERT INTO stale_visits (person_id, since_ms) VALUES "
                    + ", ".join(f"({person}, 0)" for person in set(persons))
                    + " ON CONFLICT DO NOTHING"
                )
            )
        return scan

    def companions(self, of: int, *, day: int = 0) -> None:
        self.counter += 1
        world.store_companions(
            self.engine, self.place, of=of, counter=self.counter, at_ms=NOON + day * DAY_MS
        )

    def refused(self, *, day: int = 0) -> None:
        with self.writing() as connection:
            add(
                connection,
                RefusedRecord,
                source="k",
                digest=bytes(31) + bytes([day % 256]),
                reason="conflict",
                detail="d",
                payload=b"p",
                received_ms=NOON + day * DAY_MS,
            )

    def link(self, one: int, other: int, **more: object) -> int:
        """Two numbers in one link; who they are is left to the caller."""
        values = {"reason": "scan", "made_at": 0, "made_by": "t", **more}
        with self.writing() as connection:
            return add(
                connection, Link, first_id=min(one, other), second_id=max(one, other), **values
            )

    def imported(self, ref: str) -> int:
        with self.writing() as connection:
            person = add(connection, Person, created_at=0)
            connection.execute(insert(ImportedVisitor).values(person_id=person, ref=ref))
        return person

    def case(self, ref: str, *persons: int, closed_at: int | None = None) -> int:
        """A case with everything a case can hold, about these persons; the first is its F0."""
        with self.writing() as connection:
            case = add(
                connection,
                Case,
                ref=ref,
                disease="sởi",
                lab_ref="XN-1",
                onset_at=1,
                rule_version="2026-1",
                opened_at=1,
                opened_by="t",
                closed_at=closed_at,
            )
            inside = [
                add(
                    connection,
                    CasePerson,
                    case_id=case,
                    person_id=person,
                    ref=f"R{person}",
                    role="F1" if number else "F0",
                    state="new",
                    added_at=1,
                    added_by="t",
                )
                for number, person in enumerate(persons)
            ]
            for contact in inside[1:]:
                connection.execute(
                    insert(CaseExposure).values(
                        contact_id=contact,
                        index_id=inside[0],
                        tier="A",
                        certain_s=1,
                        expected_s=1,
                        possible_s=1,
                        first_at=1,
                        places="[]",
                    )
                )
            told = {"case_id": case, "made_by": "t"}
            spans = ("start_earliest", "start_at", "start_latest", "end_earliest", "end_at")
            stay = {**dict.fromkeys(spans, 1), "end_latest": 1, "source": "by_hand", "made_at": 1}
            first = add(
                connection,
                Milestone,
                **{**told, **stay, "index_id": inside[0], "words": "nhà", "state": "replaced"},
            )
            add(
                connection,
                Milestone,
                **{**told, **stay, "index_id": inside[0], "words": "nhà", "state": "confirmed"},
                replaces_id=first,
            )
            for member in [None, *inside]:
                add(connection, CaseEvent, **told, person_id=member, at_ms=1, kind="k", detail="{}")
            frozen = add(
                connection,
                FrozenResult,
                **told,
                at_ms=1,
                decision="d",
                content=b"c",
                digest=bytes(32),
                signature=bytes(64),
            )
            connection.execute(
                insert(CaseLook).values(case_id=case, seen_by="t", frozen_id=frozen, at_ms=1)
            )
            add(
                connection,
                NameOpening,
                case_id=case,
                asked_ms=1,
                asked_by="t",
                purpose="p",
                persons="[]",
                state="asked",
            )
            for person in persons:
                add(connection, OpenedName, actor="t", at_ms=1, case_id=case, person_id=person)
        return case

    def derive(self) -> None:
        derivation.drain(self.engine, now_ms=NOON)

    def rebuild(self) -> None:
        derivation.rebuild(self.engine, now_ms=NOON)

    def days(self) -> list[int]:
        """Days there are stays of, counted from day 0."""
        with self.engine.connect() as connection:
            return [day - DAY0 for day in storage.of(connection).days(connection)]

    def stays_of(self, person: int) -> list[tuple[int, int | None]]:
        """A person's stays as hours since noon of day 0."""
        with self.engine.connect() as connection:
            found = storage.of(connection).of_persons(connection, [person], *derivation.EVER)
        start = NOON // 1000
        return [
            (
                (each.visit.entered_at - start) // 3600,
                None if each.visit.left_at is None else (each.visit.left_at - start) // 3600,
            )
            for each in found
        ]

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            rows = select(func.count()).select_from(Base.metadata.tables[table])
            return connection.scalar(rows) or 0

    def rows(self) -> Mapping[str, int]:
        return {name: self.count(name) for name in Base.metadata.tables}

    def log(self, action: str) -> list[Mapping[str, Any]]:
        with self.engine.connect() as connection:
            table = Base.metadata.tables["audit_log"]
            query = select(table).where(table.c.action == action).order_by(table.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]
