"""The Raspberry Pi's camera through picamera2, which comes from apt with its libcamera.

The Y plane of a YUV stream is the brightness already: nothing is converted. A sensor or cable that
fails makes a capture wait for ever: each wait has an end, and so has the wait for the driver to
close.
"""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from picamera2 import Picamera2

from kiosk.errors import CameraError
from kiosk.hardware.ports import Frame

_AF_CONTINUOUS: Final = 2
"""libcamera's AfModeContinuous."""
_SLICE_S: Final = 0.1
_log: Final = logging.getLogger(__name__)


class PiCamera:
    """Fresh frames until closed; none for `stall_s` is an error."""

    finite = False

    def __init__(
        self, *, size: tuple[int, int] = (1280, 720), fps: float = 15.0, stall_s: float = 2.0
    ) -> None:
        """`size`: width, height in pixels. `fps`: frames a second. Raises CameraError."""
        self._stall_s = stall_s
        self._closed = threading.Event()
        try:
            self._camera: Any = Picamera2()
            # queue=False: a capture waits for the next frame and takes no older one
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": size, "format": "YUV420"},
                    controls={"FrameRate": fps},
                    queue=False,
                )
            )
            self._width, self._height = self._camera.camera_configuration()["main"]["size"]
            if "AfMode" in self._camera.camera_controls:
                self._camera.set_controls({"AfMode": _AF_CONTINUOUS})
            self._camera.start()
        except (RuntimeError, IndexError, OSError, ValueError) as problem:
            raise CameraError(
                f"the camera does not open ({problem}); is its cable in place, and does "
                "`rpicam-hello --list-cameras` name it?"
            ) from problem

    def frames(self) -> Iterator[Frame]:
        while not self._closed.is_set():
            planes = self._capture()
            if planes is None:
                return
            luma = np.ascontiguousarray(planes[: self._height, : self._width])
            yield Frame(luma=luma, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        release = threading.Thread(target=self._release, name="camera release", daemon=True)
        release.start()
        release.join(self._stall_s)
        if release.is_alive():
            _log.error("the camera's driver does not answer; it was left to itself")

    def _capture(self) -> Any:
        """The planes of the next frame, None once closed. Raises CameraError on a stall."""
        give_up_s = time.monotonic() + self._stall_s
        try:
            job = self._camera.capture_array("main", wait=False)
            while not self._closed.is_set():
                try:
                    return job.get_result(timeout=_SLICE_S)
                except TimeoutError as problem:
                    if time.monotonic() >= give_up_s:
                        raise CameraError(
                            f"the camera gave no frame for {self._stall_s:g} s"
                        ) from problem
        except RuntimeError as problem:
            raise CameraError(f"the camera failed: {problem}") from problem
        return None

    def _release(self) -> None:
        try:
            self._camera.stop()
            self._camera.close()
        except RuntimeError as problem:
            _log.error("the camera did not close properly: %s", problem)
