"""The guard's button: people without a code who came with the visitor accepted last.

Presses come from another thread and are worked off by the door's between two frames, so that
records keep their order. Each becomes a record of its own: a committed one is never changed.
"""

import logging
import queue as standard_queue
from dataclasses import dataclass
from typing import Final

from kiosk.clock import Moment
from kiosk.hardware.ports import Notice
from wire.records import MAX_COMPANIONS

_MOST_WAITING: Final = 100
"""Presses; whatever leans on the button is not worth more."""
_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Scan:
    """The scan that companions are added to."""

    counter: int
    who: frozenset[bytes]
    at_ms: int
    companions: int = 0


class Companions:
    """Which scan a press belongs to. `add` and `take_back` from any thread, the rest from one."""

    def __init__(self, *, within_ms: int) -> None:
        """A press counts within `within_ms` after a scan was accepted, or after the last press."""
        self._within_ms = within_ms
        self._presses: standard_queue.Queue[int] = standard_queue.Queue(maxsize=_MOST_WAITING)
        self._scan: _Scan | None = None

    def add(self) -> None:
        """One more came along."""
        self._press(+1)

    def take_back(self) -> None:
        """The last one did not."""
        self._press(-1)

    def accepted(self, counter: int, *, who: frozenset[bytes], moment: Moment) -> None:
        """The record `counter` of the visitor `who` was committed."""
        self._scan = _Scan(counter=counter, who=who, at_ms=moment.mono_ms)

    def repeated(self, who: frozenset[bytes]) -> None:
        """Somebody recorded earlier stands before the kiosk again: another's scan is over."""
        if self._scan is not None and not (self._scan.who & who):
            self._scan = None

    def due(self, moment: Moment) -> tuple[int, int] | None:
        """The next press that counts as (change, counter of its scan); None where none waits."""
        while True:
            try:
                change = self._presses.get_nowait()
            except standard_queue.Empty:
                return None
            scan = self._scan
            if scan is None or moment.mono_ms - scan.at_ms >= self._within_ms:
                _log.info("the guard's button: no scan to add to, or too long ago")
            elif not 0 <= scan.companions + change <= MAX_COMPANIONS:
                _log.info("the guard's button: %d companions stay", scan.companions)
            else:
                return change, scan.counter

    def recorded(self, change: int, moment: Moment) -> Notice:
        """The press that `due` gave was committed; what the guard is told."""
        if self._scan is not None:
            self._scan.companions += change
            self._scan.at_ms = moment.mono_ms
            _log.info("companions: %d with record %d", self._scan.companions, self._scan.counter)
        return Notice.ADDED if change > 0 else Notice.TAKEN_BACK

    def _press(self, change: int) -> None:
        try:
            self._presses.put_nowait(change)
        except standard_queue.Full:
            _log.warning("the guard's button: pressed too often, not counted")
