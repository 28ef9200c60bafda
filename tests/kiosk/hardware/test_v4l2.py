"""USB cameras. No test machine has one: OpenCV's real capture plays a file in its place, and a
capture object made here gives what a V4L2 driver gives (MJPEG bytes, YUYV) and hangs as one does.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.errors import CameraError
from kiosk.hardware.cameras import open_camera
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.ports import Luma
from kiosk.hardware.v4l2 import V4l2Camera
from tests.kiosk import codes
from tests.kiosk.hardware.test_contracts import write_video


class Capture:
    """As OpenCV's, over pictures; an Event among them hangs until it is set."""

    def __init__(self, pictures: list[Any], *, opened: bool = True) -> None:
        self._pictures = pictures
        self._opened = opened
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self._opened

    def read(self) -> tuple[bool, Any]:
        assert not self.released, "read after release"
        if not self._pictures:
            return False, None
        picture = self._pictures.pop(0)
        if isinstance(picture, threading.Event):
            picture.wait(10)
            return False, None
        time.sleep(0.01)
        return True, picture

    def release(self) -> None:
        self.released += 1


def camera_over(capture: Capture, **options: Any) -> V4l2Camera:
    return V4l2Camera(Path("/dev/video0"), open_capture=lambda *_settings: capture, **options)


def mjpeg(luma: Luma) -> Any:
    done, packed = cv2.imencode(".jpg", luma)
    assert done
    return packed.reshape(1, -1)


def yuyv(luma: Luma) -> Any:
    return np.dstack([luma, np.full_like(luma, 128)])


def bgr(luma: Luma) -> Any:
    return cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("pack", [mjpeg, yuyv, bgr, lambda luma: luma])
def test_every_format_a_driver_gives_becomes_brightness(pack: Callable[[Luma], Any]) -> None:
    luma = codes.qr("vé 1")
    camera = camera_over(Capture([pack(luma)] * 50))
    seen = next(camera.frames()).luma
    camera.close()
    assert (seen.dtype, seen.shape) == (np.uint8, luma.shape)
    assert np.abs(seen.astype(int) - luma).mean() < 3
    (code,) = open_decoders(["zxing-cpp"]).decode(seen)
    assert code.data == "vé 1".encode()


def test_opencvs_own_capture_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "door.avi"
    write_video(file, [codes.qr("vé 1", scale=8)] * 200)
    camera = V4l2Camera(file, open_capture=lambda path, *_settings: cv2.VideoCapture(str(path)))
    assert not camera.finite
    frames = camera.frames()
    first = next(frames)
    assert first.luma.ndim == 2
    with pytest.raises(CameraError, match="ended"):
        for _frame in frames:
            pass
    camera.close()


def test_a_damaged_picture_is_passed_over() -> None:
    broken = np.frombuffer(b"\xff\xd8 cut short", np.uint8).reshape(1, -1)
    hold = threading.Event()
    camera = camera_over(Capture([broken, yuyv(codes.qr("1")), hold]), stall_s=0.2)
    assert next(camera.frames()).luma.shape == codes.qr("1").shape
    hold.set()
    camera.close()


def test_a_hanging_camera_is_noticed_in_time_and_does_not_hold_up_closing() -> None:
    hold = threading.Event()
    capture = Capture([yuyv(codes.qr("1")), hold])
    camera = camera_over(capture, stall_s=0.3)
    frames = camera.frames()
    next(frames)
    began = time.monotonic()
    with pytest.raises(CameraError, match=r"no frame for 0\.3 s"):
        next(frames)
    camera.close()
    assert time.monotonic() - began < 1
    assert capture.released == 0
    hold.set()
    camera.close()
    assert capture.released == 1


def test_a_closed_camera_gives_no_more_frames_and_is_released_once() -> None:
    capture = Capture([yuyv(codes.qr("1"))] * 1000)
    camera = camera_over(capture, rotation=180)
    frames = camera.frames()
    next(frames)
    closer = threading.Thread(target=camera.close)
    closer.start()
    assert len(list(frames)) < 1000
    closer.join()
    camera.close()
    assert capture.released == 1


def test_an_absent_camera_is_named_with_what_to_look_at(tmp_path: Path) -> None:
    device = tmp_path / "video7"
    with pytest.raises(CameraError, match=r"video7: no camera.*plugged in.*group video"):
        open_camera(f"v4l2:{device}")
