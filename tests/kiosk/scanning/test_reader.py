"""One frame, one answer: the code nearest to the centre."""

from collections.abc import Iterator

import pytest

from kiosk.credentials.proofs import Proofs
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.fakes import FakeDecoder, blank, painted
from kiosk.hardware.ports import Code, Luma
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.reader import Reader
from tests.kiosk import codes


class Several:
    """A decoder that finds codes where it was told."""

    name = "several"

    def __init__(self, *places: tuple[bytes, tuple[float, float]]) -> None:
        self._places = places

    def decode(self, luma: Luma) -> list[Code]:
        del luma
        return [Code(data=data, engine=self.name, centre=centre) for data, centre in self._places]


def ticking(step_ns: int) -> Iterator[int]:
    now_ns = 0
    while True:
        yield now_ns
        now_ns += step_ns


def test_a_frame_without_a_code_reads_as_nothing() -> None:
    reading = Reader(Pipeline([FakeDecoder()]), Proofs()).read(blank())
    assert (reading.payload, reading.code, reading.codes) == (None, None, 0)


def test_a_code_is_understood_and_timed() -> None:
    clock = ticking(2_500_000)
    reader = Reader(Pipeline([FakeDecoder()]), codes.PROOFS, timer_ns=lambda: next(clock))
    reading = reader.read(painted(codes.CARD.encode()))
    assert reading.payload is not None
    assert (reading.payload.kind, reading.payload.authentic) == ("card", True)
    assert reading.code is not None
    assert (reading.code.engine, reading.codes, reading.ms) == ("fake", 1, 2.5)


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_codes_the_one_nearest_to_the_centre_counts(order: int) -> None:
    places = [(b"left", (5.0, 24.0)), (b"middle", (40.0, 20.0)), (b"corner", (63.0, 47.0))]
    reading = Reader(Pipeline([Several(*places[::order])]), Proofs()).read(
        blank(width=64, height=48)
    )
    assert reading.code is not None
    assert (reading.code.data, reading.codes) == (b"middle", 3)


@pytest.mark.parametrize("engine", ["zxing-cpp", "pyzbar"])
@pytest.mark.parametrize("nearer", [codes.CCCD, codes.NATIONAL])
def test_two_people_in_view_give_one_answer(engine: str, nearer: str) -> None:
    other = codes.NATIONAL if nearer == codes.CCCD else codes.CCCD
    middle, edge = codes.qr(nearer), codes.qr(other)
    x, y = (1400 - middle.shape[1]) // 2, (900 - middle.shape[0]) // 2
    luma = codes.scene((edge, (10, 10)), (middle, (x, y)))
    reading = Reader(Pipeline([open_decoders([engine])]), Proofs()).read(luma)
    assert reading.codes == 2
    assert reading.code is not None
    assert reading.code.data == nearer.encode()


@pytest.mark.parametrize("engine", ["zxing-cpp", "pyzbar"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_code_held_at_any_right_angle_is_read(engine: str, turns: int) -> None:
    luma = codes.qr(codes.CAN_CUOC)
    turned = luma.copy() if turns == 0 else luma[::-1, ::-1] if turns == 2 else luma.T[:: turns - 2]
    reading = Reader(Pipeline([open_decoders([engine])]), Proofs()).read(turned)
    assert reading.payload is not None
    assert reading.payload.kind == "can_cuoc"
