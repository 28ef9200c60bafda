"""Messages between the broker and the database: in order, bounded in memory."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES: Final = 64 * 2**20
"""Payloads held at most. Brokers send some tens to a thousand messages ahead of an ack."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    topic: str
    payload: bytes
    retained: bool
    received_ms: int
    """Server time, ms since 1970 UTC."""
    delivery: Any = None
    """How the link acknowledges it; None where that is not asked for."""


class Inbox:
    """First in, first out, between two threads."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._closed = False
        self._turned_away = 0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, message: Message) -> bool:
        """Takes a message in; whether there was room. One turned away must not be acknowledged."""
        with self._changed:
            if self._closed or self._bytes + len(message.payload) > self._max_bytes:
                self._turned_away += 1
                return False
            self._messages.append(message)
            self._bytes += len(message.payload)
            self._changed.notify()
            return True

    def take(self, *, wait_s: float) -> Message | None:
        """The oldest message; None where none comes in time or the inbox is closed and empty."""
        end = time.monotonic() + wait_s
        with self._changed:
            while not self._messages:
                left = end - time.monotonic()
                if left <= 0 or self._closed:
                    return None
                self._changed.wait(left)
            message = self._messages.popleft()
            self._bytes -= len(message.payload)
            return message

    def close(self) -> None:
        """From now on everything is turned away; what is in can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def turned_away(self) -> int:
        """How many messages found no room since this was last asked."""
        with self._changed:
            count, self._turned_away = self._turned_away, 0
            return count
