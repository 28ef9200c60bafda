"""The dearer ways to read a code that the first look missed, in the order of their worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiosk.hardware.ports import Luma
from kiosk.scanning.deblur import Movement, focused, movement, unmoved
from kiosk.scanning.enhance import (
    doubled,
    equalised,
    flattened,
    median,
    sharpened,
    smoothed,
    stretched,
    thresholded,
)

_STEP: Final = 4
"""Every how many pixels one is looked at to judge the light."""
_DIM: Final = 110
"""Levels between the dark and the bright parts of a picture below which it counts as dim."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One way to make a picture easier to read, and who is to read it then."""

    name: str
    prepare: Callable[[Luma], Luma]
    engine: int = 0
    """Which of the configured decoders: 0 the first, 1 the second. Left out where there is none."""
    closely: bool = False
    """Of a large frame take the middle in its own pixels, rather than all of it shrunk."""
    dim: bool = False
    """Worth trying early in poor light."""


STAGES: Final = (
    Stage(name="close", prepare=lambda luma: luma, closely=True),
)


def ordered(stages: Sequence[Stage], luma: Luma) -> list[Stage]:
    """All of `stages`, those for poor light first where `luma` is dim."""
    few = luma[::_STEP, ::_STEP]
    if few.size == 0 or np.subtract(*np.percentile(few, (99, 1))) >= _DIM:
        return list(stages)
    return sorted(stages, key=lambda stage: not stage.dim)
