"""A USB camera through Video4Linux. Imports OpenCV.

OpenCV and not linuxpy: it is on a kiosk for video files already, apt has it for the Pi, it unpacks
MJPEG to brightness alone, and its licence goes with this project's, as linuxpy's GPL does not.

A camera that is pulled or hangs makes `read` wait for ten seconds or for ever: it waits in a thread
of its own, and the newest picture is what the next frame shows.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from kiosk.errors import CameraError
from kiosk.hardware.ports import Frame, Luma
from kiosk.hardware.upright import upright

_log: Final = logging.getLogger(__name__)


def open_device(device: Path, size: tuple[int, int], fps: float) -> Any:
    """OpenCV's capture of `device`, set to give pictures as the camera made them."""
    capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    # MJPEG first: raw 1280×720 needs more than USB 2 carries at 15 frames a second.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if fps > 0:
        capture.set(cv2.CAP_PROP_FPS, fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    return capture


class V4l2Camera:
    """Fresh frames until closed; none for `stall_s` is an error."""

    finite = False

    def __init__(
        self,
        device: Path,
        *,
        size: tuple[int, int] = (1280, 720),
        fps: float = 15.0,
        stall_s: float = 2.0,
        rotation: int = 0,
        open_capture: Callable[[Path, tuple[int, int], float], Any] = open_device,
    ) -> None:
        """`size`: width, height in pixels, before the `rotation` (0, 90, 180 or 270 degrees
        clockwise). Raises CameraError."""
        self._device = device
        self._stall_s = stall_s
        self._rotation = rotation
        self._closed = threading.Event()
        self._news = threading.Condition()
        self._picture: Any = None
        self._ended = False
        self._capture = open_capture(device, size, fps)
        if not self._capture.isOpened():
            self._capture.release()
            raise CameraError(
                f"{device}: no camera that can be opened; is it plugged in, does `v4l2-ctl "
                "--list-devices` name it, and may this user read it (group video)?"
            )
        self._reader = threading.Thread(target=self._read, name="v4l2", daemon=True)
        self._reader.start()

    def frames(self) -> Iterator[Frame]:
        while True:
            with self._news:
                came = self._news.wait_for(
                    lambda: self._picture is not None or self._ended or self._closed.is_set(),
                    timeout=self._stall_s,
                )
                picture, self._picture = self._picture, None
            if self._closed.is_set():
                return
            if picture is None:
                why = "ended" if came else f"gave no frame for {self._stall_s:g} s"
                raise CameraError(f"{self._device}: the camera {why}")
            luma = brightness(picture)
            if luma is None:
                # A USB camera's first pictures are often cut short.
                _log.debug("%s: a picture that cannot be unpacked", self._device)
                continue
            yield Frame(luma=upright(luma, self._rotation), taken_ns=time.monotonic_ns())

    def close(self) -> None:
        with self._news:
            self._closed.set()
            self._news.notify_all()
        if self._reader is not threading.current_thread():
            self._reader.join(self._stall_s)
            if self._reader.is_alive():
                _log.error("%s: the camera does not answer; it was left to itself", self._device)

    def _read(self) -> None:
        try:
            while not self._closed.is_set():
                more, picture = self._capture.read()
                if not more:
                    return
                with self._news:
                    self._picture = picture
                    self._news.notify_all()
        except cv2.error as problem:
            _log.error("%s: %s", self._device, problem)
        finally:
            # Here and nowhere else: releasing while another thread reads crashes the process.
            self._capture.release()
            with self._news:
                self._ended = True
                self._news.notify_all()


def brightness(picture: Any) -> Luma | None:
    """The brightness of what `read` gave: MJPEG bytes, YUYV, BGR or grey; None where damaged."""
    if picture.ndim == 2 and 1 in picture.shape:
        return _unpacked(picture)
    if picture.ndim == 2:
        return np.asarray(picture, dtype=np.uint8)
    if picture.shape[2] == 2:
        return np.asarray(picture[:, :, 0], dtype=np.uint8)
    if picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return np.asarray(picture[:, :, 0], dtype=np.uint8)


def _unpacked(jpeg: Any) -> Luma | None:
    luma = cv2.imdecode(np.ascontiguousarray(jpeg).reshape(-1), cv2.IMREAD_GRAYSCALE)
    return None if luma is None else np.asarray(luma, dtype=np.uint8)
