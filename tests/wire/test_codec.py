import json

import msgspec
import pytest

from tests.wire.sample import EPOCH, Sample
from wire import codec
from wire.errors import Malformed, Oversized
from wire.presence import State
from wire.records import MAX_BATCH_RECORDS, MAX_RECORD_BYTES, Batch


def batch_of(records: list[bytes], epoch: str = EPOCH) -> bytes:
    return codec.encode(Batch(epoch=epoch, records=[msgspec.Raw(record) for record in records]))


def test_a_batch_brings_its_records_as_the_very_bytes_the_kiosk_committed(sample: Sample) -> None:
    raw = codec.encode(sample.sealed())
    batch = codec.decode_batch(batch_of([raw]))
    assert batch.epoch == EPOCH
    assert bytes(batch.records[0]) == raw
    assert codec.encode(codec.decode_record(batch.records[0])) == raw


def test_binary_fields_travel_as_base64_that_an_operator_can_read(sample: Sample) -> None:
    told = json.loads(codec.encode(sample.sealed()))
    assert told["tracing"]["sealing"] == "hpke-1"
    assert set(told["tracing"]) == {"sealing", "key", "box"}


def test_one_unreadable_record_costs_only_itself(sample: Sample) -> None:
    good = codec.encode(sample.sealed())
    batch = codec.decode_batch(batch_of([good, b'{"counter": "eight"}', good]))
    assert codec.decode_record(batch.records[0]).counter == 7
    with pytest.raises(Malformed, match="Record"):
        codec.decode_record(batch.records[1])
    assert codec.decode_record(batch.records[2]).counter == 7


@pytest.mark.parametrize("count", [0, MAX_BATCH_RECORDS + 1])
def test_a_batch_carries_one_record_to_the_limit(count: int) -> None:
    with pytest.raises(Malformed, match=f"1 to {MAX_BATCH_RECORDS}"):
        codec.decode_batch(batch_of([b"{}"] * count))


@pytest.mark.parametrize("epoch", ["", "0" * 31, "0" * 33, "F" * 32, "g" * 32, "0" * 31 + "\n"])
def test_an_epoch_is_32_lower_case_hex_digits(epoch: str) -> None:
    with pytest.raises(Malformed, match="epoch"):
        codec.decode_batch(batch_of([b"{}"], epoch))


def test_what_is_larger_than_the_contract_allows_is_not_even_parsed(sample: Sample) -> None:
    with pytest.raises(Oversized):
        codec.decode_batch(b" " * (codec.MAX_MESSAGE_BYTES + 1))
    padded = codec.encode(sample.sealed()) + b" " * MAX_RECORD_BYTES
    with pytest.raises(Oversized):
        codec.decode_record(padded)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("counter", 0),
        ("counter", -1),
        ("counter", 2**53),
        ("wall_ms", -1),
        ("wall_ms", 2**43),
        ("mono_ms", -1),
        ("mono_ms", 2**43),
        ("tracing", {}),
        ("direction", "x" * 33),
        ("boot", "nul\x00"),
    ],
)
def test_a_record_with_a_value_out_of_its_range_is_malformed(
    sample: Sample, field: str, value: object
) -> None:
    told = json.loads(codec.encode(sample.sealed()))
    told[field] = value
    with pytest.raises(Malformed):
        codec.decode_record(json.dumps(told).encode())


def test_the_counter_of_an_unreadable_record_is_told_where_it_can_be() -> None:
    assert codec.counter_of(b'{"counter": 12, "tracing": 3}') == 12
    assert codec.counter_of(b'{"counter": 0}') is None
    assert codec.counter_of(b'{"counter": "12"}') is None
    assert codec.counter_of(b"\xff") is None


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff\xfe", b'{"state":', b"[" * 5000])
def test_anything_that_is_not_the_message_is_malformed_and_names_it(data: bytes) -> None:
    with pytest.raises(Malformed, match="State"):
        codec.decode(data, State)
