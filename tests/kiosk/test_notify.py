"""What systemd is told."""

import socket
from pathlib import Path

import pytest

from kiosk.notify import READY, WATCHDOG, ServiceNotices


def test_systemd_hears_each_message(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        notices = ServiceNotices({"NOTIFY_SOCKET": address})
        notices.send(READY)
        notices.send(WATCHDOG, "STATUS=ok")
        assert listener.recv(100) == b"READY=1"
        assert listener.recv(100) == b"WATCHDOG=1\nSTATUS=ok"


def test_an_abstract_socket_is_heard_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")
        name = listener.getsockname()
        ServiceNotices({"NOTIFY_SOCKET": "@" + name[1:].decode()}).send(READY)
        assert listener.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens() -> None:
    ServiceNotices({}).send(READY)


def test_a_manager_that_is_gone_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ServiceNotices({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send(READY)
    assert "systemd was not told READY=1" in caplog.text
