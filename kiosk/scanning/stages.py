"""The dearer ways to read a code that the first look missed, in the order of their worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np

from kiosk.hardware.ports import Luma
from kiosk.scanning.deblur import focused, movement, unmoved
from kiosk.scanning.enhance import doubled, equalised, sharpened, smoothed

_STEP: Final = 4
"""Every how many pixels one is looked at to judge the light."""
_DIM: Final = 110
"""Levels between the dark and the bright parts of a picture below which it counts as dim."""


class Enlarge(Enum):
    """When a picture is made twice as large."""

    FIRST = auto()
    """Before it is prepared: what is done then is done finely."""
    LAST = auto()
    """Afterwards, for the decoder."""


class Part(Enum):
    """What of a camera's frame a stage works on."""

    WHOLE = auto()
    """All of it, shrunk as for the first look: noise becomes less."""
    MIDDLE = auto()
    """The middle half each way, where codes are held, in its own pixels: blurred and small ones
    keep what they have."""
    FULL = auto()
    """All of it in its own pixels. Of a frame that is not larger it would be the first look."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One way to make a picture easier to read, and who is to read it then."""

    name: str
    prepare: Callable[[Luma], Luma]
    enlarge: Enlarge | None = None
    """Whether small codes gain from twice the size; a large part of a frame is left as it is."""
    engine: int = 0
    """Which of the configured decoders: 0 the first, 1 the second. Left out where there is none."""
    part: Part = Part.MIDDLE
    dim: bool = False
    """Worth trying early in poor light."""
    patient: bool = False
    """Worth its time on a single picture only, where nobody waits and no other frame follows."""

    def prepared(self, luma: Luma, *, twice: bool) -> Luma:
        """`luma` as the decoder is to see it; `twice`: enlarged, where that helps."""
        if twice and self.enlarge is Enlarge.FIRST:
            luma = doubled(luma)
        luma = self.prepare(luma)
        return doubled(luma) if twice and self.enlarge is Enlarge.LAST else luma


def _as_is(luma: Luma) -> Luma:
    return luma


def _crisp(luma: Luma) -> Luma:
    return sharpened(luma, window=15, strength=3)


def _even(luma: Luma) -> Luma:
    return equalised(smoothed(luma, times=2))


def _strong(luma: Luma) -> Luma:
    return equalised(smoothed(luma), clip=4)


def _calm(luma: Luma) -> Luma:
    return smoothed(luma, times=2)


def _still(luma: Luma) -> Luma:
    return unmoved(luma, movement(luma))


def _still_grainy(luma: Luma) -> Luma:
    return unmoved(luma, movement(luma), noise=0.03)


def _still_shorter(luma: Luma) -> Luma:
    """For where the length found was that of two movements, or of a module."""
    return unmoved(luma, movement(luma).times(0.75))


def _focused(luma: Luma) -> Luma:
    return focused(luma, 3.0, noise=0.03)


def _focused_far(luma: Luma) -> Luma:
    return focused(luma, 4.5)


_FIRST, _LAST = Enlarge.FIRST, Enlarge.LAST
STAGES: Final = (
    Stage(name="full", prepare=_as_is, part=Part.FULL),
    Stage(name="crisp", prepare=_crisp, enlarge=_FIRST),
    Stage(name="still", prepare=_still, enlarge=_LAST),
    Stage(name="even, second", prepare=_even, engine=1, part=Part.WHOLE, dim=True),
    Stage(name="strong", prepare=_strong, part=Part.WHOLE, dim=True),
    Stage(name="crisp, second", prepare=_crisp, enlarge=_FIRST, engine=1),
    Stage(name="focused", prepare=_focused, enlarge=_LAST),
    Stage(name="calm", prepare=_calm, enlarge=_FIRST, dim=True),
    Stage(name="still, second", prepare=_still, enlarge=_LAST, engine=1),
    Stage(name="still, shorter", prepare=_still_shorter, enlarge=_LAST, patient=True),
    Stage(name="still, grainy", prepare=_still_grainy, enlarge=_LAST, patient=True),
    Stage(name="strong, second", prepare=_strong, engine=1, dim=True, patient=True),
    Stage(name="focused, far", prepare=_focused_far, enlarge=_LAST, patient=True),
)


def ordered(stages: Sequence[Stage], luma: Luma) -> list[Stage]:
    """All of `stages`, those for poor light first where `luma` is dim."""
    few = luma[::_STEP, ::_STEP]
    if few.size == 0 or np.subtract(*np.percentile(few, (99, 1))) >= _DIM:
        return list(stages)
    return sorted(stages, key=lambda stage: not stage.dim)
