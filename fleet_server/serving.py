"""What a running `fleet serve` tells other commands: `<home>/run/serve.json`, true while it runs.

Whether it runs is told by a lock, not by the file: a killed one leaves the file behind.
"""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

import msgspec

from fleet_server.errors import Refused
from fleet_server.settings import Settings

STATE_FILE: Final = "serve.json"
LOCK_FILE: Final = "serve.lock"


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and process ids of everything `fleet serve` started."""

    pid: int = 0
    broker_port: int = 0
    """Of the embedded broker; 0 where an external one is used."""
    broker_url: str = ""
    web_url: str = ""
    pids: dict[str, int] = {}
    """Child processes by name."""


def take(settings: Settings) -> IO[bytes]:
    """The lock of the one `fleet serve` of this home; held while the file is open.

    Raises Refused where another one runs.
    """
    make_run_dir(settings)
    # Kept for as long as the process runs, which closes it.
    lock = (settings.run_dir / LOCK_FILE).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        lock.close()
        raise Refused(f"{settings.home}: đang chạy / `fleet serve` runs there already") from problem
    forget(settings)
    return lock


def tell(settings: Settings, serving: Serving) -> None:
    """Write down what runs, in one step."""
    path = settings.run_dir / STATE_FILE
    staged = path.with_suffix(".new")
    staged.write_bytes(msgspec.json.encode(serving) + b"\n")
    staged.replace(path)


def forget(settings: Settings) -> None:
    """Take back what was told."""
    (settings.run_dir / STATE_FILE).unlink(missing_ok=True)


def current(settings: Settings) -> Serving | None:
    """What runs in this home, or None where `fleet serve` does not."""
    try:
        with (settings.run_dir / LOCK_FILE).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    except OSError:
        return None
    else:
        return None
    try:
        return msgspec.json.decode((settings.run_dir / STATE_FILE).read_bytes(), type=Serving)
    except (OSError, msgspec.DecodeError):
        return None


def make_run_dir(settings: Settings) -> Path:
    """`<home>/run`, for this user only where it is new."""
    mask = os.umask(0o077)
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(mask)
    return settings.run_dir
