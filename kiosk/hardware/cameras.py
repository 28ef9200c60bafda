"""The camera, or the scanner in its place, that a kiosk is told to use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from kiosk.errors import ConfigError
from kiosk.hardware.ports import Camera, Scanner

EXPECTED: Final = "picamera2, v4l2:DEVICE, scanner:DEVICE or NAME, pictures:FOLDER or video:FILE"
_USUAL_FPS: Final = 15.0
"""Of live cameras: a code in a moving hand is in view for some ten frames."""


@dataclass(frozen=True, kw_only=True)
class Torch:
    """A lamp beside the camera (`kiosk.hardware.torch`)."""

    pin: int
    level: int
    frames: int
    burn_s: float


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What cameras and scanners are told; each takes what concerns it."""

    fps: float | None = None
    """Frames a second: None for the source's own rate, 0 for as fast as they are taken."""
    shown: int = 3
    """Frames per picture."""
    blank: int = 2
    """Frames after each picture."""
    size: tuple[int, int] = (1280, 720)
    """Of a live camera's frames: width, height in pixels."""
    stall_s: float = 2.0
    """Seconds without a frame after which a live camera has failed."""
    rotation: int = 0
    """Degrees clockwise until a live camera's frames are upright."""
    short_exposure: bool = True
    torch: Torch | None = None
    pause_ms: int = 300
    """Milliseconds that end a scanner's code."""


def open_camera(source: str, *, base: Path = Path(), **settings: Any) -> Camera:
    """The camera `source` names; relative paths count from `base`; `settings` are those of
    Settings. Raises ConfigError for a source that is none, CameraError for one that does not open.
    """
    camera = open_source(source, base=base, settings=Settings(**settings))
    return cast(Camera, camera)


def open_source(source: str, *, base: Path, settings: Settings) -> Camera | Scanner:
    """The camera or scanner `source` names, as `open_camera` does."""
    # Each camera's libraries are imported only where it is chosen: OpenCV and libcamera are large.
    kind, _, where = source.partition(":")
    if kind == "pictures" and where:
        return _pictures(base / where, settings)
    if kind == "video" and where:
        return _video(source, base / where, settings)
    if kind == "v4l2" and where:
        return _lit(_v4l2(source, Path(where), settings), settings)
    if kind == "scanner" and where:
        return _scanner(source, where, settings)
    if source == "picamera2":
        return _lit(_picamera(settings), settings)
    raise ConfigError(f"camera.source: expected {EXPECTED}; found {source!r}")


def _pictures(folder: Path, settings: Settings) -> Camera:
    from kiosk.hardware.pictures import PicturesCamera, find_pictures  # noqa: PLC0415

    if not folder.is_dir():
        raise ConfigError(f"camera.source: expected pictures:FOLDER; no folder {folder}")
    files = find_pictures(folder)
    if not files:
        raise ConfigError(f"camera.source: no jpg, png, webp or bmp picture in {folder}")
    fps = 10.0 if settings.fps is None else settings.fps
    return PicturesCamera(files, fps=fps, shown=settings.shown, blank=settings.blank)


def _video(source: str, file: Path, settings: Settings) -> Camera:
    try:
        from kiosk.hardware.video import VideoCamera  # noqa: PLC0415
    except ImportError as problem:
        raise _no_opencv(source, problem) from problem
    return VideoCamera(file, fps=settings.fps)


def _v4l2(source: str, device: Path, settings: Settings) -> Camera:
    try:
        from kiosk.hardware.v4l2 import V4l2Camera  # noqa: PLC0415
    except ImportError as problem:
        raise _no_opencv(source, problem) from problem
    return V4l2Camera(
        device,
        size=settings.size,
        fps=_USUAL_FPS if settings.fps is None else settings.fps,
        stall_s=settings.stall_s,
        rotation=settings.rotation,
    )


def _picamera(settings: Settings) -> Camera:
    try:
        from kiosk.hardware.picamera import PiCamera  # noqa: PLC0415
    except ImportError as problem:
        raise ConfigError(
            f"camera.source: picamera2 cannot be loaded ({problem}); on a Raspberry Pi: apt "
            "install python3-picamera2, and a virtual environment that sees system packages"
        ) from problem
    return PiCamera(
        size=settings.size,
        fps=_USUAL_FPS if settings.fps is None else settings.fps,
        stall_s=settings.stall_s,
        rotation=settings.rotation,
        short_exposure=settings.short_exposure,
    )


def _scanner(source: str, where: str, settings: Settings) -> Scanner:
    try:
        from kiosk.hardware.scanner import UsbScanner  # noqa: PLC0415
    except ImportError as problem:
        raise ConfigError(
            f"camera.source: {source} needs evdev ({problem}); on a Raspberry Pi: apt install "
            "python3-evdev, and a virtual environment that sees system packages; elsewhere: "
            "pip install 'tram[scanner]'"
        ) from problem
    return UsbScanner(where, pause_ms=settings.pause_ms)


def _lit(camera: Camera, settings: Settings) -> Camera:
    """`camera` with its lamp, if there is one."""
    torch = settings.torch
    if torch is None:
        return camera
    from kiosk.hardware.torch import Darkness, LitCamera, open_lamp  # noqa: PLC0415

    try:
        lamp = open_lamp(torch.pin)
    except ConfigError:
        camera.close()
        raise
    if lamp is None:
        return camera
    darkness = Darkness(level=torch.level, frames=torch.frames, burn_s=torch.burn_s)
    return LitCamera(camera, lamp, darkness)


def _no_opencv(source: str, problem: ImportError) -> ConfigError:
    return ConfigError(
        f"camera.source: {source} needs OpenCV ({problem}); pip install 'tram[video]', or on a "
        "Raspberry Pi: apt install python3-opencv"
    )
