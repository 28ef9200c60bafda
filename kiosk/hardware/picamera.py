"""The Raspberry Pi's camera through picamera2, which comes from apt with its libcamera.

The Y plane of a YUV stream is the brightness already: nothing is converted. A sensor or cable that
fails makes a capture wait for ever: each wait has an end, and so has the wait for the driver to
close.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import CancelledError
from typing import Any, Final

from picamera2 import Picamera2

from kiosk.errors import CameraError
from kiosk.hardware.ports import Frame, Luma
from kiosk.hardware.upright import upright

_PLANAR: Final = ("YUV420", "NV12")
"""Formats that begin with the Y plane, the one asked for first: the Pi gives it, others NV12."""
_AF_CONTINUOUS: Final = 2
"""libcamera's AfModeContinuous."""
_AF_FAST: Final = 1
"""libcamera's AfSpeedFast."""
_AF_FULL: Final = 2
"""libcamera's AfRangeFull: from a code held at the lens to one at arm's length."""
_EXPOSURE_SHORT: Final = 1
"""libcamera's ExposureShort: more gain before more time."""
_SLICE_S: Final = 0.1
_log: Final = logging.getLogger(__name__)


def wanted_controls(
    advertised: Collection[str], *, fps: float, short_exposure: bool
) -> dict[str, Any]:
    """What to ask of a sensor that has the controls `advertised`: asking for others is an error."""
    wanted: dict[str, Any] = {
        "AfMode": _AF_CONTINUOUS,
        "AfRange": _AF_FULL,
        "AfSpeed": _AF_FAST,
        "AeEnable": True,
    }
    if short_exposure:
        wanted["AeExposureMode"] = _EXPOSURE_SHORT
    if fps > 0:
        # Both limits: in the dark the sensor may not slow down to expose longer.
        wanted["FrameDurationLimits"] = (round(1e6 / fps),) * 2
    return {name: value for name, value in wanted.items() if name in advertised}


class PiCamera:
    """Fresh frames until closed; none for `stall_s` is an error."""

    finite = False

    def __init__(
        self,
        *,
        size: tuple[int, int] = (1280, 720),
        fps: float = 15.0,
        stall_s: float = 2.0,
        rotation: int = 0,
        short_exposure: bool = True,
    ) -> None:
        """`size`: width, height in pixels, before the `rotation` (0, 90, 180 or 270 degrees
        clockwise). `fps`: frames a second, 0 for the sensor's own. Raises CameraError."""
        self._stall_s = stall_s
        self._rotation = rotation
        self._closed = threading.Event()
        self._camera: Any = None
        try:
            self._camera = Picamera2()
            self._stream = _configure(self._camera, size)
            self._camera.set_controls(
                wanted_controls(
                    self._camera.camera_controls, fps=fps, short_exposure=short_exposure
                )
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError, ValueError) as problem:
            # One left half open could never be opened again.
            self.close()
            raise CameraError(
                f"the camera does not open ({problem}); is its cable in place, and does "
                "`rpicam-hello --list-cameras` name it?"
            ) from problem

    def frames(self) -> Iterator[Frame]:
        while not self._closed.is_set():
            planes = self._capture()
            if planes is None:
                return
            luma = upright(brightness(planes, self._stream), self._rotation)
            yield Frame(luma=luma, taken_ns=time.monotonic_ns())

    def close(self) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        if self._camera is None:
            return
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
                left_s = give_up_s - time.monotonic()
                try:
                    return job.get_result(timeout=min(_SLICE_S, max(0.0, left_s)))
                except TimeoutError as problem:
                    if left_s <= _SLICE_S:
                        raise CameraError(
                            f"the camera gave no frame for {self._stall_s:g} s"
                        ) from problem
        except (RuntimeError, ValueError, AttributeError, CancelledError) as problem:
            # Closing takes what the driver works with away under a capture that is about to begin.
            if not self._closed.is_set():
                raise CameraError(f"the camera failed: {problem}") from problem
        return None

    def _release(self) -> None:
        try:
            # A capture that never ended would keep the driver from stopping.
            self._camera.cancel_all_and_flush()
            self._camera.stop()
            self._camera.close()
        except (RuntimeError, OSError) as problem:
            _log.error("the camera did not close properly: %s", problem)


def brightness(planes: Luma, stream: dict[str, Any]) -> Luma:
    """The Y plane of `planes`, rows of it first, without the padding of each row (its stride)."""
    width, height = stream["size"]
    return planes[:height, :width]


def _configure(camera: Any, size: tuple[int, int]) -> dict[str, Any]:
    """Set the stream up; what it became. Raises RuntimeError."""
    problem: RuntimeError | None = None
    for wanted in _PLANAR:
        try:
            # queue=False: a capture waits for the next frame and takes no older one
            camera.configure(
                camera.create_video_configuration(
                    main={"size": size, "format": wanted}, queue=False
                )
            )
        except RuntimeError as refused:
            problem = refused
            continue
        stream: dict[str, Any] = camera.camera_configuration()["main"]
        if stream["format"] in _PLANAR:
            return stream
        problem = RuntimeError(f"it gives {stream['format']}, not {' or '.join(_PLANAR)}")
    raise RuntimeError(f"no stream of brightness: {problem}")
