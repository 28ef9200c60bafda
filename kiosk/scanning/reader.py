"""From one frame to the one code it answers for. Pure but for the finder handed in."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.hardware.ports import Code, Finder, Frame, Luma


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a frame held."""

    payload: Payload | None
    """The code nearest to the centre, understood; None where there is no code."""
    code: Code | None
    codes: int
    """How many codes were seen."""
    ms: float
    """For decoding and understanding."""
    looked: bool = True
    """False: the frame was passed over, because nothing moved or the budget was used up."""


class Reader:
    """Finds the code nearest to the centre: never two people for one answer."""

    def __init__(
        self,
        finder: Finder,
        proofs: Proofs,
        *,
        timer_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._finder = finder
        self._proofs = proofs
        self._timer_ns = timer_ns

    def use(self, proofs: Proofs) -> None:
        """From the next frame on, go by `proofs`; from any thread."""
        self._proofs = proofs

    def read(self, luma: Luma) -> Reading:
        """A single picture, with everything there is to try."""
        began_ns = self._timer_ns()
        return self._understood(self._finder.decode(luma), luma, began_ns)

    def look(self, frame: Frame) -> Reading:
        """The next frame of a camera, with as much effort as it is worth."""
        began_ns = self._timer_ns()
        return self._understood(self._finder.look(frame), frame.luma, began_ns)

    def _understood(self, codes: Sequence[Code] | None, luma: Luma, began_ns: int) -> Reading:
        code = _nearest(codes, luma) if codes else None
        payload = recognise(code.data, self._proofs) if code else None
        ms = (self._timer_ns() - began_ns) / 1e6
        return Reading(
            payload=payload, code=code, codes=len(codes or ()), ms=ms, looked=codes is not None
        )


def _nearest(codes: Sequence[Code], luma: Luma) -> Code:
    height, width = luma.shape
    middle = (width / 2, height / 2)
    return min(codes, key=lambda code: math.dist(code.centre, middle))
