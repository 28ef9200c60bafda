"""Finds codes in frames: the cheap look first, then one dearer retry per following frame.

A code is never lost to thrift. Whatever gate and budget say, a frame is looked at every `sure_ms`
and a retry made every `retry_ms`; as long as something moved lately and not all was tried since, at
every frame that the budget allows.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from kiosk.hardware.ports import Code, Decoder, Frame, Luma
from kiosk.scanning.budget import Budget
from kiosk.scanning.gate import MotionGate
from kiosk.scanning.settings import Settings
from kiosk.scanning.stages import STAGES, Part, Stage, ordered
from kiosk.scanning.views import View, middle_half, whole

LARGE: Final = 1280
"""Pixels either way up to which retries work on a single picture larger than the first look's."""
SMALLEST: Final = 21
"""Modules of the smallest code: a picture with fewer pixels either way holds none."""


class Pipeline:
    """A decoder that is better than its engines. Looks at frames of one camera, in one thread."""

    def __init__(
        self,
        engines: Sequence[Decoder],
        *,
        settings: Settings | None = None,
        budget: Budget | None = None,
        timer_ns: Callable[[], int] = time.thread_time_ns,
        stages: Sequence[Stage] = STAGES,
    ) -> None:
        """`engines`: the first for every look, the second for the stages that ask for it.

        `budget`: None for no bound. `timer_ns`: computing time of this thread.
        """
        self._engines = tuple(engines)
        self._settings = settings or Settings()
        self._budget = budget
        self._timer_ns = timer_ns
        usable = (stage for stage in stages if stage.engine < len(self._engines))
        self._stages = tuple(usable) if self._settings.retries else ()
        self._rounds = sum(not stage.patient for stage in self._stages)
        self.name = "+".join(engine.name for engine in engines)
        self._gate = MotionGate()
        self._source = ""
        self._todo: deque[Stage] = deque()
        self._owed = 0
        """Retries still to be made since something moved."""
        self._helped: Stage | None = None
        """What found the code that is in view."""
        self._in_view = False
        self._looked_ms: float | None = None
        self._retried_ms: float | None = None

    def decode(self, luma: Luma) -> Sequence[Code]:
        """All there is to try, at once, on a single picture; empty where nothing helps."""
        views = [whole(luma, longest=self._settings.first_pixels)]
        if views[0].luma.shape != luma.shape:
            found = self._attempt(View(luma=luma))
            if found:
                return found
            views.append(whole(luma, longest=LARGE))
        found = self._attempt(views[0])
        for stage, view in itertools.product(ordered(self._stages, luma), views):
            if found:
                break
            if stage.part is not Part.FULL:
                found = self._attempt(view, stage)
        return found

    def look(self, frame: Frame) -> Sequence[Code] | None:
        """The codes in `frame`, a frame of a camera; None where it was not worth a look."""
        now_ms = frame.taken_ns / 1e6
        began_ns = self._timer_ns()
        if self._budget is not None:
            self._budget.at(now_ms)
        found = self._look(frame, now_ms) if self._wanted(frame, now_ms) else None
        if self._budget is not None:
            self._budget.spend((self._timer_ns() - began_ns) / 1e6)
        return found

    def _wanted(self, frame: Frame, now_ms: float) -> bool:
        """Whether to look: for a reason, within the budget, or because it is time to be sure."""
        fresh = frame.source != self._source
        self._source = frame.source
        since_ms = None if self._looked_ms is None else now_ms - self._looked_ms
        # Frames of a file do not come again, and nobody waits for them.
        live = not frame.source
        # A tenth of a frame early is in time: cameras are not exact.
        pause_ms = 900 / self._settings.fps if live and self._settings.fps > 0 else 0.0
        pause_ms = min(pause_ms, self._settings.sure_ms)
        if since_ms is not None and since_ms < pause_ms:
            return False
        moved = self._gate.moved(frame.luma) or fresh
        if moved:
            if not self._owed:
                self._refill(frame.luma)
            self._owed = self._rounds
        if since_ms is None or since_ms >= self._settings.sure_ms:
            return True
        if not moved and not self._owed:
            return False
        return not live or self._budget is None or self._budget.allows_look

    def _look(self, frame: Frame, now_ms: float) -> Sequence[Code]:
        self._gate.keep()
        self._looked_ms = now_ms
        found = self._first(frame.luma)
        stage = None
        if not found and self._rounds and self._may_retry(now_ms):
            self._retried_ms = now_ms
            stage = self._next(frame.luma)
            found = self._retry(frame.luma, stage)
        if found:
            self._helped, self._in_view, self._owed = stage, True, 0
            self._todo.clear()
        elif self._in_view:
            # What was in view is gone or has become hard to read: try everything once more.
            self._in_view, self._owed = False, self._rounds
        return found

    def _first(self, luma: Luma) -> Sequence[Code]:
        """The cheap look at all of a camera's frame."""
        view = whole(luma, longest=self._settings.first_pixels)
        found = self._attempt(view)
        if not found or view.luma.shape == luma.shape:
            return found
        height, width = luma.shape
        if any(
            abs(code.centre[0] - width / 2) < width / 4
            and abs(code.centre[1] - height / 2) < height / 4
            for code in found
        ):
            return found
        # Somebody at the edge; whoever stands in the middle may hold a code that is too fine here.
        nearer = self._attempt(middle_half(luma, longest=self._settings.first_pixels))
        return [*nearer, *found]

    def _may_retry(self, now_ms: float) -> bool:
        """Whether something is still to be tried and affordable, or it is time to be sure."""
        if self._retried_ms is None or now_ms - self._retried_ms >= self._settings.retry_ms:
            return True
        return self._owed > 0 and (self._budget is None or self._budget.allows_retry)

    def _next(self, luma: Luma) -> Stage:
        if not self._todo:
            self._refill(luma)
        self._owed = max(0, self._owed - 1)
        return self._todo.popleft()

    def _refill(self, luma: Luma) -> None:
        """All stages again: the one that helped last first, then those that suit the light."""
        self._todo = deque(stage for stage in self._suited(luma) if not stage.patient)
        if self._helped is not None and self._helped in self._todo:
            self._todo.remove(self._helped)
            self._todo.appendleft(self._helped)

    def _suited(self, luma: Luma) -> list[Stage]:
        small = max(luma.shape) <= self._settings.first_pixels
        stages = ordered(self._stages, luma)
        return [stage for stage in stages if not (small and stage.part is Part.FULL)]

    def _retry(self, luma: Luma, stage: Stage) -> Sequence[Code]:
        """`stage` on its part of a camera's frame."""
        pixels = self._settings.first_pixels
        match stage.part:
            case Part.FULL:
                view = View(luma=luma)
            case Part.MIDDLE:
                view = middle_half(luma, longest=pixels)
            case Part.WHOLE:
                view = whole(luma, longest=pixels)
        return self._attempt(view, stage, twice=max(view.luma.shape) <= pixels // 2)

    def _attempt(
        self, view: View, stage: Stage | None = None, *, twice: bool = True
    ) -> Sequence[Code]:
        if stage is None:
            return view.in_frame(self._engines[0].decode(view.luma))
        if min(view.luma.shape) < SMALLEST:
            return ()
        prepared = view.prepared(lambda luma: stage.prepared(luma, twice=twice))
        return prepared.in_frame(self._engines[stage.engine].decode(prepared.luma))
