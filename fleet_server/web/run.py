"""`fleet web`: the application behind gunicorn, processes with threads, TLS where configured."""

import os
import time
from pathlib import Path
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from fleet_server import database, keys, notify, schema, serving
from fleet_server.errors import SettingsError
from fleet_server.settings import Settings
from fleet_server.web.app import create_app

PORT_FILE: Final = "web.port"
GRACE_S: Final = 5
"""How long requests under way may take once it is told to stop."""
WORKER_TIMEOUT_S: Final = 30


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ends the process.

    The port listened on is in `<home>/run/web.port` from the moment it answers. Raises FleetError
    where something needed is missing.
    """
    for name, path in (("certificate", settings.web.certificate), ("key", settings.web.key)):
        if path and not _file(settings, path).is_file():
            raise SettingsError(f"web.{name}: expected a PEM file at {_file(settings, path)}")
    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    engine.dispose()
    # Made here, so that what is wrong is said once; no connection is open when the worker forks.
    session_key = keys.web(settings.keys_dir).session
    app = create_app(settings, session_key=session_key, keep_s=settings.web.keep_s)
    serving.make_run_dir(settings)
    Gunicorn(settings, app).run()


class Gunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings and none of its own files."""

    def __init__(self, settings: Settings, app: Flask) -> None:
        self._settings = settings
        self._app = app
        super().__init__()

    def load_config(self) -> None:
        web = self._settings.web
        host = f"[{web.bind}]" if ":" in web.bind else web.bind
        for name, value in {
            "bind": f"{host}:{web.port}",
            "worker_class": "gthread",
            "workers": web.workers,
            "threads": web.threads,
            "timeout": WORKER_TIMEOUT_S,
            "graceful_timeout": GRACE_S,
            "umask": _umask(),
            "proc_name": "fleet web",
            "loglevel": "warning",
            # Addresses hold references of visitors: no access log.
            "accesslog": None,
            "control_socket_disable": True,
            "when_ready": self._write_port,
            "on_exit": self._remove_port,
        }.items():
            self.cfg.set(name, value)
        if web.certificate:
            self.cfg.set("certfile", str(_file(self._settings, web.certificate)))
            self.cfg.set("keyfile", str(_file(self._settings, web.key)))

    def load(self) -> Flask:
        return self._app

    def run(self) -> None:
        _Arbiter(self).run()

    @property
    def _port_file(self) -> Path:
        return self._settings.run_dir / PORT_FILE

    def _write_port(self, arbiter: Any) -> None:
        port = arbiter.LISTENERS[0].getsockname()[1]
        written = self._port_file.with_suffix(".new")
        written.write_text(f"{port}\n")
        written.replace(self._port_file)

    def _remove_port(self, _arbiter: Any) -> None:
        self._port_file.unlink(missing_ok=True)


class _Arbiter(Arbiter):  # type: ignore[misc]
    """Tells the service manager that it is alive, as long as its worker is."""

    def murder_workers(self) -> None:
        """Called about once a second, with the workers' heartbeats at hand."""
        super().murder_workers()
        beats = [worker.tmp.last_update() for worker in self.WORKERS.values()]
        if beats and time.monotonic() - max(beats) < WORKER_TIMEOUT_S:
            notify.say(notify.ALIVE)


def _file(settings: Settings, path: str) -> Path:
    return settings.home_dir / path


def _umask() -> int:
    """The process's own; gunicorn would otherwise clear it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
