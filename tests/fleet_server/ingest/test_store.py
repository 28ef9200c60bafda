"""From judged messages to rows: nothing twice, nothing lost, everything said in the outcome."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.ingest import presence
from fleet_server.ingest.judge import Judged, judge
from fleet_server.ingest.presence import Heard
from fleet_server.ingest.receipts import receipt
from fleet_server.ingest.store import Outcome, store
from fleet_server.models import (
    Alarm,
    AuditEntry,
    Base,
    Companions,
    Credential,
    Kiosk,
    Link,
    Outage,
    Person,
    Posting,
    Presence,
    Pseudonym,
    RefusedRecord,
    Scan,
    ScanIdentity,
    ScanKey,
    StaleVisits,
    Venue,
    VenueType,
)
from fleet_server.times import iso
from fleet_server.tracing import gaps
from tests.support import world
from tests.support.records import (
    EPOCH,
    NOON_MS,
    SealingKeys,
    make_batch,
    make_kiosk_record,
    tracing_part,
)
from wire import codec
from wire.presence import DISCONNECTED, LOST, READY, State
from wire.receipts import CONFLICT
from wire.records import COMPANIONS, BatchClock, IdentityPart, TracingPart

KEYS = SealingKeys()
PSEUDONYMS = PseudonymKey(bytes(32))
SENT_MS = NOON_MS + 1_000
RECEIVED_MS = NOON_MS + 5_000


def _batch(*records: bytes, kiosk: str = "cho-mau-1", received_ms: int = RECEIVED_MS) -> Judged:
    return judge(
        f"tram/1/{kiosk}/scans",
        make_batch(records),
        received_ms=received_ms,
        key=KEYS.ingest,
        pseudonym=PSEUDONYMS.digest,
    )


def _store(engine: Engine, *messages: Judged, heard: Sequence[Heard] = ()) -> list[Outcome]:
    with engine.execution_options(**database.WRITES).begin() as connection:
        return store(connection, messages, heard, now_ms=RECEIVED_MS)


def _count(engine: Engine, table: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def _rows(engine: Engine, table: type[Base]) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(Base.metadata.tables[table.__tablename__])))


def _reasons(outcome: Outcome) -> list[tuple[int, str]]:
    return [(refused.counter, refused.reason) for refused in outcome.refused]


def test_a_record_is_stored_with_everything_known_of_it(engine: Engine) -> None:
    place = world.one_venue(engine)
    part = tracing_part(("qid", "1"), ("bhyt", "2"), kind="national", label="N. V. M.")
    identity = IdentityPart(name="Nguyễn Văn Mẫu", phone="0900000000")
    (outcome,) = _store(engine, _batch(make_kiosk_record(KEYS, part=part, identity=identity)))
    assert (outcome.stored, outcome.refused) == ([1], [])
    (scan,) = _rows(engine, Scan)
    assert (scan.kiosk_id, scan.epoch, scan.counter) == (place.kiosk_id, EPOCH, 1)
    assert (scan.venue_id, scan.gate_id) == (place.venue_id, place.gate_id)
    assert (scan.direction, scan.label, scan.synced) == ("in", "N. V. M.", True)
    assert {scan.wall_ms, scan.corrected_ms, scan.earliest_ms, scan.latest_ms} == {NOON_MS}
    assert scan.received_ms == RECEIVED_MS
    digests = {row.id: bytes(row.digest) for row in _rows(engine, Pseudonym)}
    keys = sorted(_rows(engine, ScanKey), key=lambda row: row.position)
    assert [digests[row.pseudonym_id] for row in keys] == [
        PSEUDONYMS.digest("qid", "1"),
        PSEUDONYMS.digest("bhyt", "2"),
    ]
    (credential,) = _rows(engine, Credential)
    assert (credential.kind, credential.authentic) == ("national", False)
    assert (credential.id, credential.pseudonym_id) == (scan.credential_id, keys[0].pseudonym_id)
    (sealed,) = _rows(engine, ScanIdentity)
    assert b"0900000000" not in bytes(sealed.box)
    assert sealed.sealing == "hpke-1"
    assert [link.reason for link in _rows(engine, Link)] == ["scan"]
    assert len({row.person_id for row in _rows(engine, Pseudonym)}) == 1


def test_a_record_that_comes_again_is_stored_once_and_receipted_again(engine: Engine) -> None:
    world.one_venue(engine)
    raw = [make_kiosk_record(KEYS, counter=counter) for counter in (1, 2, 3)]
    _store(engine, _batch(*raw[:2]))
    (again,) = _store(engine, _batch(*raw))
    assert sorted(again.stored) == [1, 2, 3]
    assert _count(engine, Scan) == 3
    assert (_count(engine, Alarm), _count(engine, RefusedRecord)) == (0, 0)


def test_a_record_that_comes_twice_in_one_transaction_is_stored_once(engine: Engine) -> None:
    world.one_venue(engine)
    raw = make_kiosk_record(KEYS)
    outcomes = _store(engine, _batch(raw, raw), _batch(raw))
    assert [outcome.stored for outcome in outcomes] == [[1, 1], [1]]
    assert _count(engine, Scan) == 1


def test_one_id_with_other_content_is_a_conflict_kept_and_alarmed(engine: Engine) -> None:
    place = world.one_venue(engine)
    mine, other = (make_kiosk_record(KEYS, wall_ms=NOON_MS + ms) for ms in (0, 1))
    _store(engine, _batch(mine))
    for _ in range(2):
        (outcome,) = _store(engine, _batch(other))
        assert (outcome.stored, _reasons(outcome)) == ([], [(1, CONFLICT)])
    (scan,) = _rows(engine, Scan)
    assert scan.wall_ms == NOON_MS
    (kept,) = _rows(engine, RefusedRecord)
    assert (kept.source, kept.epoch, kept.counter) == ("cho-mau-1", EPOCH, 1)
    assert (kept.reason, bytes(kept.payload), kept.times) == (CONFLICT, other, 2)
    (alarm,) = _rows(engine, Alarm)
    assert (alarm.kind, alarm.kiosk_id) == (CONFLICT, place.kiosk_id)


def test_a_conflict_within_one_transaction_is_seen_too(engine: Engine) -> None:
    world.one_venue(engine)
    mine, other = (make_kiosk_record(KEYS, wall_ms=NOON_MS + ms) for ms in (0, 1))
    (outcome,) = _store(engine, _batch(mine, other))
    assert (outcome.stored, _reasons(outcome)) == ([1], [(1, CONFLICT)])


def _press(counter: int, *, of: int = 1, change: int = 1) -> bytes:
    part = TracingPart(kind=COMPANIONS, companions=change, of=of)
    return make_kiosk_record(KEYS, counter=counter, part=part)


def test_companions_are_stored_once_and_are_no_scan_of_anybody(engine: Engine) -> None:
    world.one_venue(engine)
    records = [make_kiosk_record(KEYS), _press(2), _press(3, change=-1)]
    for _ in range(2):
        (outcome,) = _store(engine, _batch(*records))
        assert (outcome.stored, outcome.refused) == ([1, 2, 3], [])
    assert [(row.of_counter, row.change) for row in _rows(engine, Companions)] == [(1, 1), (1, -1)]
    assert (_count(engine, Scan), _count(engine, Person), _count(engine, Pseudonym)) == (1, 1, 1)


def test_companions_may_arrive_before_their_scan(engine: Engine) -> None:
    world.one_venue(engine)
    (first,) = _store(engine, _batch(_press(2)))
    (second,) = _store(engine, _batch(make_kiosk_record(KEYS)))
    assert (first.stored, second.stored) == ([2], [1])


def test_one_id_is_a_scan_or_companions_and_never_both(engine: Engine) -> None:
    world.one_venue(engine)
    scan, press = make_kiosk_record(KEYS, counter=1), _press(2)
    _store(engine, _batch(scan, press))
    (outcome,) = _store(engine, _batch(_press(1), make_kiosk_record(KEYS, counter=2)))
    assert _reasons(outcome) == [(1, CONFLICT), (2, CONFLICT)]
    assert (_count(engine, Scan), _count(engine, Companions)) == (1, 1)


def test_the_same_counter_of_another_epoch_or_kiosk_is_another_record(engine: Engine) -> None:
    place = world.one_venue(engine)
    world.another_kiosk(engine, place, kiosk="cho-mau-2")
    other = make_kiosk_record(KEYS, epoch="f" * 32)
    theirs = make_kiosk_record(KEYS, kiosk="cho-mau-2")
    second = judge(
        "tram/1/cho-mau-1/scans",
        make_batch([other], epoch="f" * 32),
        received_ms=RECEIVED_MS,
        key=KEYS.ingest,
        pseudonym=PSEUDONYMS.digest,
    )
    _store(engine, _batch(make_kiosk_record(KEYS)), second, _batch(theirs, kiosk="cho-mau-2"))
    assert _count(engine, Scan) == 3


def test_an_unknown_kiosk_is_refused_until_it_is_made(engine: Engine) -> None:
    raw = make_kiosk_record(KEYS)
    (outcome,) = _store(engine, _batch(raw))
    assert _reasons(outcome) == [(1, "unknown_kiosk")]
    world.one_venue(engine)
    (outcome,) = _store(engine, _batch(raw))
    assert outcome.stored == [1]


def test_a_revoked_kiosk_is_refused_at_once(engine: Engine) -> None:
    world.one_venue(engine)
    _store(engine, _batch(make_kiosk_record(KEYS, counter=1)))
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Kiosk).values(revoked_at=NOON_MS // 1000))
    (outcome,) = _store(engine, _batch(make_kiosk_record(KEYS, counter=2)))
    assert _reasons(outcome) == [(2, "unknown_kiosk")]
    assert "revoked" in outcome.refused[0].detail


def test_a_kiosk_that_stands_nowhere_is_refused(engine: Engine) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(insert(Kiosk).values(ref="cho-mau-1", created_at=0))
    (outcome,) = _store(engine, _batch(make_kiosk_record(KEYS)))
    assert _reasons(outcome) == [(1, "no_posting")]


def test_a_scan_belongs_to_the_posting_of_its_time_or_the_nearest(engine: Engine) -> None:
    place = world.one_venue(engine, since_s=NOON_MS // 1000 - 3600)
    with engine.execution_options(**database.WRITES).begin() as connection:
        kind = connection.scalar(select(VenueType.id).limit(1))
        venue = {"ref": "moi", "name": "Mới", "type_id": kind, "timezone": "Asia/Ho_Chi_Minh"}
        key = connection.execute(insert(Venue).values(**venue, created_at=0)).inserted_primary_key
        assert key is not None
        moved_at = NOON_MS // 1000
        connection.execute(update(Posting).values(valid_to=moved_at))
        posting = {"kiosk_id": place.kiosk_id, "venue_id": key[0], "direction": "in"}
        connection.execute(insert(Posting).values(**posting, valid_from=moved_at))
    times = {1: -7200_000, 2: -1, 3: 0, 4: 3_000}
    records = [
        make_kiosk_record(KEYS, counter=counter, wall_ms=NOON_MS + ms)
        for counter, ms in times.items()
    ]
    _store(engine, _batch(*records))
    venues = {scan.counter: scan.venue_id for scan in _rows(engine, Scan)}
    assert venues == {1: place.venue_id, 2: place.venue_id, 3: key[0], 4: key[0]}


def test_a_revoked_card_is_still_stored(engine: Engine) -> None:
    world.one_venue(engine)
    card = tracing_part(("card", "ab" * 16))
    _store(engine, _batch(make_kiosk_record(KEYS, counter=1, part=card)))
    with engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Credential).values(revoked_at=1))
    (outcome,) = _store(engine, _batch(make_kiosk_record(KEYS, counter=2, part=card)))
    assert outcome.stored == [2]
    assert len({scan.credential_id for scan in _rows(engine, Scan)}) == 1


def test_an_unsynchronised_scan_keeps_its_bounds(engine: Engine) -> None:
    world.one_venue(engine)
    raw = make_kiosk_record(KEYS, wall_ms=5, synced=False, boot="boot-0")
    _store(engine, _batch(raw))
    (scan,) = _rows(engine, Scan)
    assert (scan.wall_ms, scan.earliest_ms, scan.corrected_ms) == (5, 5, 5)
    clock = BatchClock(mono_ms=61_000, wall_ms=NOON_MS + 1_000)
    assert scan.latest_ms == clock.wall_ms - clock.mono_ms


def test_a_person_seen_by_one_number_and_then_by_two_is_one_person(engine: Engine) -> None:
    world.one_venue(engine)
    parts = [
        tracing_part(("bhyt", "2"), kind="insurance"),
        tracing_part(("qid", "1"), ("bhyt", "2"), kind="national"),
        tracing_part(("qid", "1"), kind="national"),
    ]
    for counter, part in enumerate(parts, start=1):
        _store(engine, _batch(make_kiosk_record(KEYS, counter=counter, part=part)))
    assert len({row.person_id for row in _rows(engine, Pseudonym)}) == 1
    assert _count(engine, Person) == 2
    assert _count(engine, AuditEntry) == 0  # the second number was new, nobody was merged


def test_two_persons_become_one_by_a_scan_and_the_log_says_so(engine: Engine) -> None:
    world.one_venue(engine)
    parts = [
        tracing_part(("bhyt", "2"), kind="insurance"),
        tracing_part(("qid", "1"), kind="national"),
        tracing_part(("qid", "1"), ("bhyt", "2"), kind="national"),
    ]
    records = [
        make_kiosk_record(KEYS, counter=counter, part=part)
        for counter, part in enumerate(parts, start=1)
    ]
    _store(engine, _batch(*records[:2]))
    _store(engine, _batch(records[2]))
    assert len({row.person_id for row in _rows(engine, Pseudonym)}) == 1
    (line,) = _rows(engine, AuditEntry)
    assert (line.actor, line.action) == ("ingest", "persons.merged")
    with engine.connect() as connection:
        assert audit.verify(connection).fault == ""
    stale = {row.person_id for row in _rows(engine, StaleVisits)}
    assert stale == {row.own_person_id for row in _rows(engine, Pseudonym)}


def test_everybody_scanned_is_marked_in_the_same_transaction(engine: Engine) -> None:
    world.one_venue(engine)
    with engine.execution_options(**database.WRITES).connect() as connection:
        store(connection, [_batch(make_kiosk_record(KEYS))], [], now_ms=RECEIVED_MS)
        connection.rollback()
    assert (_count(engine, Scan), _count(engine, StaleVisits)) == (0, 0)
    _store(engine, _batch(make_kiosk_record(KEYS)))
    assert _count(engine, StaleVisits) == 1


def test_malformed_messages_are_filed_and_counted(engine: Engine) -> None:
    world.one_venue(engine)
    bad = judge(
        "tram/1/cho-mau-1/scans",
        b"\x00nonsense",
        received_ms=RECEIVED_MS,
        key=KEYS.ingest,
        pseudonym=PSEUDONYMS.digest,
    )
    _store(engine, bad, bad)
    (outcome,) = _store(engine, bad)
    (kept,) = _rows(engine, RefusedRecord)
    assert (kept.reason, kept.counter, kept.times) == ("malformed", -1, 3)
    assert receipt(outcome, server_ms=1, audit_head="") is None


def test_presence_follows_the_current_session(engine: Engine) -> None:
    place = world.one_venue(engine)

    def say(state: str, session: str, at_ms: int) -> None:
        said = State(state=state, session=session, since_ms=at_ms)
        _store(engine, heard=[Heard(place.kiosk, at_ms, state=said)])

    say(READY, "first", 1_000)
    say(READY, "second", 2_000)
    say(LOST, "first", 3_000)
    (row,) = _rows(engine, Presence)
    assert (row.state, row.session, row.since_ms, row.heard_ms) == (READY, "second", 2_000, 3_000)
    say(LOST, "second", 4_000)
    (row,) = _rows(engine, Presence)
    assert (row.state, row.session) == (LOST, "second")


def test_scans_count_as_a_sign_of_life_and_retained_messages_do_not(engine: Engine) -> None:
    place = world.one_venue(engine)
    _store(engine, heard=[Heard(place.kiosk, 0, about=b'{"model":"Pi"}')])
    assert [row.heard_ms for row in _rows(engine, Presence)] == [0]
    _store(engine, _batch(make_kiosk_record(KEYS)))
    (row,) = _rows(engine, Presence)
    assert (row.heard_ms, bytes(row.about)) == (SENT_MS, b'{"model":"Pi"}')


def test_what_waited_at_the_broker_is_no_sign_of_life(engine: Engine) -> None:
    place = world.one_venue(engine)
    topic = f"tram/1/{place.kiosk}/state"

    def say(state: str, minute: int) -> None:
        payload = codec.encode(State(state=state, session="s", since_ms=NOON_MS))
        at_ms = NOON_MS + minute * 60_000
        _store(engine, heard=[presence.read(topic, payload, received_ms=at_ms, retained=False)])

    say(READY, 0)
    # The kiosk's power went while the ingest was away. For two hours what it had sent waited at the
    # broker, and its will.
    clock = BatchClock(boot="b", mono_ms=1, wall_ms=NOON_MS + 60_000, synced=True)
    batch = make_batch([make_kiosk_record(KEYS)], clock=clock)
    sent = judge(
        f"tram/1/{place.kiosk}/scans",
        batch,
        received_ms=NOON_MS + 120 * 60_000,
        key=KEYS.ingest,
        pseudonym=PSEUDONYMS.digest,
    )
    _store(engine, sent)
    say(LOST, 120)
    (row,) = _rows(engine, Presence)
    assert (row.state, row.heard_ms) == (LOST, NOON_MS + 60_000)
    with engine.connect() as connection:
        start = NOON_MS // 1000 + 1800
        (gap,) = gaps.gaps(connection, None, start, start + 1800, now=start + 7200)
    assert (gap.reason, gap.since) == ("silent", iso(NOON_MS // 1000 + 60))
    say(READY, 180)
    (away,) = _rows(engine, Outage)
    assert (away.since_ms, away.until_ms) == (NOON_MS + 60_000, NOON_MS + 180 * 60_000)


def test_a_strangers_presence_is_only_counted(engine: Engine) -> None:
    for minute in range(3):
        _store(engine, heard=[Heard("nobody", minute, health=b"{}")])
    assert _count(engine, Presence) == 0
    (kept,) = _rows(engine, RefusedRecord)
    assert (kept.source, kept.reason, kept.times) == ("nobody", "unknown_kiosk", 3)


def test_a_receipt_names_ranges_and_refusals_and_the_audit_head(engine: Engine) -> None:
    world.one_venue(engine)
    good = [make_kiosk_record(KEYS, counter=counter) for counter in (1, 2, 3, 7)]
    foreign = make_kiosk_record(SealingKeys(), counter=5)
    (outcome,) = _store(engine, _batch(*good, foreign, b"{}"))
    told = receipt(outcome, server_ms=9, audit_head="ab")
    assert told is not None
    assert told.stored == [(EPOCH, 1, 3), (EPOCH, 7, 7)]
    assert [(each.counter, each.reason) for each in told.refused] == [(5, "cannot_open")]
    assert (told.server_ms, told.audit_head) == (9, "ab")


@pytest.mark.slow
def test_two_ingests_at_once_store_each_record_once(engine: Engine) -> None:
    place = world.one_venue(engine)
    world.another_kiosk(engine, place, kiosk="cho-mau-2")
    shared = [
        tracing_part(("qid", str(n % 5)), ("bhyt", str(n % 7)), kind="national") for n in range(60)
    ]
    batches = [
        _batch(
            *(
                make_kiosk_record(KEYS, counter=n + 1, part=shared[n], kiosk=kiosk)
                for n in range(start, start + 20)
            ),
            kiosk=kiosk,
        )
        for start in (0, 20, 40)
        for kiosk in ("cho-mau-1", "cho-mau-2")
    ]
    failures: list[Exception] = []

    def ingest() -> None:
        for batch in batches:
            for _ in range(50):
                try:
                    _store(engine, batch)
                except Exception as problem:  # noqa: BLE001  what the worker would retry
                    last = problem
                else:
                    break
            else:
                failures.append(last)

    threads = [threading.Thread(target=ingest) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert _count(engine, Scan) == 120
    assert _count(engine, Pseudonym) == 12
    assert len({row.person_id for row in _rows(engine, Pseudonym)}) == 1
    with engine.connect() as connection:
        assert audit.verify(connection).fault == ""


def test_who_speaks_again_after_a_silence_was_away_for_so_long(engine: Engine) -> None:
    place = world.one_venue(engine)
    minute = 60_000

    def hear(at_ms: int, state: str = "") -> None:
        said = State(state=state, session="s", since_ms=at_ms) if state else None
        _store(engine, heard=[Heard(place.kiosk, at_ms, state=said)])

    hear(minute, READY)
    hear(5 * minute)
    assert _count(engine, Outage) == 0, "a word each few minutes is enough"
    hear(0)  # retained by the broker: says nothing of now
    hear(15 * minute)
    hear(16 * minute, DISCONNECTED)
    hear(76 * minute, READY)
    hear(77 * minute)
    assert [(row.since_ms, row.until_ms, row.state) for row in _rows(engine, Outage)] == [
        (5 * minute, 15 * minute, READY),
        (16 * minute, 76 * minute, DISCONNECTED),
    ]


def test_scans_end_a_silence_too(engine: Engine) -> None:
    place = world.one_venue(engine)
    long_ago = RECEIVED_MS - 3_600_000
    _store(engine, heard=[Heard(place.kiosk, long_ago)])
    _store(engine, _batch(make_kiosk_record(KEYS)))
    (row,) = _rows(engine, Outage)
    assert (row.since_ms, row.until_ms) == (long_ago, SENT_MS)
