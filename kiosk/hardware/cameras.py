"""The camera a kiosk is told to use."""

from pathlib import Path
from typing import Final

from kiosk.errors import ConfigError
from kiosk.hardware.ports import Camera

EXPECTED: Final = "picamera2, pictures:FOLDER or video:FILE"


def open_camera(
    source: str,
    *,
    base: Path = Path(),
    fps: float | None = None,
    shown: int = 3,
    blank: int = 2,
    size: tuple[int, int] = (1280, 720),
    stall_s: float = 2.0,
) -> Camera:
    """The camera `source` names; relative paths count from `base`.

    `fps` is frames a second: None for the source's own rate, 0 for pictures and video as fast as
    they are taken. `shown` and `blank` are frames per picture and after it, `size` and `stall_s`
    (seconds without a frame) are the Pi camera's. Raises ConfigError for a source that is none,
    CameraError for a camera that does not open.
    """
    # Each camera's libraries are imported only where it is chosen: OpenCV and libcamera are large.
    kind, _, where = source.partition(":")
    if kind == "pictures" and where:
        from kiosk.hardware.pictures import PicturesCamera, find_pictures  # noqa: PLC0415

        folder = base / where
        if not folder.is_dir():
            raise ConfigError(f"camera.source: expected pictures:FOLDER; no folder {folder}")
        files = find_pictures(folder)
        if not files:
            raise ConfigError(f"camera.source: no jpg, png, webp or bmp picture in {folder}")
        return PicturesCamera(files, fps=10.0 if fps is None else fps, shown=shown, blank=blank)
    if kind == "video" and where:
        try:
            from kiosk.hardware.video import VideoCamera  # noqa: PLC0415
        except ImportError as problem:
            raise ConfigError(
                f"camera.source: {source} needs OpenCV ({problem}); pip install 'tram[video]'"
            ) from problem
        return VideoCamera(base / where, fps=fps)
    if source == "picamera2":
        try:
            from kiosk.hardware.picamera import PiCamera  # noqa: PLC0415
        except ImportError as problem:
            raise ConfigError(
                f"camera.source: picamera2 cannot be loaded ({problem}); on a Raspberry Pi: apt "
                "install python3-picamera2, and a virtual environment that sees system packages"
            ) from problem
        return PiCamera(size=size, fps=15.0 if fps is None else fps, stall_s=stall_s)
    raise ConfigError(f"camera.source: expected {EXPECTED}; found {source!r}")
