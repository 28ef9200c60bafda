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

    def moved(self, luma: Luma) -> bool:
        """Whether `luma` differs from the scene last kept; the first one does."""
        now = _blocks(luma)
        before = self._looked
        if before is None or before.shape != now.shape:
            return True
        change = np.abs(now - before)
        # Blocks hold sums of samples, hence the factor.
        levels = change.max(initial=0) / _BLOCK**2
        most = float(np.median(change)) / _BLOCK**2 if change.size else 0.0
        return bool(levels > max(_LEVELS, _NOISE * min(_NOISE_LEVELS, most)))

    def keep(self, luma: Luma) -> None:
        """`luma` is being looked at."""
        self._looked = _blocks(luma)


def _blocks(luma: Luma) -> npt.NDArray[np.int32]:
    """Sums of `_BLOCK` × `_BLOCK` samples, one in `STRIDE` pixels each way."""
    few = luma[::STRIDE, ::STRIDE].astype(np.int32)
    rows, columns = (-(-each // _BLOCK) * _BLOCK for each in few.shape)
    few = np.pad(few, ((0, rows - few.shape[0]), (0, columns - few.shape[1])))
    return np.asarray(
        few.reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK).sum(axis=(1, 3)),
        dtype=np.int32,
    )
