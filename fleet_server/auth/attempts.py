"""Failed sign-ins per address: after too many, no more for a while."""

import threading
from collections import OrderedDict, deque
from typing import Final

LIMIT: Final = 10
"""Failures within WINDOW_S after which an address must wait."""
WINDOW_S: Final = 600
ADDRESSES: Final = 10_000
"""How many are remembered; the one that failed longest ago is forgotten first."""


class Attempts:
    """Thread-safe; forgets everything with the process. Times are seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str, *, now: int) -> int:
        """Seconds `address` must wait before its next attempt; 0 when it may try."""
        with self._lock:
            failures = self._recent(address, now)
            return failures[0] + WINDOW_S - now if len(failures) >= LIMIT else 0

    def failed(self, address: str, *, now: int) -> None:
        with self._lock:
            failures = self._recent(address, now)
            failures.append(now)
            self._failures[address] = failures
            self._failures.move_to_end(address)
            while len(self._failures) > ADDRESSES:
                self._failures.popitem(last=False)

    def _recent(self, address: str, now: int) -> deque[int]:
        failures = self._failures.get(address) or deque(maxlen=LIMIT)
        while failures and failures[0] <= now - WINDOW_S:
            failures.popleft()
        return failures
