"""The vault as a process: a Unix socket, one JSON object per line."""

import contextlib
import gc
import logging
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from fleet_server import database, keys, notify, schema, serving
from fleet_server.errors import Refused, SettingsError
from fleet_server.fleet.card_office import CardOffice
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault import Vault
from fleet_server.identity.vault_messages import Failed, Reply
from fleet_server.settings import Settings
from wire.keyset import KeySet

log = logging.getLogger(__name__)

SOCKET_MODE: Final = 0o660
IDLE_S: Final = 30.0
"""A caller that says nothing for this long is hung up on."""
MAX_CALLERS: Final = 32
"""At the same time; more wait."""
CACHE_KIB: Final = 65_536
"""Thousands of people lie on as many pages, and are looked up three times for one answer."""
LOOK_S: Final = 0.2
INDEX_S: Final = 5.0
"""Between two looks for identities to index."""
MAX_SOCKET_PATH: Final = 107
"""Bytes; the kernel's limit."""
_PEER: Final = struct.Struct("3i")


class _Caller(socketserver.StreamRequestHandler):
    """One connection: lines in, lines out, until it hangs up."""

    timeout = IDLE_S
    server: "VaultServer"

    def handle(self) -> None:
        uid = _uid_of(self.connection)
        with self.server.places, contextlib.suppress(OSError):
            while line := self.rfile.readline(messages.MAX_REQUEST_BYTES + 2):
                if not line.endswith(b"\n"):
                    reply: Reply = Failed(
                        reason="bad_request",
                        detail=f"a request is one line of at most {messages.MAX_REQUEST_BYTES} "
                        "bytes",
                    )
                    self.wfile.write(messages.line(reply))
                    return
                self.wfile.write(messages.line(self.server.vault.answer(line, uid=uid)))


class VaultServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The socket. Raises Refused where another vault answers there."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, vault: Vault) -> None:
        self.vault = vault
        self.places = threading.BoundedSemaphore(MAX_CALLERS)
        self._path = path
        _make_way(path)
        mask = os.umask(0o777 & ~SOCKET_MODE)
        try:
            super().__init__(str(path), _Caller)
        finally:
            os.umask(mask)

    def server_close(self) -> None:
        super().server_close()
        self._path.unlink(missing_ok=True)

    def handle_error(self, _request: object, _address: object) -> None:
        # Never with its values: they are names and numbers.
        kind = sys.exc_info()[0]
        log.warning("hung up on a caller: %s", kind.__name__ if kind else "unknown")


def run(settings: Settings) -> None:
    """Answers until SIGTERM or SIGINT. In the main thread. Raises FleetError."""
    held, keyset = keys.vault(settings.keys_dir), keys.public(settings.keys_dir).keyset
    pseudonyms = PseudonymKey.load(held.pseudonym_file)
    engine = database.connect(settings.database_url, cache_kib=CACHE_KIB)
    schema.ensure(engine)
    vault = Vault(
        engine,
        key=held.open,
        sign=held.sign,
        pseudonyms=pseudonyms,
        card_keys=keyset.card_keys(),
        names_per_day=settings.privacy.names_per_day,
        now_ms=lambda: time.time_ns() // 1_000_000,
        office=_office(settings, keyset, pseudonyms),
    )
    if len(os.fsencode(settings.vault_socket)) > MAX_SOCKET_PATH:
        raise SettingsError(
            f"{settings.vault_socket}: too long for a socket's path (at most {MAX_SOCKET_PATH} "
            "bytes); choose a shorter --home"
        )
    # What start-up made stays: no collection while names are opened goes through all of it.
    gc.collect()
    gc.freeze()
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    serving.make_run_dir(settings)
    every_s, said = notify.watchdog_s(), 0.0
    indexing = threading.Thread(target=_index, args=(vault, stop), daemon=True)
    indexing.start()
    with VaultServer(settings.vault_socket, vault) as server:
        server.timeout = LOOK_S
        notify.say(notify.READY)
        while not stop.is_set():
            server.handle_request()
            if every_s is not None and time.monotonic() - said >= every_s:
                said = time.monotonic()
                notify.say(notify.ALIVE)
        notify.say(notify.STOPPING)
    indexing.join(timeout=INDEX_S)
    engine.dispose()


def _office(settings: Settings, keyset: KeySet, pseudonyms: PseudonymKey) -> CardOffice | None:
    sign = keys.card_sign(settings.keys_dir)
    if sign is None:
        return None
    return CardOffice(
        keys_dir=settings.keys_dir,
        sign=sign,
        pseudonyms=pseudonyms,
        vault=keyset.vault_key(),
        zone=settings.zone,
    )


def _index(vault: Vault, stop: threading.Event) -> None:
    """Reads new identities until `stop`. What fails is tried again at the next look."""
    while not stop.is_set():
        try:
            read = vault.index()
        except SQLAlchemyError as problem:
            log.warning("database: %s; numbers in identities wait", type(problem).__name__)
            read = 0
        stop.wait(0 if read else INDEX_S)


def _make_way(path: Path) -> None:
    """Removes the socket of a vault that is no more."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(2)
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise Refused(f"{path}: đã có kho khác chạy / another vault answers there")


def _uid_of(connection: socket.socket) -> int:
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    _pid, uid, _gid = _PEER.unpack(peer)
    return int(uid)
