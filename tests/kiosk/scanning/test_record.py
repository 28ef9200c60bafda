"""Records as they are committed."""

from pathlib import Path

import msgspec
import pytest

from kiosk.clock import FakeClock
from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.scanning.record import RecordTooLarge, Sealer
from tests.kiosk import codes
from tests.kiosk.bundle import Bundle, make_bundle
from wire import codec
from wire.errors import CannotOpen
from wire.records import IdentityPart, Record, StableKey

EPOCH = "0" * 32
MOMENT = FakeClock(wall_ms=1_767_225_600_000, mono_ms=5, boot="b", synced=False).now()


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path)


def _sealer(bundle: Bundle) -> Sealer:
    return Sealer(
        kiosk="cho-mau-1",
        epoch=EPOCH,
        direction="in",
        ingest=bundle.keyset.ingest_key(),
        vault=bundle.keyset.vault_key(),
    )


@pytest.mark.parametrize("text", [codes.NATIONAL, codes.CCCD, codes.CAN_CUOC])
def test_ingest_and_vault_read_what_the_code_said(bundle: Bundle, text: str) -> None:
    payload = recognise(text.encode(), Proofs())
    raw = _sealer(bundle).record(payload, counter=7, moment=MOMENT)
    tracing, identity = bundle.open(raw, epoch=EPOCH)
    assert tracing.keys == list(payload.keys)
    assert (tracing.kind, tracing.label) == (payload.kind, payload.label)
    assert identity == payload.identity


def test_a_record_carries_its_clock_evidence_in_clear(bundle: Bundle) -> None:
    payload = recognise(codes.CARD.encode(), codes.PROOFS)
    record = codec.decode_record(_sealer(bundle).record(payload, counter=7, moment=MOMENT))
    assert (record.counter, record.direction) == (7, "in")
    assert (record.wall_ms, record.mono_ms) == (1_767_225_600_000, 5)
    assert (record.boot, record.synced) == ("b", False)


def test_a_card_has_no_identity_part(bundle: Bundle) -> None:
    payload = recognise(codes.CARD.encode(), codes.PROOFS)
    raw = _sealer(bundle).record(payload, counter=1, moment=MOMENT)
    assert codec.decode(raw, Record).identity is None


def test_an_empty_identity_is_left_out(bundle: Bundle) -> None:
    payload = Payload(kind="card", keys=(StableKey("card", "00"),), identity=IdentityPart())
    raw = _sealer(bundle).record(payload, counter=1, moment=MOMENT)
    assert codec.decode(raw, Record).identity is None


@pytest.mark.parametrize(
    ("field", "other"),
    [("counter", 8), ("direction", "out"), ("wall_ms", 1), ("mono_ms", 6), ("boot", "c")],
)
def test_a_box_moved_to_another_record_does_not_open(
    bundle: Bundle, field: str, other: object
) -> None:
    payload = recognise(codes.CCCD.encode(), Proofs())
    raw = _sealer(bundle).record(payload, counter=7, moment=MOMENT)
    moved = msgspec.structs.replace(codec.decode(raw, Record), **{field: other})
    with pytest.raises(CannotOpen):
        bundle.open(codec.encode(moved), epoch=EPOCH)


def test_a_code_that_says_more_than_a_record_may_is_refused(bundle: Bundle) -> None:
    payload = Payload(
        kind="cccd", keys=(StableKey("cccd", "0"),), identity=IdentityPart(address="x" * 8000)
    )
    with pytest.raises(RecordTooLarge, match="where 8192 are allowed"):
        _sealer(bundle).record(payload, counter=1, moment=MOMENT)
