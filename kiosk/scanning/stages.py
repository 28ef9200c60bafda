"""The dearer ways to read a code that the first look missed, in the order of their worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np

from kiosk.hardware.ports import Luma
from kiosk.scanning.deblur import focused, movement, unmoved
from kiosk.scanning.enhance import doubled, equalised, sharpened, smoothed, stretched

_STEP: Final = 4
"""Every how many pixels one is looked at to judge the light."""
_DIM: Final = 110
"""Levels between the dark and the bright parts of a picture below which it counts as dim."""


class Part(Enum):
    """What of a frame larger than the first look's a stage works on; of others, all."""

    WHOLE = auto()
    """All of it, shrunk as for the first look: noise becomes less."""
    MIDDLE = auto()
    """Its middle in its own pixels: small and blurred codes keep what they have."""
    FULL = auto()
    """All of it in its own pixels. Of a frame that is not larger it would be the first look."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One way to make a picture easier to read, and who is to read it then."""

    name: str
    prepare: Callable[[Luma], Luma]
    engine: int = 0
    """Which of the configured decoders: 0 the first, 1 the second. Left out where there is none."""
    part: Part = Part.MIDDLE
    dim: bool = False
    """Worth trying early in poor light."""


def _as_is(luma: Luma) -> Luma:
    return luma


def _crisp(luma: Luma) -> Luma:
    return sharpened(doubled(luma), window=15, strength=3)


def _even(luma: Luma) -> Luma:
    return equalised(smoothed(luma, times=2))


def _strong(luma: Luma) -> Luma:
    return equalised(smoothed(luma), clip=4)


def _calm(luma: Luma) -> Luma:
    return smoothed(doubled(luma), times=2)


def _plain(luma: Luma) -> Luma:
    return stretched(smoothed(luma, times=2))


def _still(luma: Luma) -> Luma:
    return doubled(unmoved(luma, movement(luma)))


def _still_grainy(luma: Luma) -> Luma:
    return doubled(unmoved(luma, movement(luma), noise=0.03))


def _still_shorter(luma: Luma) -> Luma:
    """For where the length found was that of two movements, or of a module."""
    return doubled(unmoved(luma, movement(luma).times(0.75)))


def _focused(luma: Luma) -> Luma:
    return doubled(focused(luma, 3.0, noise=0.03))


def _focused_far(luma: Luma) -> Luma:
    return doubled(focused(luma, 4.5))


STAGES: Final = (
    Stage(name="full", prepare=_as_is, part=Part.FULL),
    Stage(name="crisp", prepare=_crisp),
    Stage(name="still", prepare=_still),
    Stage(name="even, second", prepare=_even, engine=1, part=Part.WHOLE, dim=True),
    Stage(name="strong", prepare=_strong, part=Part.WHOLE, dim=True),
    Stage(name="crisp, second", prepare=_crisp, engine=1),
    Stage(name="focused", prepare=_focused),
    Stage(name="calm", prepare=_calm, dim=True),
    Stage(name="still, second", prepare=_still, engine=1),
    Stage(name="still, shorter", prepare=_still_shorter),
    Stage(name="still, grainy", prepare=_still_grainy),
    Stage(name="strong, second", prepare=_strong, engine=1, part=Part.WHOLE, dim=True),
    Stage(name="plain, second", prepare=_plain, engine=1, part=Part.WHOLE, dim=True),
    Stage(name="focused, far", prepare=_focused_far),
)
"""What each is worth, on pictures, is what `make bench-decode` shows with `--stages`."""


def ordered(stages: Sequence[Stage], luma: Luma) -> list[Stage]:
    """All of `stages`, those for poor light first where `luma` is dim."""
    few = luma[::_STEP, ::_STEP]
    if few.size == 0 or np.subtract(*np.percentile(few, (99, 1))) >= _DIM:
        return list(stages)
    return sorted(stages, key=lambda stage: not stage.dim)
