"""Child processes: started so that none outlives this one, heard, and ended by their own pids."""

import ctypes
import os
import secrets
import selectors
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fleet_server import notify

GRACE_S: Final = 15.0
"""How long a child may take to end once it is told to."""
FIRST_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
"""A child that ran this long starts again without delay."""
_LAST_LINES: Final = 12
_PR_SET_PDEATHSIG: Final = 1
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Child:
    """One program that is to run all the time. Start it from the main thread only: the kernel
    ends a child with the thread that made it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready_line: str = "",
        worth_showing: Callable[[str], bool] = lambda _line: True,
    ) -> None:
        """It is ready once it prints `ready_line`, or else says so (`fleet_server.notify`)."""
        self.name = name
        self.ready = False
        self.started_at = 0.0
        self.start_again_at = 0.0
        self.starts = 0
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._command = list(command)
        self._ready_line = ready_line
        self._printed_ready = False
        self._worth_showing = worth_showing
        self._process: subprocess.Popen[bytes] | None = None
        self._notices: socket.socket | None = None
        self._pause_s = FIRST_PAUSE_S
        self._rest = b""

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self, selector: selectors.BaseSelector, *, now: float) -> None:
        """Start it. Raises OSError."""
        parent = os.getpid()
        address = f"@tram-{parent}-{self.name}-{secrets.token_hex(8)}"
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._notices.bind("\0" + address[1:])
        self._notices.setblocking(False)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(address),
            # Ctrl-C in the terminal is for us alone: children are ended in order.
            start_new_session=True,
            preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 (this process has one thread)
        )
        assert self._process.stdout is not None  # noqa: S101 (a PIPE was asked for)
        os.set_blocking(self._process.stdout.fileno(), False)
        selector.register(self._process.stdout, selectors.EVENT_READ, self)
        self.ready, self._printed_ready, self.started_at = False, False, now
        self.starts += 1

    def listen(self) -> list[str]:
        """Lines it printed since, those worth showing."""
        if self._process is None or self._process.stdout is None:
            return []
        try:
            chunk = self._process.stdout.read()
        except (BlockingIOError, ValueError):
            chunk = None
        *whole, self._rest = (self._rest + (chunk or b"")).split(b"\n")
        lines = [line.decode("utf-8", errors="replace").rstrip() for line in whole]
        self.last_lines.extend(lines)
        self._printed_ready |= any(self._ready_line in line for line in lines)
        return [line for line in lines if line and self._worth_showing(line)]

    def look(self) -> bool:
        """Whether it has just become ready; reads what it says of itself, which goes on after."""
        if self._process is None:
            return False
        ready = self._said_ready() or (bool(self._ready_line) and self._printed_ready)
        just = ready and not self.ready
        self.ready = self.ready or ready
        return just

    def ended(
        self, selector: selectors.BaseSelector, show: Callable[["Child"], None], *, now: float
    ) -> int | None:
        """Its exit status if it has ended, once; `show` is called for its last words."""
        if self._process is None or self._process.poll() is None:
            return None
        status = self._process.returncode
        show(self)
        self._let_go(selector)
        if now - self.started_at > STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        self.start_again_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
        return status

    def end(self, selector: selectors.BaseSelector, show: Callable[["Child"], None]) -> None:
        """Ask it to end, wait, kill it if it does not. `show` is called while it says goodbye."""
        if self._process is None:
            return
        deadline = time.monotonic() + GRACE_S
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                break
            time.sleep(0.02)
            show(self)
        show(self)
        self._let_go(selector)

    def _said_ready(self) -> bool:
        said = False
        while self._notices is not None:
            try:
                message = self._notices.recv(4096)
            except BlockingIOError:
                break
            said = said or notify.READY.encode() in message.split(b"\n")
        return said

    def _let_go(self, selector: selectors.BaseSelector) -> None:
        if self._process is not None and self._process.stdout is not None:
            selector.unregister(self._process.stdout)
            self._process.stdout.close()
        if self._notices is not None:
            self._notices.close()
        self._process, self._notices, self._rest, self.ready = None, None, b"", False


def _environment(notices: str) -> Mapping[str, str]:
    # Those of our own service manager are not the children's business.
    ours = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "NOTIFY_SOCKET": notices, "PYTHONUNBUFFERED": "1"}


def _end_with(parent: int) -> None:
    """In the child, before its program starts: the kernel kills it when `parent` is no more."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
