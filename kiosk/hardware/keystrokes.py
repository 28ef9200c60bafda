"""When a scanner's code is complete: a pause ends it. Pure."""

from typing import Final

from kiosk.hardware.ports import Typed

ENTERS: Final = frozenset({28, 96})
"""Enter, and the keypad's."""
AFTER_ENTER_MS: Final = 60
"""A pause this long after Enter ends a code. Without it, Enter was a line break within one."""
MAX_STROKES: Final = 100_000
"""More than any code needs, Alt numbers included: beyond it a key is stuck, and dropped."""


class Keystrokes:
    """Gathers strokes into codes. Times are of the monotonic clock, in nanoseconds."""

    def __init__(self, *, pause_ms: int) -> None:
        """`pause_ms`: ends a code without Enter."""
        self._pause_ns = pause_ms * 1_000_000
        self._strokes: list[tuple[int, bool]] = []
        self._due_ns: int | None = None
        self._entered = False

    def add(self, key: int, *, down: bool, now_ns: int) -> None:
        """A key went down or up."""
        if len(self._strokes) < MAX_STROKES:
            self._strokes.append((key, down))
        if down:
            self._entered = key in ENTERS
        pause_ns = min(AFTER_ENTER_MS * 1_000_000, self._pause_ns)
        self._due_ns = now_ns + (pause_ns if self._entered else self._pause_ns)

    def wait_s(self, *, now_ns: int, longest_s: float) -> float:
        """How long until `take` may have a code, at most `longest_s`."""
        if self._due_ns is None:
            return longest_s
        return min(longest_s, max(0.0, (self._due_ns - now_ns) / 1e9))

    def take(self, *, now_ns: int) -> Typed | None:
        """The code that is complete by now."""
        if self._due_ns is None or now_ns < self._due_ns:
            return None
        strokes, self._strokes, self._due_ns, self._entered = self._strokes, [], None, False
        if not any(down for _key, down in strokes):
            return None
        return Typed(strokes=tuple(strokes), taken_ns=now_ns)
