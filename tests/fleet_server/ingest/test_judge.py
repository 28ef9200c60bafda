"""What a message is worth, whatever its bytes."""

import hashlib
import json
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.ingest import presence
from fleet_server.ingest.judge import Judged, judge
from tests.support.records import (
    EPOCH,
    NOON_MS,
    SealingKeys,
    make_batch,
    make_kiosk_record,
    tracing_part,
)
from wire.errors import WireError
from wire.records import (
    COMPANIONS,
    MAX_BATCH_BYTES,
    MAX_RECORD_BYTES,
    IdentityPart,
    StableKey,
    TracingPart,
)

KEYS = SealingKeys()
PSEUDONYMS = PseudonymKey(bytes(32))
TOPIC = "tram/1/cho-mau-1/scans"
REASONS = {"malformed", "oversized", "bad_topic", "cannot_open", "unknown_sealing"}
NATIONAL = tracing_part(("qid", "1"), ("bhyt", "2"), ("qid", "1"), kind="national")


def _judge(payload: bytes, topic: str = TOPIC) -> Judged:
    return judge(topic, payload, received_ms=NOON_MS, key=KEYS.ingest, pseudonym=PSEUDONYMS.digest)


def _one_reason(judged: Judged) -> str:
    (refused,) = judged.refused
    return refused.reason


def test_a_record_is_opened_and_its_numbers_become_pseudonyms() -> None:
    identity = IdentityPart(name="Nguyễn Văn Mẫu", phone="0900000000")
    raw = make_kiosk_record(KEYS, counter=7, part=NATIONAL, identity=identity)
    judged = _judge(make_batch([raw]))
    (accepted,) = judged.accepted
    assert (judged.source, judged.epoch, judged.refused) == ("cho-mau-1", EPOCH, ())
    assert accepted.digest == hashlib.sha256(raw).digest()
    assert (accepted.kind, accepted.authentic, accepted.label) == ("national", False, "N***")
    assert [key.space for key in accepted.keys] == ["qid", "bhyt"]
    assert accepted.keys[0].digest == PSEUDONYMS.digest("qid", "1")
    assert accepted.record.identity is not None


def test_what_is_passed_on_holds_no_number_in_clear() -> None:
    part = tracing_part(("cccd", "001099000001"), kind="can_cuoc")
    judged = _judge(make_batch([make_kiosk_record(KEYS, part=part)]))
    assert "001099000001" not in repr(judged)


def test_one_bad_record_costs_only_itself() -> None:
    good = make_kiosk_record(KEYS, counter=1)
    foreign = make_kiosk_record(SealingKeys(), counter=2)
    moved = make_kiosk_record(KEYS, counter=3, kiosk="cho-mau-2")
    changed = make_kiosk_record(KEYS, counter=4).replace(b'"direction":"in"', b'"direction":"out"')
    sealing = make_kiosk_record(KEYS, counter=5).replace(b"hpke-1", b"hpke-9")
    judged = _judge(make_batch([good, foreign, moved, changed, b'{"counter":6}', sealing]))
    assert [accepted.record.counter for accepted in judged.accepted] == [1]
    assert [(refused.counter, refused.reason) for refused in judged.refused] == [
        (2, "cannot_open"),
        (3, "cannot_open"),
        (4, "cannot_open"),
        (6, "malformed"),
        (5, "unknown_sealing"),
    ]


def test_a_part_without_keys_is_refused() -> None:
    part = tracing_part(kind="ticket")
    assert _one_reason(_judge(make_batch([make_kiosk_record(KEYS, part=part)]))) == "malformed"


def test_companions_are_accepted_with_their_scan_and_name_nobody() -> None:
    part = TracingPart(kind=COMPANIONS, companions=-1, of=7)
    (accepted,) = _judge(make_batch([make_kiosk_record(KEYS, counter=8, part=part)])).accepted
    assert (accepted.companions, accepted.of, accepted.keys) == (-1, 7, ())


@pytest.mark.parametrize(
    "part",
    [
        TracingPart(kind=COMPANIONS, of=7),
        TracingPart(kind=COMPANIONS, companions=51, of=7),
        TracingPart(kind=COMPANIONS, companions=1),
        TracingPart(kind=COMPANIONS, companions=1, of=7, keys=[StableKey("qid", "1")]),
        TracingPart(kind="ticket", companions=1, of=7),
    ],
)
def test_companions_that_cannot_be_are_refused(part: TracingPart) -> None:
    assert _one_reason(_judge(make_batch([make_kiosk_record(KEYS, part=part)]))) == "malformed"


def test_an_oversized_record_is_refused_and_cut_but_known_by_its_digest() -> None:
    raw = b'{"counter":9,"boot":"' + b"x" * MAX_RECORD_BYTES + b'"}'
    (refused,) = _judge(make_batch([raw])).refused
    assert (refused.counter, refused.reason) == (9, "oversized")
    assert len(refused.payload) == MAX_RECORD_BYTES
    assert refused.digest == hashlib.sha256(raw).digest()


def test_an_oversized_message_is_refused_as_a_whole() -> None:
    assert _one_reason(_judge(b" " * (MAX_BATCH_BYTES + 1))) == "oversized"


@pytest.mark.parametrize(
    "topic", ["tram/1/server/scans", "tram/2/cho-mau-1/scans", "tram/1/CHO/scans", "x/scans", ""]
)
def test_a_foreign_topic_is_refused_under_its_own_name(topic: str) -> None:
    judged = _judge(make_batch([make_kiosk_record(KEYS)]), topic)
    assert (judged.source, _one_reason(judged)) == (topic, "bad_topic")


@pytest.mark.parametrize("count", [0, 201])
def test_a_batch_of_none_or_too_many_is_refused(count: int) -> None:
    assert _one_reason(_judge(make_batch([b"{}"] * count))) == "malformed"


def test_a_refusal_does_not_repeat_what_was_in_the_message() -> None:
    payload = b'{"epoch":"Nguyen Van Mau 0900000000","records":[{}]}'
    (refused,) = _judge(payload).refused
    assert "Mau" not in refused.detail


def _check(judged: Judged) -> None:
    assert {refused.reason for refused in judged.refused} <= REASONS
    for refused in judged.refused:
        assert len(refused.digest) == 32
        assert len(refused.payload) <= MAX_RECORD_BYTES
        assert -1 <= refused.counter < 2**53
    for accepted in judged.accepted:
        assert bool(accepted.keys) != bool(accepted.companions)


def _heard(channel: str, payload: bytes) -> str:
    """`heard`, or the reason why not."""
    topic = f"tram/1/cho-mau-1/{channel}"
    try:
        presence.read(topic, payload, received_ms=NOON_MS, retained=False)
    except WireError as problem:
        return problem.reason
    return "heard"


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=400))
def test_ten_thousand_random_byte_strings_end_in_declared_outcomes(payload: bytes) -> None:
    _check(_judge(payload))
    for channel in ("state", "about", "health"):
        assert _heard(channel, payload) in REASONS | {"heard"}


BATCH = make_batch(
    [
        make_kiosk_record(KEYS, counter=1, part=NATIONAL, identity=IdentityPart(name="Mẫu")),
        make_kiosk_record(KEYS, counter=2, direction="both", synced=False),
    ]
)
SAID = {
    "state": b'{"state":"ready","session":"a1","since_ms":1767243600000}',
    "about": b'{"model":"Pi","contract":1,"capabilities":["a"],"certificate":"00"}',
    "health": b'{"session":"a1","uptime_s":60,"answers":{"accepted":3},"fps":4.5,"cpu_c":null}',
}


def _mutated(data: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, cut, doubled or moved, a few times over."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) + 1)
        span = rng.randint(1, 12)
        how = rng.randrange(5)
        if how == 0 and at < len(changed):
            changed[at] = rng.randrange(256)
        elif how == 1:
            del changed[at : at + span]
        elif how == 2:
            changed[at:at] = rng.randbytes(span)
        elif how == 3:
            changed[at:at] = changed[at : at + span]
        else:
            changed[at:at] = rng.choice([b"null", b"1e400", b"[[", b'"\\ud800"', b"-9" * 20, b"{}"])
    return bytes(changed)


@pytest.mark.slow
def test_ten_thousand_mutated_batches_end_in_declared_outcomes() -> None:
    rng = random.Random(20260101)
    outcomes = {"accepted": 0, "refused": 0}
    for _ in range(10_000):
        judged = _judge(_mutated(BATCH, rng))
        _check(judged)
        outcomes["accepted"] += len(judged.accepted)
        outcomes["refused"] += len(judged.refused)
        channel = rng.choice(sorted(SAID))
        assert _heard(channel, _mutated(SAID[channel], rng)) in REASONS | {"heard"}
    assert outcomes["accepted"] > 100
    assert outcomes["refused"] > 5_000


def test_fields_of_a_newer_kiosk_do_no_harm() -> None:
    raw = make_kiosk_record(KEYS)
    newer = msgspec.json.encode({**json.loads(raw), "weather": {"rain": True}})
    assert len(_judge(make_batch([newer])).accepted) == 1
