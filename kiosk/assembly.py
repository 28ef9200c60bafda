"""Puts a kiosk together from its configuration. The only module that knows all the parts."""

import importlib.metadata
import logging
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from kiosk import proofs, versions
from kiosk.app import App, Events, Parts
from kiosk.certificate import Certificate, load_certificate, tls_context
from kiosk.clock import Clock, SystemClock
from kiosk.config import Config
from kiosk.courier import Courier
from kiosk.delivery import Delivery, Limits
from kiosk.documents import Documents
from kiosk.door import Door
from kiosk.equipment import Hardware, opened
from kiosk.errors import QueueError
from kiosk.hardware.decoders import engines
from kiosk.hardware.ports import Answer, Decoder
from kiosk.heads import Heads
from kiosk.health import Vitals, cpu_c, report
from kiosk.journal import FILE as JOURNAL_FILE
from kiosk.journal import Journal
from kiosk.link import Link, Pace
from kiosk.notify import ServiceNotices
from kiosk.proofs import Held
from kiosk.queue import Queue
from kiosk.scanning.budget import Budget
from kiosk.scanning.decision import Policy
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.reader import Reader
from kiosk.scanning.record import Sealer
from kiosk.scanning.repeats import Repeats, View
from kiosk.scanning.spelling import Speller
from kiosk.watch import Watch
from wire import CONTRACT
from wire.presence import About, Health

RED_S: Final = 2.0
"""How long a kiosk that cannot keep records shows so before it ends; systemd starts it again."""

_log = logging.getLogger(__name__)


def run(
    config: Config, *, camera: str | None, base: Path, once: bool, once_timeout_s: float
) -> int:
    """Run the kiosk of `config` on this machine until SIGTERM or SIGINT; the exit status.

    `camera` replaces the configured one; its path counts from `base`. Raises KioskError where the
    kiosk cannot start.
    """
    if camera is None:
        camera, base = config.camera.source, config.file.parent
    with (
        opened(config, camera, base) as hardware,
        _red_on_failure(),
        assembled(config, hardware) as app,
    ):

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            app.stop()

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
        return app.run(once=once, once_timeout_s=once_timeout_s)


@contextmanager
def assembled(config: Config, hardware: Hardware) -> Iterator[App]:
    """The kiosk of `config` on `hardware`, with its queue and journal open. Raises KioskError."""
    held = proofs.load(config, seen=versions.seen(config.kiosk.data))
    certificate = load_certificate(config) if config.server.address.tls else None
    data = config.kiosk.data
    try:
        queue = Queue(data, max_records=config.queue.max_records)
    except QueueError:
        hardware.signals.show(Answer.BROKEN)
        raise
    with queue:
        versions.note(data, held.versions)
        journal = Journal(data / JOURNAL_FILE, max_bytes=config.journal.max_bytes)
        try:
            clock = SystemClock(floor_ms=queue.clock_floor_ms)
            _log.info(
                "kiosk %s (%s), server %s, camera %s, %d records waiting",
                config.kiosk.id,
                config.kiosk.direction,
                config.server.address,
                hardware.camera,
                queue.depth,
            )
            parts = _parts(
                config,
                hardware,
                held=held,
                certificate=certificate,
                queue=queue,
                journal=journal,
                clock=clock,
            )
            yield App(parts)
        finally:
            journal.close()


@contextmanager
def _red_on_failure() -> Iterator[None]:
    """Lets a visitor see the red that `assembled` shows before a failed start puts it out."""
    try:
        yield
    except QueueError:
        time.sleep(RED_S)
        raise


def _parts(
    config: Config,
    hardware: Hardware,
    *,
    held: Held,
    certificate: Certificate | None,
    queue: Queue,
    journal: Journal,
    clock: Clock,
) -> Parts:
    events, vitals, signals = Events(), Vitals(), hardware.signals
    # Back-off and jitter need no secrecy.
    random = Random()  # noqa: S311
    link = _link(config, certificate, events, clock, random)
    courier = Courier(
        queue=queue,
        delivery=Delivery(epoch=queue.epoch, limits=_limits(config), random=random),
        line=link,
        clock=clock,
        batch_bytes=config.delivery.batch_bytes,
        heads=Heads(config.kiosk.data),
    )

    def health() -> Health:
        moment = clock.now()
        return report(
            door=vitals.take(now_ms=moment.mono_ms),
            delivery=courier.health(),
            moment=moment,
            version=_version(),
            folder=config.kiosk.data,
            certificate_expires_ms=certificate.expires_ms if certificate else None,
            documents=documents.versions,
            documents_refused=documents.refused,
        )

    door = _door(
        config,
        hardware,
        held=held,
        queue=queue,
        journal=journal,
        clock=clock,
        vitals=vitals,
        events=events,
    )

    def use(newer: Held) -> None:
        door.use(newer.proofs, _sealer(config, newer, queue))

    documents = Documents(held, folder=config.kiosk.data, use=use)
    watch = Watch(
        door,
        open_camera=hardware.open_camera,
        signals=signals,
        vitals=vitals,
        restart_s=config.camera.restart_s,
        restart_max_s=config.camera.restart_max_s,
        over=events.wake,
    )
    return Parts(
        watch=watch,
        link=link,
        courier=courier,
        documents=documents,
        queue=queue,
        vitals=vitals,
        events=events,
        clock=clock,
        notices=ServiceNotices(),
        health=health,
        health_ms=config.health.interval_s * 1000,
    )


def _door(
    config: Config,
    hardware: Hardware,
    *,
    held: Held,
    queue: Queue,
    journal: Journal,
    clock: Clock,
    vitals: Vitals,
    events: Events,
) -> Door:
    policy = config.policy
    # Drawn at each start and kept nowhere: what it hashes cannot be recognised later.
    key = secrets.token_bytes(32)
    return Door(
        reader=Reader(_pipeline(config, hardware.decoder), held.proofs),
        speller=Speller(held.proofs, layout=config.scanner.layout),
        policy=Policy(
            accept=frozenset(policy.accept),
            tickets=policy.tickets,
            require_certificate=policy.require_certificate,
            certificate_ms=policy.certificate_s * 1000,
        ),
        repeats=Repeats(key=key, ttl_ms=policy.repeat_s * 1000, limit=policy.remember),
        view=View(key=key, leave_ms=policy.leave_ms),
        sealer=_sealer(config, held, queue),
        queue=queue,
        journal=journal,
        signals=hardware.signals,
        clock=clock,
        vitals=vitals,
        companions=hardware.companions,
        recorded=events.wake,
    )


def _sealer(config: Config, held: Held, queue: Queue) -> Sealer:
    return Sealer(
        kiosk=config.kiosk.id,
        epoch=queue.epoch,
        direction=config.kiosk.direction,
        ingest=held.keyset.ingest_key(),
        vault=held.keyset.vault_key(),
    )


def _pipeline(config: Config, decoder: Decoder) -> Pipeline:
    budget = Budget(config.reading.limits(), temperature_c=cpu_c)
    return Pipeline(engines(decoder), settings=config.reading.settings(), budget=budget)


def _link(
    config: Config,
    certificate: Certificate | None,
    events: Events,
    clock: Clock,
    random: Random,
) -> Link:
    address, delivery, policy = config.server.address, config.delivery, config.policy
    return Link(
        kiosk=config.kiosk.id,
        address=address,
        tls=tls_context(config) if address.tls else None,
        about=About(
            model=_machine("model"),
            serial=_machine("serial-number"),
            version=_version(),
            contract=CONTRACT,
            direction=config.kiosk.direction,
            capabilities=[*policy.accept, *(["tickets"] if policy.tickets else [])],
            certificate=certificate.fingerprint if certificate else "",
        ),
        pace=Pace(
            connect_s=delivery.connect_s,
            reconnect_s=delivery.reconnect_s,
            reconnect_max_s=delivery.reconnect_max_s,
            keepalive_s=delivery.keepalive_s,
            max_unacknowledged=delivery.window_batches + 4,
        ),
        post=events.post,
        new_session=lambda: secrets.token_hex(8),
        wall_ms=lambda: clock.now().wall_ms,
        random=random,
    )


def _limits(config: Config) -> Limits:
    delivery = config.delivery
    return Limits(
        window_batches=delivery.window_batches,
        batch_records=delivery.batch_records,
        resend_ms=delivery.resend_s * 1000,
        resend_max_ms=delivery.resend_max_s * 1000,
        spread_ms=delivery.spread_s * 1000,
    )


def _version() -> str:
    return importlib.metadata.version("tram")


def _machine(what: str) -> str:
    """The board's model or serial number as its device tree says, or nothing."""
    try:
        return (Path("/proc/device-tree") / what).read_text().strip("\x00\n")
    except (OSError, UnicodeDecodeError):
        return ""
