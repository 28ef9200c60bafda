"""Frames turned upright, for cameras that hang on their side or upside down."""

import numpy as np

from kiosk.hardware.ports import Luma


def upright(luma: Luma, rotation: int) -> Luma:
    """`luma` turned clockwise by `rotation` (0, 90, 180 or 270 degrees), its rows contiguous."""
    return np.ascontiguousarray(np.rot90(luma, -rotation // 90) if rotation else luma)
