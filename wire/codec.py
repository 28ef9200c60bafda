"""JSON in and out. Raises only WireError, whatever the bytes."""

from typing import Any, Final, TypeVar

import msgspec

from wire.errors import Malformed, Oversized
from wire.records import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_BYTES, Batch, Record

T = TypeVar("T")

MAX_MESSAGE_BYTES: Final = MAX_BATCH_BYTES
MAX_DEPTH: Final = 32
_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(message: msgspec.Struct) -> bytes:
    """UTF-8 JSON; bytes fields in base64."""
    return _encoder.encode(message)


def decode(data: bytes, kind: type[T], *, limit: int = MAX_MESSAGE_BYTES) -> T:
    """`data` as a `kind`. Raises Oversized beyond `limit` bytes, Malformed for anything else."""
    if len(data) > limit:
        raise Oversized(f"{len(data)} bytes where at most {limit} are allowed")
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        message: T = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Malformed(f"{kind.__name__}: {problem}") from problem
    return message


def decode_batch(data: bytes) -> Batch:
    """A batch with its records still as bytes. Raises WireError."""
    batch = decode(data, Batch, limit=MAX_BATCH_BYTES)
    if not 1 <= len(batch.records) <= MAX_BATCH_RECORDS:
        raise Malformed(
            f"a batch carries 1 to {MAX_BATCH_RECORDS} records, not {len(batch.records)}"
        )
    if len(batch.epoch) != 32 or not set(batch.epoch) <= set("0123456789abcdef"):
        raise Malformed("a batch's epoch is 32 lower-case hex digits")
    return batch


def decode_record(raw: bytes | msgspec.Raw) -> Record:
    """One record of a batch. Raises WireError; `counter_of` may still tell which one it was."""
    record = decode(bytes(raw), Record, limit=MAX_RECORD_BYTES)
    if not 1 <= record.counter < 2**53:
        raise Malformed("a record's counter is an integer from 1 up")
    if not record.tracing.box:
        raise Malformed("a record without a sealed tracing part")
    if not 0 <= record.wall_ms < 2**43 or not 0 <= record.mono_ms < 2**43:
        raise Malformed("a record's times are milliseconds from 0 up to the year 2248")
    return record


class _CounterOnly(msgspec.Struct):
    counter: int = -1


def counter_of(raw: bytes | msgspec.Raw) -> int | None:
    """The counter of a record that does not decode otherwise, or None."""
    try:
        counter = decode(bytes(raw), _CounterOnly).counter
    except (Malformed, Oversized):
        return None
    return counter if 1 <= counter < 2**53 else None
