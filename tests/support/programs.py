"""Finding, starting and ending the real programs tests run against."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


class ProgramMissing(Exception):
    """A program the tests need is not installed."""


def find(name: str, *places: str) -> Path:
    """Where a program is. Raises ProgramMissing saying how to get it."""
    for place in places:
        matches = sorted(Path("/").glob(f"{place.lstrip('/')}/{name}"))
        if matches:
            return matches[-1]
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ProgramMissing(
            f"{name} is not installed; `make test-deps` installs what the tests need"
            " (`make check` runs without)"
        )
    return Path(found)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def unprivileged(*, prefer: str) -> dict[str, object]:
    """Popen options that drop root, for servers that refuse it. Empty where we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in (prefer, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ProgramMissing(f"neither user {prefer} nor nobody exists to run a server as")


def wait_until(done: Callable[[], bool], *, what: str, timeout_s: float = 20.0) -> None:
    """Returns when `done()` is true. Raises TimeoutError naming `what`."""
    end = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def listening(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:`port`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Server:
    """One server process with its log in a file; ended by its own pid."""

    def __init__(self, command: list[str], *, port: int, log: Path, **options: object) -> None:
        self.command = command
        self.port = port
        self.log = log
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it listens. Raises RuntimeError with its log if it ends."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self.options
            )
        process = self.process
        assert process is not None

        def up() -> bool:
            if process.poll() is not None:
                text = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.command[0]} ended at once:\n{text}")
            return listening(self.port)

        wait_until(up, what=f"{self.command[0]} on port {self.port}")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it and waits for that; nothing to do where it has ended."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """SIGKILL: what a power cut does to it."""
        self.end(signal.SIGKILL)
