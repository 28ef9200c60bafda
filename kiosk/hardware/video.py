"""A video file as a camera. Imports OpenCV."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kiosk.errors import ConfigError
from kiosk.hardware.pictures import Pace
from kiosk.hardware.ports import Frame, Luma

_USUAL_FPS: Final = 25.0
_log: Final = logging.getLogger(__name__)


class VideoCamera:
    """Plays the file once at its own speed, then ends."""

    finite = True

    def __init__(self, file: Path, *, fps: float | None = None) -> None:
        """`fps`: frames a second; None as the file says, 0 for as fast as they are taken.

        Raises ConfigError for a file that is missing or no video.
        """
        self._file = file
        self._video = cv2.VideoCapture(str(file)) if file.is_file() else None
        if self._video is None or not self._video.isOpened():
            raise ConfigError(f"camera.source: expected video:FILE with a video; found {file}")
        if fps is None:
            said = self._video.get(cv2.CAP_PROP_FPS)
            fps = said if 0 < said <= 240 else _USUAL_FPS
        self._pace = Pace(fps)

    def frames(self) -> Iterator[Frame]:
        if self._video is None:
            return
        count = 0
        while self._pace.wait():
            more, picture = self._video.read()
            if not more:
                break
            count += 1
            yield Frame(luma=_luma(picture), taken_ns=time.monotonic_ns(), source=str(self._file))
        if count == 0:
            _log.warning("video without frames: %s", self._file)
        self._video.release()

    def close(self) -> None:
        self._pace.end()


def _luma(picture: cv2.typing.MatLike) -> Luma:
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.ascontiguousarray(grey, dtype=np.uint8)
