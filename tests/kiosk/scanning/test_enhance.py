"""Each operation against what it says, written out the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from bench.variants import variant
from kiosk.hardware.ports import Luma
from kiosk.scanning import deblur, enhance
from kiosk.scanning.stages import STAGES, Stage
from tests.kiosk import codes

pictures = st_numpy.arrays(np.uint8, st.tuples(st.integers(21, 60), st.integers(21, 60)))


@given(pictures, st.integers(8, 70))
def test_a_shrunk_picture_has_the_means_of_whole_pixels(luma: Luma, longest: int) -> None:
    small = enhance.shrunk(luma, longest)
    factor = -(-max(luma.shape) // longest)
    assert small.shape == (luma.shape[0] // factor, luma.shape[1] // factor)
    for row, column in ((0, 0), (small.shape[0] - 1, small.shape[1] - 1)):
        part = luma[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        assert small[row, column] == int(part.mean(dtype=np.float64))


@given(pictures)
def test_a_doubled_picture_keeps_its_pixels_and_puts_means_between(luma: Luma) -> None:
    twice = enhance.doubled(luma)
    assert twice.shape == (2 * luma.shape[0], 2 * luma.shape[1])
    assert (twice[::2, ::2] == luma).all()
    between = (luma[:, :-1].astype(int) + luma[:, 1:] + 1) // 2
    assert (twice[::2, 1:-1:2] == between).all()


@given(pictures)
def test_smoothing_mixes_with_neighbours_and_keeps_what_is_even(luma: Luma) -> None:
    smooth = enhance.smoothed(luma)
    edged = np.pad(luma.astype(int), 1, mode="edge")
    weights = np.outer((1, 2, 1), (1, 2, 1))
    assert smooth[5, 7] == ((edged[5:8, 7:10] * weights).sum() + 8) // 16
    even = np.full_like(luma, 99)
    assert (enhance.smoothed(even, times=3) == 99).all()


def test_equalising_brings_out_what_is_faint_in_every_corner() -> None:
    luma = np.repeat(np.linspace(20, 200, 320).astype(np.uint8)[None], 240, axis=0)
    luma[::8] += 6
    equal = enhance.equalised(luma).astype(int)
    for column in (3, 160, 316):
        assert equal[8, column] - equal[9, column] > 8


@given(pictures, st.sampled_from([3, 9, 15]))
@settings(max_examples=30)
def test_sharpening_adds_the_difference_from_the_mean_around(luma: Luma, window: int) -> None:
    sharp = enhance.sharpened(luma, window=window, strength=2)
    reach = window // 2
    edged = np.pad(luma.astype(float), reach, mode="edge")
    mean = edged[4 : 4 + window, 6 : 6 + window].mean()
    expected = min(255, max(0, luma[4, 6] + 2 * (luma[4, 6] - mean)))
    assert abs(int(sharp[4, 6]) - expected) <= 1


@pytest.mark.slow
def test_sums_too_large_for_their_type_do_no_harm() -> None:
    white = np.full((4200, 4200), 255, np.uint8)
    assert (enhance.sharpened(white, window=15, strength=3) == 255).all()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@given(luma=pictures)
@settings(max_examples=15, deadline=None)
def test_every_stage_gives_a_picture_and_leaves_its_own_alone(stage: Stage, luma: Luma) -> None:
    before = luma.copy()
    made, twice = stage.prepared(luma, twice=False), stage.prepared(luma, twice=True)
    assert made.dtype == twice.dtype == np.uint8
    assert made.shape == luma.shape
    scale = 1 if stage.enlarge is None else 2
    assert twice.shape == (scale * luma.shape[0], scale * luma.shape[1])
    assert (luma == before).all()


def moved(luma: Luma, length: int, angle: float) -> Luma:
    """The mean of the picture at places along a line, the slow way."""
    steps = np.linspace(-length / 2, length / 2, 4 * length)
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    total = np.zeros(luma.shape)
    for step in steps:
        row = np.clip(np.rint(rows + step * math.sin(angle)), 0, luma.shape[0] - 1).astype(int)
        column = np.clip(np.rint(columns + step * math.cos(angle)), 0, luma.shape[1] - 1)
        total += luma[row, column.astype(int)]
    return np.rint(total / len(steps)).astype(np.uint8)


@pytest.mark.parametrize("length", [7, 10, 14])
@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 120])
def test_a_movement_is_found_in_the_picture_it_blurred(length: int, degrees: int) -> None:
    luma = codes.qr(codes.NATIONAL, scale=6)
    found = deblur.movement(moved(luma, length, math.radians(degrees)))
    away = (math.degrees(found.angle) - degrees + 90) % 180 - 90
    assert abs(away) <= 8
    assert abs(found.length - length) <= 2.5


def test_what_blurred_a_picture_is_taken_out_again() -> None:
    luma = codes.qr(codes.NATIONAL, scale=6)
    blurred = moved(luma, 9, 0.5)
    clear = deblur.unmoved(blurred, deblur.Movement(length=9, angle=0.5))

    def off(seen: Luma) -> float:
        return float(np.abs(seen.astype(int) - luma).mean())

    assert off(clear) < 0.6 * off(blurred)
    soft = variant("defocus", luma, seed="3")
    best = min(off(deblur.focused(soft, radius / 2)) for radius in range(2, 12))
    assert best < 0.85 * off(soft)
