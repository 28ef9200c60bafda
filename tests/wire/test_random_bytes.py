"""Ten thousand strings of bytes through every parser: no exception but the declared ones."""

import contextlib
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.sample import EPOCH, KIOSK, Sample
from wire import asyncapi, card, codec, keyset, sealing, topics
from wire.errors import WireError
from wire.records import IdentityPart, Sealed, TracingPart

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OPENER = X25519PrivateKey.from_private_bytes(bytes(range(32)))
CARD_KEYS = {card.key_id(SIGNER.public_key()): SIGNER.public_key()}


def through_every_parser(data: bytes) -> int:
    """How many parsers took `data`; raises what any of them raises besides WireError."""
    text = data.decode("utf-8", "surrogateescape")
    box = Sealed(sealing=sealing.HPKE_1, box=data)
    parsers: list[Callable[[], object]] = [
        *(lambda kind=kind: codec.decode(data, kind) for kind in asyncapi.STRUCTS),
        lambda: codec.decode_batch(data),
        lambda: codec.decode_record(data),
        lambda: keyset.verify(data, SIGNER.public_key()),
        lambda: sealing.open_sealed(box, TracingPart, OPENER, data),
        lambda: sealing.open_sealed(box, IdentityPart, OPENER, b""),
        lambda: card.decode(text, CARD_KEYS),
        lambda: card.decode("TRAM1" + text, CARD_KEYS),
        lambda: topics.parse(text),
        lambda: topics.parse(f"tram/1/{text}/scans"),
    ]
    codec.counter_of(data)
    taken = 0
    for parse in parsers:
        with contextlib.suppress(WireError):
            parse()
            taken += 1
    return taken


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_ten_thousand_random_byte_strings_raise_only_what_is_declared(data: bytes) -> None:
    through_every_parser(data)


@pytest.mark.parametrize("what", ["batch", "record"])
def test_a_thousand_damaged_copies_of_a_real_message_raise_only_what_is_declared(
    sample: Sample, what: str
) -> None:
    """Random bytes hardly get past the first brace; a damaged message does."""
    rng = random.Random(20261122)
    whole = sample.batch() if what == "batch" else codec.encode(sample.sealed())
    taken = 0
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        taken += through_every_parser(bytes(data))
    assert taken > 0


def test_a_record_whose_sealed_content_is_anything_raises_only_what_is_declared() -> None:
    """What a kiosk seals is as little to be trusted as what it says in clear."""
    rng = random.Random(7)
    bound = sealing.binding(KIOSK, EPOCH, Sample(OPENER, OPENER).bare())
    info = b"tracing\x00" + bound
    contents = [b"", b"null", b"[]", b'{"keys":[{"space":1}]}', b'{"keys":[[]]}', b"{" * 4000]
    contents += [rng.randbytes(rng.randint(0, 80)) for _ in range(500)]
    for content in contents:
        box = sealing._suite.encrypt(content, OPENER.public_key(), info=info)
        with pytest.raises(WireError):
            sealing.open_sealed(Sealed(sealing=sealing.HPKE_1, box=box), TracingPart, OPENER, bound)
