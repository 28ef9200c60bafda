"""The ingest as a process: keys, database, broker, and a clean end."""

import json
import logging
import random
import signal
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from fleet_server import database, keys, notify, schema
from fleet_server.errors import KeysError, SchemaError, SettingsError
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.ingest.documents import Documents
from fleet_server.ingest.inbox import Inbox
from fleet_server.ingest.judge import Judged, judge
from fleet_server.ingest.link import Address, Link, client_id_of
from fleet_server.ingest.reader import Judge
from fleet_server.ingest.worker import Worker
from fleet_server.keys import IngestKeys
from fleet_server.settings import Settings, is_loopback

log = logging.getLogger(__name__)

DEFAULT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
RUN_FILE: Final = "serve.json"
LOOK_S: Final = 0.1
"""How often the main thread looks whether it is asked to stop, and for changed documents."""


def run(settings: Settings) -> None:
    """Takes in what kiosks send until SIGTERM or SIGINT. In the main thread.

    Raises FleetError for what the administrator must mend: settings, keys, an outdated schema.
    """
    held = keys.ingest(settings.keys_dir)
    judging = _judging(held, PseudonymKey.load(held.pseudonym_file))
    address = broker_address(settings, held)
    asked_to_stop = _listen_for_signals()
    engine = database.connect(settings.database_url, ping=False)
    if not _wait_for_database(engine, settings, asked_to_stop):
        return
    stopping = threading.Event()
    inbox = Inbox()
    link = Link(
        address,
        inbox,
        now_ms=_now_ms,
        new_session=lambda: uuid.uuid4().hex,
        rng=random.SystemRandom(),
        ready=partial(notify.say, notify.READY),
    )
    worker = Worker(
        engine,
        inbox,
        link,
        judge=judging,
        now_ms=_now_ms,
        settings=settings.ingest,
        stopping=stopping,
        alive=_watchdog(),
    )
    documents = Documents(settings.keys_dir / "public", keep=link.keep)
    documents.look()
    link.start()
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="worker") as thread:
            working = thread.submit(worker.run)
            while not asked_to_stop() and not wait([working], LOOK_S).done:
                documents.look()
            notify.say(notify.STOPPING)
            inbox.close()
            stopping.set()
            working.result()
    finally:
        link.stop()
        engine.dispose()


def broker_address(settings: Settings, held: IngestKeys) -> Address:
    """Where the broker is, and the TLS to reach it by. Raises SettingsError or KeysError."""
    if settings.broker.url:
        url = urlsplit(settings.broker.url)
        host = url.hostname or ""
        try:
            port = url.port or DEFAULT_PORTS[url.scheme]
        except ValueError as problem:
            raise SettingsError(f"broker.url: {problem}; expected mqtts://HOST:PORT") from problem
        if url.scheme == "mqtt":
            if not is_loopback(host):
                raise SettingsError(f"broker.url: mqtts:// for {host!r}: plain is for loopback")
            return Address(host, port, None)
    else:
        host, port = settings.broker.bind, settings.broker.port or _chosen_port(settings)
        if host in ("0.0.0.0", "::"):  # noqa: S104  compared with, not listened on
            host = "127.0.0.1"
    try:
        tls = ssl.create_default_context(cafile=str(held.ca))
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(held.certificate, held.certificate_key)
        client_id = client_id_of(held.certificate_key.read_bytes())
    except (OSError, ssl.SSLError) as problem:
        raise KeysError(
            f"{held.certificate}, {held.certificate_key} or {held.ca}: {problem};"
            " expected PEM files that belong together"
        ) from problem
    return Address(host, port, tls, client_id)


def _judging(held: IngestKeys, pseudonyms: PseudonymKey) -> Judge:
    def judging(topic: str, payload: bytes, received_ms: int) -> Judged:
        return judge(
            topic,
            payload,
            received_ms=received_ms,
            key=held.open,
            pseudonym=pseudonyms.digest,
        )

    return judging


def _chosen_port(settings: Settings) -> int:
    """The port `fleet serve` took for its broker."""
    path = settings.run_dir / RUN_FILE
    try:
        return int(json.loads(path.read_text("utf-8"))["broker_port"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SettingsError(
            f"broker.port: 0 takes the port `fleet serve` chose, but {path} does not name one;"
            " is it running?"
        ) from problem


def _listen_for_signals() -> Callable[[], bool]:
    """Whether SIGTERM or SIGINT came. A handler may only note it: the thread it interrupts may
    hold any lock."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    return lambda: bool(came)


def _wait_for_database(
    engine: Engine, settings: Settings, asked_to_stop: Callable[[], bool]
) -> bool:
    """Until the tables are there; False when asked to stop before. Raises SchemaError."""
    pause_s = settings.ingest.retry_s
    while not asked_to_stop():
        try:
            schema.ensure(engine)
        except SchemaError as problem:
            if not isinstance(problem.__cause__, OperationalError):
                raise
            log.warning("%s; trying again in %g s", problem, pause_s)
            end = time.monotonic() + pause_s
            while time.monotonic() < end and not asked_to_stop():
                time.sleep(LOOK_S)
            pause_s = min(2 * pause_s, settings.ingest.retry_max_s)
        else:
            return True
    return False


def _watchdog() -> Callable[[], None]:
    """Says "alive" to the service manager, no more often than it wants to hear it."""
    every_s = notify.watchdog_s()
    said = [0.0]

    def alive() -> None:
        now = time.monotonic()
        if every_s is not None and now - said[0] >= every_s:
            notify.say(notify.ALIVE)
            said[0] = now

    return alive


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
