import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.wire.sample import EPOCH, IDENTITY, KIOSK, TRACING, Sample
from wire import sealing
from wire.errors import CannotOpen, Malformed, UnknownSealing
from wire.records import IdentityPart, Record, Sealed, StableKey, TracingPart

CHANGED = {
    "counter": 8,
    "direction": "out",
    "wall_ms": 1_780_000_000_124,
    "mono_ms": 60_002,
    "boot": "10" * 16,
    "synced": False,
}


def test_each_key_opens_its_own_compartment(sample: Sample) -> None:
    record = sample.sealed()
    bound = sealing.binding(KIOSK, EPOCH, record)
    assert record.identity is not None
    assert sealing.open_sealed(record.tracing, TracingPart, sample.ingest, bound) == TRACING
    assert sealing.open_sealed(record.identity, IdentityPart, sample.vault, bound) == IDENTITY


def test_neither_key_opens_the_others_compartment(sample: Sample) -> None:
    record = sample.sealed()
    bound = sealing.binding(KIOSK, EPOCH, record)
    assert record.identity is not None
    with pytest.raises(CannotOpen):
        sealing.open_sealed(record.identity, IdentityPart, sample.ingest, bound)
    with pytest.raises(CannotOpen):
        sealing.open_sealed(record.tracing, TracingPart, sample.vault, bound)


def test_a_compartment_does_not_open_as_the_other_one(sample: Sample) -> None:
    bound = sealing.binding(KIOSK, EPOCH, sample.bare())
    box = sealing.seal(IDENTITY, sample.ingest.public_key(), bound)
    with pytest.raises(CannotOpen):
        sealing.open_sealed(box, TracingPart, sample.ingest, bound)


def test_every_field_a_record_tells_in_clear_is_bound() -> None:
    assert set(CHANGED) | {"tracing", "identity"} == set(Record.__struct_fields__)


@pytest.mark.parametrize("field", CHANGED)
def test_a_box_moved_to_another_record_does_not_open(sample: Sample, field: str) -> None:
    record = sample.sealed()
    assert getattr(record, field) != CHANGED[field]
    moved = msgspec.structs.replace(record, **{field: CHANGED[field]})
    with pytest.raises(CannotOpen):
        sealing.open_sealed(
            moved.tracing, TracingPart, sample.ingest, sealing.binding(KIOSK, EPOCH, moved)
        )


@pytest.mark.parametrize(
    ("kiosk", "epoch"), [("cho-mau-2", EPOCH), (KIOSK, "f" * 32)], ids=["kiosk", "epoch"]
)
def test_a_box_moved_to_another_kiosk_or_epoch_does_not_open(
    sample: Sample, kiosk: str, epoch: str
) -> None:
    record = sample.sealed()
    bound = sealing.binding(kiosk, epoch, record)
    with pytest.raises(CannotOpen):
        sealing.open_sealed(record.tracing, TracingPart, sample.ingest, bound)


def test_one_flipped_bit_anywhere_keeps_a_box_shut(sample: Sample) -> None:
    record = sample.sealed()
    bound = sealing.binding(KIOSK, EPOCH, record)
    box = record.tracing.box
    for at in range(len(box)):
        damaged = box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        with pytest.raises(CannotOpen):
            sealing.open_sealed(
                msgspec.structs.replace(record.tracing, box=damaged),
                TracingPart,
                sample.ingest,
                bound,
            )


@pytest.mark.parametrize("box", [b"", b"\x00", b"\x00" * 32, b"\x00" * 48, b"\xff" * 200])
def test_a_box_that_never_was_one_does_not_open(sample: Sample, box: bytes) -> None:
    with pytest.raises(CannotOpen):
        sealing.open_sealed(Sealed(sealing="hpke-1", box=box), TracingPart, sample.ingest, b"")


def test_a_newer_sealing_is_told_from_a_broken_one(sample: Sample) -> None:
    box = Sealed(sealing="hpke-mlkem-1", key="00" * 8, box=b"\x00" * 64)
    with pytest.raises(UnknownSealing, match="hpke-mlkem-1"):
        sealing.open_sealed(box, TracingPart, sample.ingest, b"")


def test_a_tracing_part_names_somebody_or_is_malformed(sample: Sample) -> None:
    box = sealing.seal(TracingPart(kind="card"), sample.ingest.public_key(), b"x")
    with pytest.raises(Malformed, match="stable key"):
        sealing.open_sealed(box, TracingPart, sample.ingest, b"x")


def test_the_length_of_a_box_hardly_tells_the_length_of_a_name(sample: Sample) -> None:
    lengths = {
        len(sealing.seal(IdentityPart(name="Ă" * size), sample.vault.public_key(), b"").box)
        for size in range(1, 40)
    }
    assert len(lengths) <= 3


def test_the_same_visitor_sealed_twice_gives_boxes_that_share_nothing(sample: Sample) -> None:
    part = TracingPart(kind="card", keys=[StableKey("card", "00" * 16)])
    first, second = (sealing.seal(part, sample.ingest.public_key(), b"x").box for _ in range(2))
    assert first[:32] != second[:32]
    assert first[32:] != second[32:]


def test_a_key_is_named_by_its_public_half_alone() -> None:
    key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    named = sealing.key_id(key.public_key())
    assert len(named) == 16
    assert int(named, 16) > 0
    assert sealing.seal(TRACING, key.public_key(), b"").key == named
