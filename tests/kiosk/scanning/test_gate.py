"""What counts as movement."""

import numpy as np
import pytest

from kiosk.scanning.gate import MotionGate
from tests.kiosk import codes

RANDOM = np.random.default_rng(5)


def scene(*, noise: float = 0.0, grey: int = 120) -> np.ndarray:
    rows, columns = np.mgrid[0:480, 0:640]
    light = grey + 40 * np.sin(columns / 90) + 30 * np.cos(rows / 70)
    return np.clip(light + RANDOM.normal(0, noise, light.shape), 0, 255).astype(np.uint8)


def kept(luma: np.ndarray) -> MotionGate:
    gate = MotionGate()
    assert gate.moved(luma)
    gate.keep()
    return gate


def test_the_first_frame_and_one_of_another_size_count_as_movement() -> None:
    assert MotionGate().moved(scene())
    assert kept(scene()).moved(scene()[:, :320])


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0, 3.0])
def test_noise_is_no_movement(noise: float) -> None:
    gate = kept(scene(noise=noise))
    assert not any(gate.moved(scene(noise=noise)) for _ in range(20))


@pytest.mark.parametrize("scale", [2, 3, 6])
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_a_code_that_enters_is_movement(scale: int, noise: float) -> None:
    gate = kept(scene(noise=noise))
    code = codes.qr(codes.CARD, scale=scale)
    luma = scene(noise=noise)
    luma[100 : 100 + code.shape[0], 200 : 200 + code.shape[1]] = code
    assert gate.moved(luma)


def test_a_change_of_everything_is_movement() -> None:
    assert kept(scene()).moved(scene(grey=140))
    assert kept(np.zeros((480, 640), np.uint8)).moved(np.full((480, 640), 255, np.uint8))


def test_what_creeps_in_is_noticed_because_the_scene_looked_at_counts() -> None:
    gate = kept(scene())
    steps = [gate.moved(scene(grey=120 + step)) for step in range(1, 20)]
    assert not steps[0]
    assert steps[-1]


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 900), (50, 0)])
def test_no_frame_is_too_small(shape: tuple[int, int]) -> None:
    luma = np.zeros(shape, np.uint8)
    assert not kept(luma).moved(luma)
