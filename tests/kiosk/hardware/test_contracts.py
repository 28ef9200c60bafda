"""The promises of the ports, held by the real adapters and the fakes alike."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.hardware import fakes
from kiosk.hardware.cameras import open_camera
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.patterns import PATTERNS
from kiosk.hardware.ports import Answer, Camera, Decoder, Luma, Signals
from kiosk.hardware.signals import open_signals
from tests.kiosk import codes


def pictures(folder: Path) -> Camera:
    for number in range(3):
        codes.save(codes.qr(f"vé {number}"), folder / f"{number}.png")
    return open_camera(f"pictures:{folder}", fps=0)


def video(folder: Path) -> Camera:
    file = folder / "door.avi"
    write_video(file, [codes.qr(f"vé {number}", scale=8) for number in range(3)])
    return open_camera(f"video:{file}", fps=0)


def fake(_folder: Path) -> Camera:
    return fakes.FakeCamera([fakes.painted(b"1"), fakes.blank(), fakes.painted(b"2")])


def write_video(file: Path, frames: list[Luma], *, fps: float = 25.0) -> None:
    height, width = frames[0].shape
    out = cv2.VideoWriter(
        str(file), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height), isColor=True
    )
    assert out.isOpened()
    for luma in frames:
        out.write(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR))
    out.release()


cameras = pytest.mark.parametrize("make", [pictures, video, fake])


@cameras
def test_a_finite_camera_gives_frames_and_ends(
    make: Callable[[Path], Camera], tmp_path: Path
) -> None:
    camera = make(tmp_path)
    assert camera.finite
    before_ns = time.monotonic_ns()
    frames = list(camera.frames())
    assert len(frames) >= 3
    taken = [frame.taken_ns for frame in frames]
    assert taken == sorted(taken)
    assert before_ns <= taken[0] <= taken[-1] <= time.monotonic_ns()
    for frame in frames:
        assert frame.luma.ndim == 2
        assert frame.luma.dtype == np.uint8
    camera.close()


@cameras
def test_a_closed_camera_gives_no_more_frames(
    make: Callable[[Path], Camera], tmp_path: Path
) -> None:
    camera = make(tmp_path)
    frames = camera.frames()
    next(frames)
    closer = threading.Thread(target=camera.close)
    closer.start()
    closer.join()
    camera.close()
    assert list(frames) == []


def real(name: str) -> tuple[Decoder, Callable[[bytes], Luma]]:
    return open_decoders([name]), codes.qr


decoders = pytest.mark.parametrize(
    ("decoder", "picture"),
    [
        pytest.param(*real("zxing-cpp"), id="zxing-cpp"),
        pytest.param(*real("pyzbar"), id="pyzbar"),
        pytest.param(fakes.FakeDecoder(), fakes.painted, id="fake"),
    ],
)
CONTENTS = [codes.CCCD.encode(), b"1", bytes(range(256)), b"\x93\xfa\x96\x7b", "Nguyễn".encode()]


@decoders
@pytest.mark.parametrize("data", CONTENTS)
def test_a_decoder_gives_the_bytes_of_a_code(
    decoder: Decoder, picture: Callable[[bytes], Luma], data: bytes
) -> None:
    luma = picture(data)
    (code,) = decoder.decode(luma)
    assert code.data == data
    assert code.engine in (decoder.name, "fake")
    height, width = luma.shape
    assert abs(code.centre[0] - width / 2) < width / 8
    assert abs(code.centre[1] - height / 2) < height / 8


@decoders
@pytest.mark.parametrize(
    "luma",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 40), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((3, 4000), 255, np.uint8),
        np.full((480, 640), 128, np.uint8),
        np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8),
        np.random.default_rng(2).integers(0, 256, (480, 1280), np.uint8)[:, ::2],
        np.random.default_rng(3).integers(0, 256, (640, 480), np.uint8).T,
    ],
    ids=lambda luma: "x".join(map(str, luma.shape)),
)
def test_a_decoder_raises_on_no_picture_and_finds_nothing_in_none(
    decoder: Decoder, picture: Callable[[bytes], Luma], luma: Luma
) -> None:
    del picture
    assert list(decoder.decode(luma)) == []


@pytest.mark.parametrize("make", [open_signals, fakes.RecordingSignals])
def test_signals_return_at_once_and_close_twice(make: Callable[[], Signals]) -> None:
    signals = make()
    began = time.monotonic()
    for answer in Answer:
        signals.show(answer)
    assert time.monotonic() - began < 0.1
    signals.close()
    signals.close()
    assert set(PATTERNS) == set(Answer)
