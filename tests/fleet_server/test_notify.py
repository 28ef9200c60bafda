"""What a process says to whoever started it."""

import socket
from pathlib import Path

from fleet_server import notify


def test_a_listener_that_stopped_reading_stops_nobody(tmp_path: Path) -> None:
    address = str(tmp_path / "notices")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        told = [notify.say(notify.ALIVE, environ={"NOTIFY_SOCKET": address}) for _ in range(2_000)]
    assert told[0]
    assert not told[-1]
