"""The vault: the only process that can open an identity or turn a number into a visitor.

Answers on a Unix socket, one JSON object per line. Every answer and every miss is in the audit log
before it is given; where that cannot be written, nothing is given. Names and numbers never reach a
log file.
"""

import contextlib
import logging
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from fleet_server import database, keys, notify, schema, serving
from fleet_server.errors import Refused, SettingsError
from fleet_server.identity import audit, numbers, opening
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.numbers import BadNumber
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault_messages import (
    BadRequest,
    Failed,
    Find,
    Found,
    Open,
    Opened,
    Reply,
    Request,
)
from fleet_server.models import Pseudonym
from fleet_server.settings import Settings

log = logging.getLogger(__name__)

SOCKET_MODE: Final = 0o660
IDLE_S: Final = 30.0
"""A caller that says nothing for this long is hung up on."""
MAX_CALLERS: Final = 32
"""At the same time; more wait."""
LOOK_S: Final = 0.2
MAX_SOCKET_PATH: Final = 107
"""Bytes; the kernel's limit."""
_PEER: Final = struct.Struct("3i")


class Vault:
    """Answers requests. Holds the key; knows nothing of sockets."""

    def __init__(
        self,
        engine: Engine,
        *,
        key: X25519PrivateKey,
        pseudonyms: PseudonymKey,
        card_keys: Mapping[str, Ed25519PublicKey],
        now_ms: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._key = key
        self._pseudonyms = pseudonyms
        self._card_keys = card_keys
        self._now_ms = now_ms

    def answer(self, line: bytes, *, uid: int) -> Reply:
        """The reply to one line; `uid` is the caller's, as the kernel says."""
        try:
            request = messages.parse(line)
        except BadRequest as problem:
            return Failed(reason="bad_request", detail=str(problem))
        try:
            return (
                self._open(request, uid) if isinstance(request, Open) else self._find(request, uid)
            )
        except BadNumber as problem:
            return Failed(reason="bad_number", detail=str(problem))
        except SQLAlchemyError as problem:
            # Only the kind of trouble: a statement's parameters may be what was asked for.
            log.warning("database: %s; nothing was opened", type(problem).__name__)
            return Failed(
                reason="away",
                detail="cơ sở dữ liệu không trả lời / the vault's database or audit log does not "
                "answer; nothing was opened",
            )

    def _open(self, request: Open, uid: int) -> Opened:
        with self._engine.connect() as connection:
            opened = [opening.open_person(connection, ref, self._key) for ref in request.persons]
        with self._engine.execution_options(**database.WRITES).begin() as connection:
            for person in opened:
                # What was asked for and is nobody's reference may be somebody's number.
                detail = {"found": bool(person.person), "identities": len(person.identities)}
                self._log(connection, request, uid, person.person, detail)
        return Opened(persons=opened)

    def _find(self, request: Find, uid: int) -> Found:
        wanted = numbers.stable_keys(request.kind, request.number, self._card_keys)
        digests = [self._pseudonyms.digest(key.space, key.value) for key in wanted]
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(Pseudonym.digest, Pseudonym.person_id).where(Pseudonym.digest.in_(digests))
            )
            persons = {bytes(row.digest): f"P{row.person_id}" for row in rows}
        found = list(dict.fromkeys(persons[digest] for digest in digests if digest in persons))
        with self._engine.execution_options(**database.WRITES).begin() as connection:
            for subject in found or [""]:
                detail = {"by": request.kind, "found": bool(found)}
                self._log(connection, request, uid, subject, detail)
        return Found(persons=found)

    def _log(
        self,
        connection: Connection,
        request: Request,
        uid: int,
        subject: str,
        detail: Mapping[str, object],
    ) -> None:
        audit.append(
            connection,
            at_ms=self._now_ms(),
            actor=request.actor,
            action="vault.open" if isinstance(request, Open) else "vault.find",
            case_ref=request.case,
            purpose=request.purpose,
            subject=subject,
            detail={**detail, "uid": uid},
        )


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
    held = keys.vault(settings.keys_dir)
    card_keys = keys.public(settings.keys_dir).keyset.card_keys()
    pseudonyms = PseudonymKey.load(held.pseudonym_file)
    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    vault = Vault(
        engine,
        key=held.open,
        pseudonyms=pseudonyms,
        card_keys=card_keys,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )
    if len(os.fsencode(settings.vault_socket)) > MAX_SOCKET_PATH:
        raise SettingsError(
            f"{settings.vault_socket}: too long for a socket's path (at most {MAX_SOCKET_PATH} "
            "bytes); choose a shorter --home"
        )
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    serving.make_run_dir(settings)
    every_s, said = notify.watchdog_s(), 0.0
    with VaultServer(settings.vault_socket, vault) as server:
        server.timeout = LOOK_S
        notify.say(notify.READY)
        while not stop.is_set():
            server.handle_request()
            if every_s is not None and time.monotonic() - said >= every_s:
                said = time.monotonic()
                notify.say(notify.ALIVE)
        notify.say(notify.STOPPING)
    engine.dispose()


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
