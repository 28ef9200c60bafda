"""Judge, store, and only then say so: with a broker made of lists and a database that fails."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from fleet_server import database
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.ingest.inbox import Inbox, Message
from fleet_server.ingest.judge import Judged, judge
from fleet_server.ingest.worker import Worker
from fleet_server.models import Base, RefusedRecord, Scan
from fleet_server.settings import Ingest
from tests.support import world
from tests.support.programs import wait_until
from tests.support.records import NOON_MS, SealingKeys, make_batch, make_kiosk_record
from wire import codec
from wire.receipts import Receipt

KEYS = SealingKeys()
PSEUDONYMS = PseudonymKey(bytes(32))
TOPIC = "tram/1/cho-mau-1/scans"


@dataclass
class Lists:
    """An outlet that remembers, in order."""

    said: list[Receipt] = field(default_factory=list)
    acknowledged: list[Message] = field(default_factory=list)
    reconnected: int = 0

    def publish(self, topic: str, payload: bytes) -> None:
        assert topic == "tram/1/cho-mau-1/receipts"
        assert not self.acknowledged or self.said
        self.said.append(codec.decode(payload, Receipt))

    def acknowledge(self, message: Message) -> None:
        self.acknowledged.append(message)

    def reconnect(self) -> None:
        self.reconnected += 1


@dataclass
class Bench:
    """A worker in a thread, and both its ends."""

    engine: Engine
    inbox: Inbox
    outlet: Lists
    stopping: threading.Event
    thread: threading.Thread

    def send(self, *records: bytes, topic: str = TOPIC) -> None:
        message = Message(topic, make_batch(records), False, NOON_MS + 9_000, len(records))
        assert self.inbox.put(message)

    def stop(self) -> None:
        self.inbox.close()
        self.stopping.set()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def count(self, table: type[Base]) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0


def _judge(topic: str, payload: bytes, received_ms: int) -> Judged:
    return judge(
        topic, payload, received_ms=received_ms, key=KEYS.ingest, pseudonym=PSEUDONYMS.digest
    )


@pytest.fixture
def bench(sqlite_url: str) -> Iterator[Bench]:
    engine = database.connect(sqlite_url)
    world.one_venue(engine)
    inbox, outlet, stopping = Inbox(), Lists(), threading.Event()
    worker = Worker(
        engine,
        inbox,
        outlet,
        judge=_judge,
        now_ms=lambda: NOON_MS + 10_000,
        settings=Ingest(retry_s=0.05, retry_max_s=0.2),
        stopping=stopping,
    )
    bench = Bench(engine, inbox, outlet, stopping, threading.Thread(target=worker.run))
    bench.thread.start()
    yield bench
    if bench.thread.is_alive():
        bench.stop()
    engine.dispose()


def _fail(engine: Engine, when: Callable[[str, object], Exception | None]) -> None:
    """Makes statements fail as the database itself would."""

    @event.listens_for(engine, "before_cursor_execute")
    def check(_c: object, _k: object, statement: str, given: object, _x: object, _m: bool) -> None:
        if problem := when(statement, given):
            raise problem


def test_receipts_come_before_acknowledgements_and_both_after_the_commit(bench: Bench) -> None:
    bench.send(make_kiosk_record(KEYS, counter=1), make_kiosk_record(KEYS, counter=2))
    wait_until(lambda: bool(bench.outlet.acknowledged), what="the acknowledgement")
    assert bench.count(Scan) == 2
    assert [told.stored[0][1:] for told in bench.outlet.said] == [(1, 2)]
    wait_until(lambda: world.count_visits(bench.engine) == 2, what="visits")


def test_while_the_database_fails_the_same_batch_is_tried_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    away = threading.Event()
    away.set()
    _fail(
        bench.engine,
        lambda _s, _g: (
            OperationalError("x", {}, Exception("server gone")) if away.is_set() else None
        ),
    )
    for counter in (1, 2, 3):
        bench.send(make_kiosk_record(KEYS, counter=counter))
    wait_until(lambda: caplog.text.count("trying again in 0.2 s") >= 2, what="back-off")
    assert "server gone" in caplog.text
    pauses = [record.getMessage() for record in caplog.records if "database:" in record.msg]
    assert "0.05 s" in pauses[0]
    assert "0.1 s" in pauses[1]
    assert (bench.outlet.said, bench.outlet.acknowledged) == ([], [])
    away.clear()
    wait_until(lambda: len(bench.outlet.acknowledged) == 3, what="acknowledgements")
    assert bench.count(Scan) == 3


def test_stopping_while_the_database_fails_acknowledges_nothing(bench: Bench) -> None:
    _fail(bench.engine, lambda _s, _g: OperationalError("x", {}, Exception("gone")))
    bench.send(make_kiosk_record(KEYS, counter=1))
    wait_until(lambda: len(bench.inbox) == 0, what="the message taken")
    time.sleep(0.2)
    bench.stop()
    assert (bench.outlet.said, bench.outlet.acknowledged) == ([], [])


def test_what_is_in_the_inbox_is_stored_before_the_end(bench: Bench) -> None:
    for counter in range(1, 51):
        bench.send(make_kiosk_record(KEYS, counter=counter))
    bench.stop()
    assert bench.count(Scan) == len(bench.outlet.acknowledged) == 50


def test_one_record_the_database_does_not_take_is_refused_and_the_others_stored(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    _fail(
        bench.engine,
        lambda statement, given: (
            DataError("x", {}, Exception("no such character"))
            if statement.startswith("INSERT INTO scans") and "poison" in repr(given)
            else None
        ),
    )
    good = [make_kiosk_record(KEYS, counter=counter) for counter in (1, 2, 4)]
    bad = make_kiosk_record(KEYS, counter=3, boot="poison")
    bench.send(*good[:2], bad, good[2])
    bench.send(make_kiosk_record(KEYS, counter=5))
    wait_until(lambda: len(bench.outlet.acknowledged) == 2, what="acknowledgements")
    stored = {
        counter
        for told in bench.outlet.said
        for _, first, last in told.stored
        for counter in range(first, last + 1)
    }
    refused = [(each.counter, each.reason) for told in bench.outlet.said for each in told.refused]
    assert (stored, refused) == ({1, 2, 4, 5}, [(3, "not_storable")])
    assert bench.count(RefusedRecord) == 1
    assert "does not take a record of cho-mau-1" in caplog.text


def test_losing_a_race_for_a_new_row_is_tried_again_at_once(bench: Bench) -> None:
    left = [2]

    def race(statement: str, _given: object) -> Exception | None:
        if statement.startswith("INSERT INTO scans") and left[0]:
            left[0] -= 1
            return IntegrityError("x", {}, Exception("duplicate key"))
        return None

    _fail(bench.engine, race)
    bench.send(make_kiosk_record(KEYS, counter=1))
    wait_until(lambda: bool(bench.outlet.acknowledged), what="the acknowledgement")
    assert bench.outlet.said[0].stored[0][1:] == (1, 1)


def test_our_own_server_state_is_not_taken_for_a_kiosk(bench: Bench) -> None:
    bench.inbox.put(Message("tram/1/server/state", b'{"state":"online"}', True, 1))
    wait_until(lambda: len(bench.outlet.acknowledged) == 1, what="the acknowledgement")
    assert bench.count(RefusedRecord) == 0


def test_a_full_inbox_turns_away_and_the_link_is_asked_to_fetch_it_again() -> None:
    inbox = Inbox(max_bytes=10)
    assert inbox.put(Message("t", b"12345678", False, 1))
    assert not inbox.put(Message("t", b"123", False, 2))
    assert inbox.put(Message("t", b"12", False, 3))
    assert (inbox.turned_away(), inbox.turned_away()) == (1, 0)
    taken = [inbox.take(wait_s=0), inbox.take(wait_s=0)]
    assert [message.received_ms for message in taken if message] == [1, 3]
    assert inbox.put(Message("t", b"1234567890", False, 4))
    inbox.close()
    assert not inbox.put(Message("t", b"", False, 5))
    assert inbox.take(wait_s=5) is not None
    assert inbox.take(wait_s=5) is None


def test_messages_turned_away_are_fetched_by_a_new_connection(bench: Bench) -> None:
    bench.inbox._turned_away = 1
    wait_until(lambda: bench.outlet.reconnected == 1, what="the reconnection")
