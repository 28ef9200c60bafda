"""Parts of a frame as the decoder gets them, and the way back to the frame's pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kiosk.hardware.ports import Code, Luma
from kiosk.scanning.enhance import shrunk


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture taken out of a frame."""

    luma: Luma
    left: float = 0.0
    top: float = 0.0
    """Where its corner lies in the frame, in pixels of the frame."""
    pixel: float = 1.0
    """Pixels of the frame that one of its pixels is wide."""

    def prepared(self, prepare: Callable[[Luma], Luma]) -> "View":
        """The same part after `prepare`, which may change its size."""
        luma = prepare(self.luma)
        scale = self.luma.shape[1] / max(1, luma.shape[1])
        return replace(self, luma=luma, pixel=self.pixel * scale)

    def in_frame(self, codes: Sequence[Code]) -> list[Code]:
        """`codes` found in this view, with their centres in pixels of the frame."""
        return [
            replace(
                code,
                centre=(
                    self.left + code.centre[0] * self.pixel,
                    self.top + code.centre[1] * self.pixel,
                ),
            )
            for code in codes
        ]


def whole(luma: Luma, *, longest: int) -> View:
    """All of the frame, shrunk to at most `longest` pixels either way."""
    return View(luma=luma).prepared(lambda full: shrunk(full, longest))


def middle_half(luma: Luma, *, longest: int) -> View:
    """The middle half of the frame each way, in its own pixels if those are at most `longest`."""
    top, left = luma.shape[0] // 4, luma.shape[1] // 4
    part = luma[top : luma.shape[0] - top, left : luma.shape[1] - left]
    view = View(luma=part, left=float(left), top=float(top))
    return view.prepared(lambda own: shrunk(own, longest))
