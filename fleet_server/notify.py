"""Says "ready", "still alive" and "stopping" to whoever started this process.

systemd's protocol: a datagram to the socket in `NOTIFY_SOCKET`; without it nothing is said.
`fleet serve` listens for the same words.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def say(message: str, *, environ: Mapping[str, str] = os.environ) -> bool:
    """Send one message; whether anybody could be told. Never raises, never waits."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or address[0] not in "/@":
        return False
    if address[0] == "@":
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            # Whoever is to listen may have stopped reading: that must not stop us too.
            out.setblocking(False)
            out.connect(address)
            out.send(message.encode())
    except OSError:
        return False
    return True


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """How often to say ALIVE: half of what the service manager allows; None where it does not."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        allowed = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return allowed / 2_000_000 if allowed > 0 else None
