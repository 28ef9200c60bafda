"""The embedded fleet server and its kiosks as child processes, ended by their own pids."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

GRACE_S = 15.0
"""How long a process may take to say goodbye before it is killed."""


class DemoError(Exception):
    """A step of the demo failed; its text says which, and what the program said."""


class Fleet:
    """One home directory, one `fleet serve`, any number of kiosks; a context manager."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._processes: list[subprocess.Popen[bytes]] = []
        self._logs = home / "logs"
        self._logs.mkdir(parents=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Kiosks first, the server last: each says its goodbye to one that still listens.
        for process in reversed(self._processes):
            end(process)

    def run(self, *args: str, token: str = "") -> str:
        """Output of one `fleet` command, by the holder of an access code where one is given.

        Raises DemoError with what it said on failure.
        """
        done = subprocess.run(
            [sys.executable, "-m", "fleet_server", "--home", str(self.home), *args],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"TRAM_TOKEN": token},
        )
        if done.returncode != 0:
            raise DemoError(f"fleet {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def json(self, *args: str, token: str = "") -> Any:
        """Like `run`, for commands that print one JSON value."""
        return json.loads(self.run(*args, "--json", token=token))

    def token(self, login: str, role: str) -> str:
        """An access code of somebody new with this role."""
        self.run("account", "create", login, "--role", role)
        made = self.json("token", "create", "--account", login, "--name", "demo")
        return str(made["token"])

    def account(self, login: str, venue: str) -> str:
        """The one-time password of a new account for a venue's manager."""
        role = ("--role", "venue_manager", "--venue", venue)
        return str(self.json("account", "create", login, *role)["password"])

    def serve(self, timeout_s: float = 60) -> dict[str, Any]:
        """Start `fleet serve` on free ports; what it wrote into `run/serve.json` once ready."""
        process = self._start("serve", "fleet_server", "--home", str(self.home), "serve")
        written = self.home / "run" / "serve.json"
        deadline = time.monotonic() + timeout_s
        while not written.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DemoError(f"fleet serve did not come up:\n{self.tail('serve')}")
            time.sleep(0.1)
        ready: dict[str, Any] = json.loads(written.read_text())
        return ready

    def start_kiosk(
        self, name: str, config: Path, pictures: Path, *, once: bool
    ) -> subprocess.Popen[bytes]:
        """Start one kiosk on a folder of pictures."""
        more = ["--once"] if once else []
        camera = f"pictures:{pictures}"
        return self._start(name, "kiosk", "run", "--config", str(config), "--camera", camera, *more)

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines of a process's log."""
        text = (self._logs / f"{name}.log").read_text("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _start(self, name: str, module: str, *args: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *args],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        self._processes.append(process)
        return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to stop, wait, and kill it if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
