"""Ten thousand random and damaged inputs for each parser: only what is declared, and soon."""

import random
import time
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kiosk.credentials.checks import PARSERS, check, seeds

INPUTS: Final = 10_000
SLOWEST_S: Final = 0.5
"""For one input, on a busy machine."""


def _damaged(rng: random.Random, seed: bytes, other: bytes) -> bytes:
    """`seed` with some bytes changed, cut, doubled, or crossed with another."""
    data = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                data[at : at + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
            case 1:
                del data[at:]
            case 2:
                data[at:at] = data[: rng.randint(0, 40)]
            case 3:
                cut = rng.randrange(len(other) + 1)
                data[at:] = other[cut:]
            case _:
                data[at : at + 1] = rng.choice(b"|$-*<:/%0129AZaz\x00\xff\x9f\xbf\xd2").to_bytes()
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS)
def test_damaged_inputs_end_as_declared_and_soon(parser: str) -> None:
    rng, run, corpus = random.Random(f"tram {parser}"), PARSERS[parser], seeds(parser)
    slowest = 0.0
    for _ in range(INPUTS):
        data = _damaged(rng, rng.choice(corpus), rng.choice(corpus))
        began = time.perf_counter()
        run(data)
        slowest = max(slowest, time.perf_counter() - began)
    print(f"{parser}: {INPUTS} inputs, the slowest took {slowest * 1000:.1f} ms")
    assert slowest < SLOWEST_S


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS)
def test_random_inputs_end_as_declared(parser: str) -> None:
    run = PARSERS[parser]

    @settings(
        max_examples=INPUTS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
    def hold(data: bytes) -> None:
        run(data)

    hold()


@pytest.mark.parametrize("parser", PARSERS)
def test_the_seeds_are_taken(parser: str) -> None:
    for seed in seeds(parser):
        PARSERS[parser](seed)


def test_the_check_notices_what_it_is_for() -> None:
    from kiosk.credentials.payload import Payload
    from wire.records import StableKey

    for bad in (
        Payload(kind="unheard of"),
        Payload(kind="card", problem="unheard of"),
        Payload(kind="card"),
        Payload(kind="hc1", keys=(StableKey("hc1", "1"),)),
        Payload(kind="national", keys=(StableKey("qid", "1"),), authentic=True),
        Payload(kind="text"),
        Payload(kind="text", ticket=True, keys=(StableKey("ticket", "a\x00"),)),
    ):
        with pytest.raises((AssertionError, ValueError)):
            check(bad)
