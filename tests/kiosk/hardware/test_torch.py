"""The lamp beside the camera."""

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory

from kiosk.errors import ConfigError
from kiosk.hardware.fakes import FakeCamera
from kiosk.hardware.torch import Darkness, LitCamera, open_lamp

S = 1_000_000_000


def test_the_lamp_burns_after_so_many_dark_frames_and_no_fewer() -> None:
    darkness = Darkness(level=40, frames=3, burn_s=60)
    means = [10, 10, 90, 10, 10, 10]
    assert [darkness.lit(mean, now_ns=n) for n, mean in enumerate(means)] == [False] * 5 + [True]


def test_its_own_light_does_not_put_it_out() -> None:
    darkness = Darkness(level=40, frames=1, burn_s=60)
    assert darkness.lit(10, now_ns=0)
    assert darkness.lit(200, now_ns=59 * S)
    assert not darkness.lit(200, now_ns=60 * S)
    assert not darkness.lit(200, now_ns=61 * S)


def test_it_goes_out_to_look_and_burns_again_where_it_is_still_dark() -> None:
    darkness = Darkness(level=40, frames=2, burn_s=60)
    lit = [darkness.lit(10, now_ns=n * S) for n in (0, 1, 30, 61, 62, 63)]
    assert lit == [False, True, True, False, False, True]


def test_dark_frames_light_the_pin_and_closing_gives_it_back() -> None:
    factory = MockFactory()
    dark, bright = np.zeros((48, 64), np.uint8), np.full((48, 64), 128, np.uint8)
    lamp = open_lamp(5, factory=factory)
    assert lamp is not None
    camera = LitCamera(
        FakeCamera([bright, dark, dark, bright]), lamp, Darkness(level=40, frames=2, burn_s=60)
    )
    assert camera.finite
    states = [factory.pin(5).state for _frame in camera.frames()]
    assert states == [False, False, True, True]
    camera.close()
    camera.close()
    again = open_lamp(5, factory=factory)
    assert again is not None
    again.close()


def test_a_pin_that_is_taken_is_named() -> None:
    factory = MockFactory()
    lamp = open_lamp(5, factory=factory)
    assert lamp is not None
    with pytest.raises(ConfigError, match=r"camera\.torch_pin: GPIO 5"):
        open_lamp(5, factory=factory)
    lamp.close()


def test_a_torch_that_fails_does_not_stop_the_camera(caplog: pytest.LogCaptureFixture) -> None:
    lamp = open_lamp(5, factory=MockFactory())
    assert lamp is not None
    dark = np.zeros((48, 64), np.uint8)
    camera = LitCamera(FakeCamera([dark, dark]), lamp, Darkness(level=40, frames=1, burn_s=60))
    lamp.close()
    assert len(list(camera.frames())) == 2
    assert "torch" in caplog.text
    camera.close()
