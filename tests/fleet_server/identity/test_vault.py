"""The vault opens, finds, and writes down every answer and every miss before it gives it."""

import contextlib
import datetime as dt
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.engine import RowMapping

from fleet_server import database, keys
from fleet_server.errors import VaultAway
from fleet_server.fleet import cards
from fleet_server.identity import opening
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.numbers import BadNumber
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault import Vault
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import (
    BadRequest,
    Failed,
    Find,
    Found,
    Open,
    Opened,
    Sign,
)
from fleet_server.identity.vault_server import VaultServer
from fleet_server.models import (
    AuditEntry,
    CardIdentity,
    Credential,
    Kiosk,
    Person,
    Pseudonym,
    RestrictedPerson,
    RightsRequest,
    Scan,
    ScanIdentity,
    ScanKey,
)
from tests.fleet_server.homes import Home
from tests.support import world
from tests.support.casework import make_case, put_in_case
from wire import card, sealing
from wire.errors import CannotOpen
from wire.records import IdentityPart, Record

AT_MS = world.NOON_MS
ASKED = {"case": "ca-1", "purpose": "gọi điện", "actor": "truy-vet-1"}
MAU = IdentityPart(name="Nguyễn Văn Mẫu", phone="0900000000")


@dataclass
class World:
    """A vault over a database, and what makes rows in it."""

    engine: Engine
    key: X25519PrivateKey
    pseudonyms: PseudonymKey
    signer: Ed25519PrivateKey
    vault: Vault

    def open(self, *persons: str) -> list[messages.OpenedPerson]:
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            put_in_case(connection, ASKED["case"], *persons)
        reply = self.vault.answer(messages.line(Open(persons=list(persons), **ASKED)), uid=7)
        assert isinstance(reply, Opened)
        return reply.persons

    def find(self, kind: str, number: str) -> list[str]:
        reply = self.vault.answer(messages.line(Find(kind=kind, number=number, **ASKED)), uid=7)
        assert isinstance(reply, Found)
        return reply.persons

    def log(self) -> list[RowMapping]:
        with self.engine.connect() as connection:
            query = select(AuditEntry.__table__).order_by(AuditEntry.id)
            return list(connection.execute(query).mappings())

    def card(self, identity: IdentityPart | None, *, number: int = 1) -> cards.Issued:
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            return cards.issue(
                connection,
                card_id=number.to_bytes(16, "big"),
                issued=dt.date(2026, 1, 1),
                sign=self.signer,
                pseudonyms=self.pseudonyms,
                vault=self.key.public_key(),
                identity=identity,
                at_ms=AT_MS,
                actor="t",
            )

    def scan(self, part: IdentityPart, *, number: str, counter: int, at_ms: int = AT_MS) -> str:
        """One ID card shown at a kiosk; the visitor's reference."""
        with self.engine.connect() as connection:
            known = connection.scalar(select(Kiosk.id).where(Kiosk.ref == "cho-mau-1"))
        if known is None:
            world.one_venue(self.engine)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            kiosk = connection.execute(select(Kiosk).where(Kiosk.ref == "cho-mau-1")).one()
            digest = self.pseudonyms.digest("cccd", number)
            row = connection.execute(
                select(Pseudonym.id, Pseudonym.person_id).where(Pseudonym.digest == digest)
            ).one_or_none()
            if row is None:
                person = connection.scalar(insert(Person).values(created_at=0).returning(Person.id))
                pseudonym = connection.scalar(
                    insert(Pseudonym)
                    .values(digest=digest, space="cccd", person_id=person, created_at=0)
                    .values(own_person_id=person)
                    .returning(Pseudonym.id)
                )
                credential = connection.scalar(
                    insert(Credential)
                    .values(kind="cccd", pseudonym_id=pseudonym, authentic=False, first_seen_at=0)
                    .returning(Credential.id)
                )
            else:
                pseudonym, person = row
                credential = connection.scalar(
                    select(Credential.id).where(Credential.pseudonym_id == pseudonym)
                )
            record = Record(
                counter=counter, direction="in", wall_ms=at_ms, mono_ms=5, boot="b", synced=True
            )
            binding = sealing.binding("cho-mau-1", world.EPOCH, record)
            sealed = sealing.seal(part, self.key.public_key(), binding)
            scan = connection.scalar(
                insert(Scan)
                .values(kiosk_id=kiosk.id, epoch=world.EPOCH, counter=counter, digest=bytes(32))
                .values(venue_id=1, direction="in", wall_ms=at_ms, corrected_ms=at_ms)
                .values(earliest_ms=at_ms, latest_ms=at_ms, received_ms=at_ms, mono_ms=5)
                .values(boot="b", synced=True, credential_id=credential, label="N***")
                .returning(Scan.id)
            )
            connection.execute(
                insert(ScanKey).values(scan_id=scan, position=0, pseudonym_id=pseudonym)
            )
            connection.execute(
                insert(ScanIdentity).values(
                    scan_id=scan, binding=binding, **msgspec.structs.asdict(sealed)
                )
            )
        return f"P{person}"


@pytest.fixture
def w(engine: Engine) -> World:
    key, signer = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pseudonyms = PseudonymKey(bytes(range(32)))
    known = {card.key_id(signer.public_key()): signer.public_key()}
    vault = Vault(
        engine,
        key=key,
        sign=Ed25519PrivateKey.generate(),
        pseudonyms=pseudonyms,
        card_keys=known,
        names_per_day=30,
        now_ms=lambda: AT_MS + 5,
    )
    with engine.execution_options(**database.WRITES).begin() as connection:
        make_case(connection, ASKED["case"])
    return World(engine, key, pseudonyms, signer, vault)


def test_a_card_opens_to_whom_it_was_issued(w: World) -> None:
    visitor = w.card(MAU).visitor
    (person,) = w.open(visitor)
    assert (person.visitor, person.person, person.known) == (visitor, visitor, MAU)
    assert [identity.kind for identity in person.identities] == ["card"]
    assert person.unreadable == 0


def test_a_card_without_a_name_opens_to_nothing(w: World) -> None:
    (person,) = w.open(w.card(None).visitor)
    assert (person.known, person.identities) == (IdentityPart(), [])


def test_scans_open_newest_first_and_are_merged_field_by_field(w: World) -> None:
    old = IdentityPart(name="Nguyễn Văn Mẫu", address="Số 1, Phường Thử")
    new = IdentityPart(name="Nguyễn Văn Mẫu", phone="0900000001")
    visitor = w.scan(old, number="001090000001", counter=1, at_ms=AT_MS)
    assert w.scan(new, number="001090000001", counter=2, at_ms=AT_MS + 1000) == visitor
    w.scan(new, number="001090000001", counter=3, at_ms=AT_MS + 2000)
    (person,) = w.open(visitor)
    assert [identity.part for identity in person.identities] == [new, old]
    assert person.known == IdentityPart(
        name="Nguyễn Văn Mẫu", phone="0900000001", address="Số 1, Phường Thử"
    )


def test_several_cards_of_one_person_open_together(w: World) -> None:
    card = w.card(MAU).visitor
    scan = w.scan(IdentityPart(birth="1990-01-01"), number="001090000001", counter=1)
    with w.engine.execution_options(**database.WRITES).begin() as connection:
        first, other = int(card[1:]), int(scan[1:])
        connection.execute(
            update(Pseudonym).where(Pseudonym.person_id == other).values(person_id=first)
        )
        connection.execute(update(Person).where(Person.id == other).values(merged_into=first))
    for asked in (card, scan):
        (person,) = w.open(asked)
        assert person.person == card
        assert (person.known.name, person.known.birth) == ("Nguyễn Văn Mẫu", "1990-01-01")


def test_an_identity_moved_to_another_card_does_not_open(w: World) -> None:
    w.card(MAU)
    other = w.card(None, number=2).visitor
    with w.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            update(CardIdentity).values(
                credential_id=select(Credential.id)
                .order_by(Credential.id.desc())
                .limit(1)
                .scalar_subquery()
            )
        )
    (person,) = w.open(other)
    assert (person.identities, person.unreadable) == ([], 1)


def test_an_identity_sealed_to_a_lost_key_is_counted_not_fatal(w: World) -> None:
    visitor = w.card(MAU).visitor
    stranger = X25519PrivateKey.generate().public_key()
    box = sealing.seal(MAU, stranger, b"").box
    with w.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(CardIdentity).values(box=box))
    (person,) = w.open(visitor)
    assert (person.known, person.unreadable) == (IdentityPart(), 1)


def test_who_is_restricted_while_it_is_opened_is_not_given(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*given: Any) -> list[messages.OpenedPerson]:
        opened = open_persons(*given)
        with w.engine.execution_options(**database.WRITES).begin() as connection:
            request = connection.scalar(
                insert(RightsRequest)
                .values(person_id=int(visitor[1:]), kind="restrict", asked_ms=0, asked_by="t")
                .values(acknowledge_by=0, due_by=0, words="", outcome="", detail="")
                .returning(RightsRequest.id)
            )
            connection.execute(
                insert(RestrictedPerson).values(
                    person_id=int(visitor[1:]), since_ms=0, request_id=request
                )
            )
        return opened

    visitor = w.card(MAU).visitor
    open_persons = opening.open_persons
    monkeypatch.setattr(opening, "open_persons", slowly)
    (person,) = w.open(visitor)
    assert (person.known, person.identities, person.restricted) == (IdentityPart(), [], True)


def test_a_person_is_found_by_document_and_card(w: World) -> None:
    scanned = w.scan(MAU, number="001090000001", counter=1)
    card = w.card(None)
    assert w.find("document", "001 090 000 001") == [scanned]
    assert w.find("card", card.text) == w.find("card", card.id) == [card.visitor]
    assert w.find("document", "001090000002") == []
    assert w.find("insurance", "0123456789") == []


def test_every_answer_and_every_miss_is_in_the_log(w: World) -> None:
    card = w.card(MAU)
    before = len(w.log())
    w.open(card.visitor, "P999", "001090000001")
    w.find("card", card.id)
    w.find("document", "001090000002")
    lines = w.log()[before:]
    assert [(line["action"], line["subject"]) for line in lines] == [
        ("vault.open", card.visitor),
        ("vault.open", ""),
        ("vault.open", ""),
        ("vault.find", card.visitor),
        ("vault.find", ""),
    ]
    for line in lines:
        assert (line["case_ref"], line["purpose"], line["actor"]) == (
            *("ca-1", "gọi điện", "truy-vet-1"),
        )
        assert msgspec.json.decode(line["detail"])["uid"] == 7
    # What was asked for may be a number: it is not repeated.
    assert "00109000000" not in str(lines)


def test_where_the_log_cannot_be_written_nothing_is_opened(w: World) -> None:
    card = w.card(MAU)
    w.open(card.visitor)
    with w.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log RENAME TO audit_log_gone"))
    for request in (
        Open(persons=[card.visitor], **ASKED),
        Find(kind="card", number=card.id, **ASKED),
    ):
        reply = w.vault.answer(messages.line(request), uid=0)
        assert isinstance(reply, Failed)
        assert reply.reason == "away"
        assert "Nguyễn" not in str(reply)


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"type":"open"}',
        b'{"type":"dump","case":"c","purpose":"p","actor":"a"}',
        b'{"type":"open","persons":[],"case":"c","purpose":"p","actor":"a"}',
        b'{"type":"open","persons":["P1"],"case":"","purpose":"p","actor":"a"}',
        b'{"type":"open","persons":["P1"],"case":"c","purpose":"  ","actor":"a"}',
        b'{"type":"open","persons":["P1"],"case":"c","purpose":"p","actor":"a\\nb"}',
        b'{"type":"open","persons":["P1"],"case":"c","purpose":"p"}',
        b'{"type":"open","persons":"P1","case":"c","purpose":"p","actor":"a"}',
        b'{"type":"open","persons":["P1"],"case":"c","purpose":"p","actor":"a","all":true}',
        b'{"type":"find","kind":"card","number":"","case":"c","purpose":"p","actor":"a"}',
        b"[" * 40_000,
        b'{"type":"open","persons":["' + b"P" * 140_000 + b'"]}',
        msgspec.json.encode(
            {"type": "open", "persons": ["P1"] * 5001, "case": "c", "purpose": "p", "actor": "a"}
        ),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused(request_line: bytes) -> None:
    with pytest.raises(BadRequest):
        messages.parse(request_line)


def test_ten_thousand_random_lines_do_nothing_worse_than_be_refused() -> None:
    rng = random.Random(5)
    pieces = [
        *(b'{"type":"open"', b'"persons":["P1"]', b'"case":"c"', b'"purpose":"p"', b'"actor":"a"'),
        *(b"}", b",", b"[", b"\\u0000", b"\xff", b"9" * 400, b'"kind":"card","number":"1"'),
    ]
    refused = 0
    for _ in range(10_000):
        if rng.random() < 0.5:
            line = rng.randbytes(rng.randrange(200))
        else:
            line = b"".join(rng.choices(pieces, k=rng.randrange(12)))
        with contextlib.suppress(BadRequest):
            assert isinstance(messages.parse(line), Open | Find | Sign)
            continue
        refused += 1
    assert refused > 9_000


@pytest.fixture
def served(w: World, tmp_path: Path) -> Iterator[VaultClient]:
    with VaultServer(tmp_path / "v.sock", w.vault) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield VaultClient(tmp_path / "v.sock", timeout_s=10)
        finally:
            server.shutdown()
            thread.join()


def test_a_client_gets_what_it_may_and_a_clear_word_for_the_rest(
    w: World, served: VaultClient
) -> None:
    card = w.card(MAU)
    w.open(card.visitor)
    (person,) = served.open([card.visitor], **ASKED)
    assert person.known == MAU
    assert served.find("card", card.text, **ASKED) == [card.visitor]
    with pytest.raises(BadNumber, match="10 digits"):
        served.find("phone", "09000", **ASKED)
    with pytest.raises(BadRequest):
        served.open([card.visitor], case="", purpose="p", actor="a")


def test_many_callers_at_once_are_all_answered_and_all_logged(
    w: World, served: VaultClient
) -> None:
    visitor = w.card(MAU).visitor
    w.open(visitor)
    names: list[str] = []

    def ask() -> None:
        for _ in range(3):
            (person,) = served.open([visitor], **ASKED)
            names.append(person.known.name)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == ["Nguyễn Văn Mẫu"] * 36
    assert sum(line["action"] == "vault.open" for line in w.log()) == 37


def test_a_line_without_end_is_cut_off(w: World, served: VaultClient, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as endless:
        endless.connect(str(tmp_path / "v.sock"))
        endless.settimeout(10)
        with contextlib.suppress(BrokenPipeError):
            endless.sendall(b"x" * (messages.MAX_REQUEST_BYTES + 1000))
        assert b"bad_request" in endless.recv(4096)
    assert served.find("document", "001090000001", **ASKED) == []


def test_a_vault_that_is_away_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(VaultAway, match="nothing was opened"):
        VaultClient(tmp_path / "nobody.sock").open(["P1"], **ASKED)


def test_a_vault_that_hangs_up_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "rude.sock"
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(str(path))
        rude.listen()

        def hang_up() -> None:
            rude.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(VaultAway):
            VaultClient(path).open(["P1"], **ASKED)
        thread.join()


def test_the_keys_of_the_other_processes_open_nobody(home: Home) -> None:
    public = keys.public(home.settings.keys_dir).keyset
    sealed = sealing.seal(MAU, public.vault_key(), b"bound")
    held = [keys.ingest(home.settings.keys_dir).open]
    session = keys.web(home.settings.keys_dir).session
    held.append(X25519PrivateKey.from_private_bytes(session))
    for key in held:
        with pytest.raises(CannotOpen):
            sealing.open_sealed(sealed, IdentityPart, key, b"bound")
    vault = keys.vault(home.settings.keys_dir).open
    assert sealing.open_sealed(sealed, IdentityPart, vault, b"bound") == MAU


@pytest.mark.slow
def test_the_web_process_does_not_even_load_what_opens() -> None:
    code = (
        "import sys, fleet_server.web.run;"
        "print([name for name in sys.modules if name in"
        " ('fleet_server.identity.opening', 'fleet_server.identity.vault',"
        " 'fleet_server.identity.vault_server')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
