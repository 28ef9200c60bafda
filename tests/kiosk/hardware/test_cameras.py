"""Pictures, video and the Pi's camera as sources of frames."""

import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kiosk.errors import CameraError, ConfigError
from kiosk.hardware import fakes
from kiosk.hardware.cameras import open_camera
from kiosk.hardware.pictures import UnreadablePicture, find_pictures, load_luma
from kiosk.hardware.ports import Luma
from tests.kiosk import codes
from tests.kiosk.hardware.test_contracts import write_video


def test_each_picture_is_shown_for_some_frames_and_then_nothing(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        codes.save(codes.qr(name), tmp_path / name)
    camera = open_camera(f"pictures:{tmp_path}", fps=0, shown=3, blank=2)
    sources = [Path(frame.source).name for frame in camera.frames()]
    assert sources == ["a.png"] * 3 + [""] * 2 + ["b.png"] * 3 + [""] * 2


def test_the_frames_between_pictures_are_empty(tmp_path: Path) -> None:
    codes.save(codes.qr("1"), tmp_path / "1.png")
    *_, last = open_camera("pictures:.", base=tmp_path, fps=0).frames()
    assert len(np.unique(last.luma)) == 1


def test_pictures_come_at_the_frame_rate(tmp_path: Path) -> None:
    codes.save(codes.qr("1"), tmp_path / "1.png")
    camera = open_camera(f"pictures:{tmp_path}", fps=50, shown=10, blank=0)
    taken = [frame.taken_ns for frame in camera.frames()]
    assert 0.17 < (taken[-1] - taken[0]) / 1e9 < 0.6


def test_an_unreadable_picture_is_named_on_the_log_and_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no picture")
    codes.save(codes.qr("2"), tmp_path / "2.png")
    (tmp_path / "3.png").write_bytes((tmp_path / "2.png").read_bytes()[:200])
    with caplog.at_level(logging.WARNING):
        frames = list(open_camera(f"pictures:{tmp_path}", fps=0).frames())
    assert {Path(frame.source).name for frame in frames} == {"2.png", ""}
    assert "1.jpg" in caplog.text
    assert "3.png" in caplog.text


def test_folders_are_read_below_too_and_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.webp", "a.bmp", "c.JPG", "note.txt", ".hidden/1.png"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert found == ["a.bmp", "b/1.webp", "b/2.png", "c.JPG"]


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    luma = np.zeros((20, 40), np.uint8)
    luma[:, :20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    codes.save(luma, tmp_path / "turned.png", exif=exif)
    turned = load_luma(tmp_path / "turned.png")
    assert turned.shape == (40, 20)
    assert turned[5, 10] == 255
    assert turned[35, 10] == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"])
def test_every_kind_of_picture_becomes_brightness(tmp_path: Path, mode: str) -> None:
    original = codes.qr("vé 1")
    if mode == "I;16":
        picture = Image.fromarray(original.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(original).convert("RGB").convert(mode)
    file = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    picture.save(file)
    luma = load_luma(file)
    assert luma.dtype == np.uint8
    assert np.abs(luma.astype(int) - original).mean() < 3


def test_transparent_ground_is_white(tmp_path: Path) -> None:
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[:5, :, 3] = 255
    Image.fromarray(rgba, "RGBA").save(tmp_path / "a.png")
    luma = load_luma(tmp_path / "a.png")
    assert (luma[:5] == 0).all()
    assert (luma[5:] == 255).all()


@pytest.mark.slow
def test_a_picture_too_large_for_memory_is_refused_unread(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 1_000_000
    with pytest.raises(
        UnreadablePicture, match=r"bomb\.png.*20000×20000|bomb\.png.*cannot be read"
    ):
        load_luma(tmp_path / "bomb.png")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 3000),
)
def test_a_damaged_picture_is_read_or_refused(
    tmp_path: Path, suffix: str, changes: list[tuple[int, int]], cut: int
) -> None:
    whole = tmp_path / f"whole.{suffix}"
    if not whole.exists():
        codes.save(codes.qr("vé 1", scale=2), whole)
    data = codes.mutations(whole.read_bytes(), changes)
    damaged = tmp_path / f"damaged.{suffix}"
    damaged.write_bytes(data[: max(0, len(data) - (cut if cut % 3 == 0 else 0))])
    try:
        luma = load_luma(damaged)
    except UnreadablePicture:
        return
    assert (luma.ndim, luma.dtype) == (2, np.uint8)


def test_a_video_plays_at_its_own_speed(tmp_path: Path) -> None:
    write_video(tmp_path / "door.avi", [fakes.blank()] * 6, fps=20)
    frames = list(open_camera("video:door.avi", base=tmp_path).frames())
    assert len(frames) == 6
    assert 0.2 < (frames[-1].taken_ns - frames[0].taken_ns) / 1e9 < 0.8
    assert frames[0].source.endswith("door.avi")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "picamera2, v4l2:DEVICE, scanner:"),
        ("webcam", "picamera2, v4l2:DEVICE, scanner:"),
        ("pictures:", "picamera2, v4l2:DEVICE, scanner:"),
        ("pictures:nowhere", "no folder"),
        ("pictures:.", "no jpg, png, webp or bmp"),
        ("v4l2:", "v4l2:DEVICE"),
        ("scanner:", "scanner:DEVICE or NAME"),
        ("video:nowhere.mp4", "video:FILE"),
        ("video:note.mp4", "video:FILE"),
    ],
)
def test_a_wrong_source_says_what_was_expected(tmp_path: Path, source: str, expected: str) -> None:
    (tmp_path / "note.mp4").write_text("no video")
    with pytest.raises(ConfigError, match=r"camera\.source") as caught:
        open_camera(source, base=tmp_path)
    assert expected in str(caught.value)


def test_without_picamera2_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.delitem(sys.modules, "kiosk.hardware.picamera", raising=False)
    with pytest.raises(ConfigError, match="python3-picamera2"):
        open_camera("picamera2")


class Driver:
    """What picamera2 does as far as the adapter sees: YUV420 planes, jobs, and stalls."""

    stalled = False
    absent = False
    advertised: Sequence[str] = ("AfMode",)
    formats: Mapping[str, str] = {"YUV420": "YUV420"}
    """By what is asked for, what libcamera makes of it; not among them is refused."""
    opened = 0

    def __init__(self) -> None:
        if self.absent:
            raise IndexError("list index out of range")
        if Driver.opened:
            raise RuntimeError("Device or resource busy")
        Driver.opened = 1
        self.camera_controls = dict.fromkeys(self.advertised, (0, 2, 0))
        self.controls: dict[str, Any] = {}
        self.running = False

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        return options

    def configure(self, config: dict[str, Any]) -> None:
        wanted = config["main"]["format"]
        if wanted not in self.formats:
            raise RuntimeError(f"{wanted} is not supported")
        self.config = {"main": {"size": (60, 40), "format": self.formats[wanted]}}

    def camera_configuration(self) -> dict[str, Any]:
        return self.config

    def cancel_all_and_flush(self) -> None: ...

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            if name not in self.advertised:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.controls |= controls

    def start(self) -> None:
        self.running = True

    def capture_array(self, name: str, *, wait: bool) -> "Job":
        assert (name, wait) == ("main", False)
        job = Job()
        if not self.stalled:
            planes: Luma = np.full((60, 64), 99, np.uint8)
            planes[:40, :60] = 7
            planes[0, 0] = 200
            job.future.set_result(planes)
        return job

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        assert not self.running
        Driver.opened = 0


class Job:
    def __init__(self) -> None:
        self.future: Future[Luma] = Future()

    def get_result(self, timeout: float | None = None) -> Luma:
        return self.future.result(timeout=timeout)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Driver]]:
    class Fresh(Driver):
        pass

    module = ModuleType("picamera2")
    module.Picamera2 = Fresh  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.delitem(sys.modules, "kiosk.hardware.picamera", raising=False)
    Driver.opened = 0
    yield Fresh
    sys.modules.pop("kiosk.hardware.picamera", None)


def test_the_pi_camera_gives_the_y_plane_and_focuses_continuously(driver: type[Driver]) -> None:
    camera: Any = open_camera("picamera2")
    assert isinstance(camera._camera, driver)
    frame = next(camera.frames())
    assert frame.luma.shape == (40, 60)
    assert frame.luma[0, 0] == 200
    assert (frame.luma.flat[1:] == 7).all()
    assert frame.luma.flags.c_contiguous
    assert camera._camera.controls == {"AfMode": 2}
    assert not camera.finite
    camera.close()
    camera.close()
    assert not camera._camera.running
    assert list(camera.frames()) == []


def test_a_pi_camera_is_asked_only_for_what_its_sensor_has(driver: type[Driver]) -> None:
    driver.advertised = ("AeEnable", "AeExposureMode", "FrameDurationLimits", "AfMode", "AfRange")
    camera: Any = open_camera("picamera2", fps=20)
    assert camera._camera.controls == {
        "AeEnable": True,
        "AeExposureMode": 1,
        "FrameDurationLimits": (50_000, 50_000),
        "AfMode": 2,
        "AfRange": 2,
    }
    camera.close()
    driver.advertised = ("AeExposureMode", "FrameDurationLimits")
    camera = open_camera("picamera2", fps=0, short_exposure=False)
    assert camera._camera.controls == {}
    camera.close()


def test_a_camera_without_yuv420_is_asked_for_nv12(driver: type[Driver]) -> None:
    driver.formats = {"NV12": "NV12"}
    camera = open_camera("picamera2")
    assert next(camera.frames()).luma.shape == (40, 60)
    camera.close()


@pytest.mark.parametrize("formats", [{}, {"YUV420": "MJPEG", "NV12": "XBGR8888"}])
def test_a_camera_without_brightness_is_refused_and_given_back(
    driver: type[Driver], formats: dict[str, str]
) -> None:
    driver.formats = formats
    for _ in range(2):  # the second would be busy, had the first kept it
        with pytest.raises(CameraError, match="no stream of brightness"):
            open_camera("picamera2")


@pytest.mark.parametrize(
    ("rotation", "where"), [(0, (0, 0)), (90, (0, 39)), (180, (39, 59)), (270, (59, 0))]
)
def test_a_camera_that_hangs_askew_is_turned_upright(
    driver: type[Driver], rotation: int, where: tuple[int, int]
) -> None:
    del driver
    camera = open_camera("picamera2", rotation=rotation)
    luma = next(camera.frames()).luma
    assert luma[where] == 200
    assert luma.flags.c_contiguous
    camera.close()


def test_a_stalled_pi_camera_is_noticed_in_time(driver: type[Driver]) -> None:
    camera = open_camera("picamera2", stall_s=0.3)
    frames = camera.frames()
    next(frames)
    driver.stalled = True
    began = time.monotonic()
    with pytest.raises(CameraError, match=r"no frame for 0\.3 s"):
        next(frames)
    assert time.monotonic() - began < 1
    camera.close()


def test_a_driver_that_hangs_does_not_hold_up_closing(
    driver: type[Driver], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    camera = open_camera("picamera2", stall_s=0.2)
    answers = threading.Event()
    monkeypatch.setattr(driver, "stop", lambda _self: answers.wait(5))
    monkeypatch.setattr(driver, "close", lambda _self: None)
    began = time.monotonic()
    camera.close()
    assert time.monotonic() - began < 1
    assert "does not answer" in caplog.text
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "camera release":
            thread.join(5)


def test_an_absent_pi_camera_is_named(driver: type[Driver]) -> None:
    driver.absent = True
    with pytest.raises(CameraError, match="cable"):
        open_camera("picamera2")


def test_a_fake_camera_can_fail_between_frames() -> None:
    frames = fakes.FakeCamera([fakes.blank(), CameraError("gone")]).frames()
    next(frames)
    with pytest.raises(CameraError, match="gone"):
        next(frames)
