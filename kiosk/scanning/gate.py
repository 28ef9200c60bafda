"""Whether anything moved since the last look: spares the decoder a scene that stands still.

It only ever says that looking is not urgent. How long a scene may go without a look is for the
pipeline to bound, so that a code which enters unnoticed is found all the same.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kiosk.hardware.ports import Luma

STRIDE: Final = 8
"""Every how many pixels one is compared, each way."""
_BLOCK: Final = 4
"""Samples each way that are averaged against noise."""
_LEVELS: Final = 3
"""A block whose mean changed by more has changed, in a scene without noise."""
_NOISE: Final = 6
"""A block that changed by so many times what most blocks did has changed."""
_NOISE_LEVELS: Final = 2
"""More than this is no noise any more: everything changed."""


class MotionGate:
    """Compares with the scene as it was when last looked at, so that no slow change slips by."""

    def __init__(self) -> None:
        self._looked: npt.NDArray[np.int32] | None = None
        self._now: npt.NDArray[np.int32] | None = None

    def moved(self, luma: Luma) -> bool:
        """Whether `luma` differs from the scene last kept; the first one does."""
        now = self._now = _blocks(luma)
        before = self._looked
        if before is None or before.shape != now.shape:
            return True
        change = np.abs(now - before).ravel()
        if not change.size:
            return False
        # Blocks hold sums of samples, hence the factor. The middle one in order is the median.
        most = int(np.partition(change, change.size // 2)[change.size // 2]) / _BLOCK**2
        return int(change.max()) / _BLOCK**2 > max(_LEVELS, _NOISE * min(_NOISE_LEVELS, most))

    def keep(self) -> None:
        """What was last asked about is being looked at: from now on that is the scene."""
        self._looked = self._now


def _blocks(luma: Luma) -> npt.NDArray[np.int32]:
    """Sums of `_BLOCK` × `_BLOCK` samples, one in `STRIDE` pixels each way; fewer at the edges."""
    few = luma[::STRIDE, ::STRIDE].astype(np.int32)
    if not few.size:
        return few
    rows, columns = (np.arange(0, length, _BLOCK) for length in few.shape)
    sums: npt.NDArray[np.int32] = np.add.reduceat(
        np.add.reduceat(few, rows, axis=0), columns, axis=1
    )
    return sums
