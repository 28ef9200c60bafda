"""Two versions of the contract talk: the other one is a release newer, or one older."""

import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.wire.sample import EPOCH, IDENTITY, KIOSK, Sample
from wire import asyncapi, codec, sealing
from wire.errors import Malformed, UnknownSealing
from wire.presence import State
from wire.receipts import Receipt
from wire.records import COMPANIONS, Batch, IdentityPart, Record, StableKey, TracingPart

FIRST_RECORD = (
    b'{"counter":7,"direction":"in","wall_ms":1780000000123,"mono_ms":60001,"boot":"0f0f0f'
    b'0f0f0f0f0f0f0f0f0f0f0f0f0f","synced":true,"tracing":{"sealing":"hpke-1","key":"eedd8'
    b'83da0a94515","box":"NZXL52MOa5LdGNu2zH1rFzDlk3vKtE6PjtrHQfRuSz8c9G1PD0fUn0K7BaVr4A9e'
    b"r+TE7i2BtatIUZ0pm8cxqQG1/19NIYncLSt/pJ11CiPPjBnQSbzzaGCeni4mOksp1MjB9h8fnzTfYxgQ028b"
    b"ERW1i80wyjyqltnlOId0reT8xLEUHqapXwFdOWxp9zTKMu6l3cJpNc7FtOqx28MHkmgbpYOSC1ZB1zJNBJZS"
    b'7yI="},"identity":null}'
)


@pytest.mark.parametrize("kind", asyncapi.STRUCTS, ids=lambda kind: kind.__name__)
def test_an_older_peer_may_leave_out_every_field(kind: type[msgspec.Struct]) -> None:
    assert codec.decode(b"{}", kind) == kind()


@pytest.mark.parametrize("kind", asyncapi.STRUCTS, ids=lambda kind: kind.__name__)
def test_a_newer_peers_further_fields_are_ignored(kind: type[msgspec.Struct]) -> None:
    told = json.loads(codec.encode(kind()))
    told |= {"new": [{"deep": None}], "mới": 1.5}
    assert codec.decode(json.dumps(told).encode(), kind) == kind()


@pytest.mark.parametrize("kind", asyncapi.STRUCTS, ids=lambda kind: kind.__name__)
def test_a_field_that_says_null_where_none_is_known_is_refused_and_not_guessed(
    kind: type[msgspec.Struct],
) -> None:
    told: dict[str, Any] = dict.fromkeys(json.loads(codec.encode(kind())))
    with pytest.raises(Malformed):
        codec.decode(json.dumps(told).encode(), kind)


def test_words_this_release_does_not_know_are_kept_as_they_came(sample: Sample) -> None:
    record = codec.decode_record(
        codec.encode(msgspec.structs.replace(sample.sealed(), direction="sideways"))
    )
    assert record.direction == "sideways"
    assert codec.decode(b'{"state":"hibernating"}', State).state == "hibernating"
    refused = codec.decode(b'{"refused":[{"counter":3,"reason":"too_shiny"}]}', Receipt).refused
    assert refused[0].reason == "too_shiny"


def test_a_kind_and_a_number_space_of_a_newer_kiosk_open_like_any_other(sample: Sample) -> None:
    part = TracingPart(kind="palm", keys=[StableKey("palm", "1")])
    box = sealing.seal(part, sample.ingest.public_key(), b"x")
    assert sealing.open_sealed(box, TracingPart, sample.ingest, b"x") == part


def test_a_newer_kiosks_sealed_parts_may_carry_further_fields(sample: Sample) -> None:
    class NewerIdentity(IdentityPart, frozen=True, kw_only=True):
        email: str = ""

    part = NewerIdentity(name=IDENTITY.name, email="mau@example.invalid")
    box = sealing.seal(part, sample.vault.public_key(), b"x")
    opened = sealing.open_sealed(box, IdentityPart, sample.vault, b"x")
    assert opened == IdentityPart(name=IDENTITY.name)


def test_a_newer_kiosks_further_record_fields_do_not_break_what_is_bound(sample: Sample) -> None:
    class NewerRecord(Record, frozen=True, kw_only=True):
        temperature: float = 0.0

    old = sample.sealed()
    sent = codec.encode(
        NewerRecord(**{name: getattr(old, name) for name in old.__struct_fields__}, temperature=36)
    )
    record = codec.decode_record(sent)
    bound = sealing.binding(KIOSK, EPOCH, record)
    assert sealing.open_sealed(record.tracing, TracingPart, sample.ingest, bound).keys


def test_a_newer_sealing_is_refused_by_name_and_the_rest_of_the_batch_is_not(
    sample: Sample,
) -> None:
    newer = msgspec.structs.replace(
        sample.sealed(), tracing=msgspec.structs.replace(sample.sealed().tracing, sealing="hpke-2")
    )
    batch = codec.decode_batch(
        codec.encode(
            Batch(
                epoch=EPOCH,
                records=[msgspec.Raw(codec.encode(item)) for item in (newer, sample.sealed())],
            )
        )
    )
    first, second = (codec.decode_record(raw) for raw in batch.records)
    bound = sealing.binding(KIOSK, EPOCH, first)
    with pytest.raises(UnknownSealing):
        sealing.open_sealed(first.tracing, TracingPart, sample.ingest, bound)
    assert sealing.open_sealed(second.tracing, TracingPart, sample.ingest, bound).keys


def test_what_the_binding_is_made_of_never_changes(sample: Sample) -> None:
    """Pinned: a server must open what kiosks a release older sealed, offline for months."""
    assert sealing.binding(KIOSK, EPOCH, sample.bare()) == (
        b'["tram/1","cho-mau-1","0123456789abcdef0123456789abcdef",7,"in",1780000000123,60001,'
        b'"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",true]'
    )


def test_a_box_sealed_by_the_first_release_still_opens() -> None:
    """Pinned bytes: made once, by contract 1, for the private key 00 01 … 1f."""
    record = codec.decode_record(FIRST_RECORD)
    key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    bound = sealing.binding(KIOSK, EPOCH, record)
    part = sealing.open_sealed(record.tracing, TracingPart, key, bound)
    assert part.keys == [StableKey("card", "000102030405060708090a0b0c0d0e0f")]
    assert part.label == "Thẻ …0e0f"


class _FirstTracingPart(msgspec.Struct, frozen=True, kw_only=True):
    """As the contract began: what a server a release back knows of it."""

    kind: str = ""
    keys: list[StableKey] = []


def test_an_older_server_sees_no_person_in_companions(sample: Sample) -> None:
    part = TracingPart(kind=COMPANIONS, companions=1, of=7)
    box = sealing.seal(part, sample.ingest.public_key(), b"x")
    assert sealing.open_sealed(box, TracingPart, sample.ingest, b"x") == part
    # It refuses a part without a key, and so files the record instead of tracing it.
    assert codec.decode(codec.encode(part), _FirstTracingPart).keys == []


def test_an_older_kiosks_part_has_no_companions() -> None:
    part = codec.decode(b'{"kind":"card","keys":[{"space":"card","value":"00"}]}', TracingPart)
    assert (part.companions, part.of) == (0, 0)
