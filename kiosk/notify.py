"""Tells systemd how the service is (sd_notify): ready, alive, stopping. Silent without systemd."""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
WATCHDOG: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"

_log = logging.getLogger(__name__)


class ServiceNotices:
    """Datagrams to the socket systemd named in the environment."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def send(self, *notices: str) -> None:
        """Send `notices` as one message; a manager that does not listen is only logged."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.connect(self._address)
                channel.sendall("\n".join(notices).encode())
        except OSError as problem:
            _log.warning("systemd was not told %s: %s", ", ".join(notices), problem)
