"""From a code in view to its answer: at most two frames, with the real decoders and a real disk."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.ports import Answer, Frame, Luma
from tests.kiosk import codes
from tests.kiosk.test_door import World

FRAMES_AT_MOST = 2


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, decoder=open_decoders(["zxing-cpp", "pyzbar"]))
    yield made
    made.close()


def look(world: World, luma: Luma) -> None:
    world.clock.advance(ms=67)
    world.door.look(Frame(luma=luma, taken_ns=world.clock.mono_ms() * 1_000_000))


def held(text: str, *, inverted: bool, blur: float) -> Luma:
    """A 640×480 frame with the code in the middle."""
    code = Image.fromarray(codes.qr(text)).convert("L").resize((300, 300))
    frame = Image.new("L", (640, 480), 110)
    frame.paste(code, (170, 90))
    if inverted:
        frame = frame.point(lambda level: 255 - level)
    return np.asarray(frame.filter(ImageFilter.GaussianBlur(blur)), dtype=np.uint8)


@pytest.mark.parametrize("text", [codes.CARD, codes.NATIONAL, codes.CCCD])
@pytest.mark.parametrize(("inverted", "blur"), [(False, 0.0), (False, 1.0), (True, 0.5)])
def test_a_code_is_answered_within_two_frames_and_the_commit(
    world: World, text: str, inverted: bool, blur: float
) -> None:
    empty = np.full((480, 640), 110, dtype=np.uint8)
    for _ in range(5):
        look(world, empty)
    assert world.signals.shown == []
    luma = held(text, inverted=inverted, blur=blur)
    frames, began_s = 0, time.monotonic()
    while not world.signals.shown and frames < FRAMES_AT_MOST:
        look(world, luma)
        frames += 1
    assert world.signals.shown == [Answer.GO]
    assert world.signals.on_disk == [(1, 1)]
    assert time.monotonic() - began_s < 1
