"""`fleet serve`: broker, vault, ingest and web on one machine, each a process of its own.

Restarts what dies, says so, and ends all in order. What runs where is in `run/serve.json`.
"""

import errno
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from fleet_server import database, keys, notify, schema, serving
from fleet_server.children import MAX_PAUSE_S, Child
from fleet_server.errors import FleetError, KeysError, SettingsError
from fleet_server.fleet import embedded
from fleet_server.serving import Serving
from fleet_server.settings import Settings

START_S: Final = 60.0
"""How long the first start may take until all answer."""
LOOK_S: Final = 0.1
_PORT_PATIENCE_S: Final = 5.0
STOP_ORDER: Final = ("web", "ingest", "vault", "broker")
Say = Callable[[str], None]


class Supervisor:
    """All child processes of one home."""

    def __init__(self, settings: Settings, engine: Engine, *, say: Say) -> None:
        self._settings = settings
        self._engine = engine
        self._say = say
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop: list[int] = []
        self._children: dict[str, Child] = {}

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises FleetError where the first start fails."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)
        try:
            self._start_all()
            if not self._asked_to_stop:
                self._tell()
                # Kiosks made since the broker was configured: nobody could tell it before.
                embedded.refresh(self._settings, self._engine)
                self._greet()
                notify.say(notify.READY)
            while not self._asked_to_stop:
                self._hear(LOOK_S)
                self._restart_dead()
            notify.say(notify.STOPPING)
            self._say("Đang dừng / Stopping …")
        finally:
            serving.forget(self._settings)
            for name in STOP_ORDER:
                if name in self._children:
                    self._children[name].end(self._selector, self._show)
            self._selector.close()

    def _start_all(self) -> None:
        deadline = time.monotonic() + START_S
        if not self._settings.broker.url:
            self._add(self._broker())
            self._wait_for(["broker"], deadline)
        for name in ("vault", "ingest", "web"):
            if not self._asked_to_stop:
                self._add(self._part(name))
        self._wait_for(list(self._children), deadline)

    def _wait_for(self, names: list[str], deadline: float) -> None:
        while not self._asked_to_stop:
            self._hear(0.02)
            for name in names:
                child = self._children[name]
                child.look()
                status = child.ended(self._selector, self._show, now=time.monotonic())
                if status is not None or time.monotonic() > deadline:
                    how = "does not get ready" if status is None else f"ended with status {status}"
                    said = "\n".join(f"  {line}" for line in child.last_lines)
                    raise FleetError(f"{name} không khởi động được / {how}:\n{said}")
            if all(self._children[name].ready for name in names):
                return

    def _restart_dead(self) -> None:
        now = time.monotonic()
        changed = False
        for child in self._children.values():
            status = child.ended(self._selector, self._show, now=now)
            if status is not None:
                pause = child.start_again_at - now
                self._say(
                    f"{child.name} đã dừng / ended with status {status}; "
                    f"starting it again in {pause:g} s"
                )
            if child.pid == 0 and now >= child.start_again_at:
                changed = self._start_again(child, now) or changed
            if child.look() and child.starts > 1:
                self._say(f"{child.name} chạy lại / is back")
        if changed:
            self._tell()

    def _start_again(self, child: Child, now: float) -> bool:
        if child.name == "broker":
            try:
                self._configure_broker()
            except (FleetError, SQLAlchemyError) as problem:
                # A broker with the kiosks known before is better than none.
                cause = str(problem).strip().splitlines()[0]
                self._say(f"broker: giữ cấu hình cũ / keeps its configuration: {cause}")
        try:
            child.start(self._selector, now=now)
        except OSError as problem:
            child.start_again_at = now + MAX_PAUSE_S
            self._say(f"{child.name}: không chạy được / cannot be started ({problem.strerror})")
            return False
        return True

    def _add(self, child: Child) -> None:
        self._children[child.name] = child
        child.start(self._selector, now=time.monotonic())

    def _broker(self) -> Child:
        self._configure_broker()
        config = self._settings.run_dir / embedded.CONFIG_FILE
        return Child(
            "broker",
            [str(embedded.program()), "-c", str(config)],
            ready_line="Server is ready",
            worth_showing=_is_news,
        )

    def _configure_broker(self) -> None:
        embedded.configure(self._settings, self._engine, port=self._settings.broker.port)

    def _part(self, name: str) -> Child:
        command = [sys.executable, "-m", "fleet_server", "--home", self._settings.home, name]
        if name == "web":
            command += ["--port", str(self._settings.web.port)]
        if name == "ingest" and not self._settings.broker.url:
            command += ["--broker-port", str(self._settings.broker.port)]
        return Child(name, command)

    def _hear(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            self._show(key.data)

    def _show(self, child: Child) -> None:
        for line in child.listen():
            self._say(f"[{child.name}] {line}")

    def _tell(self) -> None:
        web = self._settings.web
        scheme = "https" if web.certificate else "http"
        host = _reachable(web.bind)
        external = self._settings.broker.url
        serving.tell(
            self._settings,
            Serving(
                pid=os.getpid(),
                broker_port=0 if external else self._settings.broker.port,
                broker_url=external
                or f"mqtts://{_host(self._settings.broker.public_host)}"
                f":{self._settings.broker.port}",
                web_url=f"{scheme}://{_host(host)}:{web.port}",
                pids={name: child.pid for name, child in self._children.items()},
            ),
        )

    def _greet(self) -> None:
        running = serving.current(self._settings) or Serving()
        self._say(
            f"Đang chạy / Running: {self._settings.home}\n"
            f"  Trang / Web       {running.web_url}\n"
            f"  Trạm / Kiosks     {running.broker_url}\n"
            "Nhấn Ctrl-C để dừng / Ctrl-C stops it."
        )
        if (self._settings.keys_dir / keys.ROOT_KEY).exists():
            self._say(
                "Khóa gốc còn trên máy này, hãy cất ngoại tuyến / The root key is still on this "
                f"machine, take it offline: {self._settings.keys_dir / keys.ROOT_KEY}"
            )

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop.append(number)


def run(settings: Settings, *, say: Say) -> None:
    """Run everything until told to stop. `say` prints. Raises FleetError."""
    if not settings.keys_dir.exists():
        raise KeysError(
            f"{settings.keys_dir}: chưa có khóa / no keys yet; make them with `fleet keys init`"
        )
    # Said here, once, rather than by each process.
    keys.ingest(settings.keys_dir)
    keys.vault(settings.keys_dir)
    keys.web(settings.keys_dir)
    keys.public(settings.keys_dir)
    with serving.take(settings):
        settings = _with_ports(settings, say)
        engine = database.connect(settings.database_url)
        schema.ensure(engine)
        Supervisor(settings, engine, say=say).run()
        engine.dispose()


def _is_news(line: str) -> bool:
    """Whether a line of nats-server's is for the operator: no long story at each start, and no
    word about each connection whenever it reads its users again."""
    return "[INF]" not in line and "found in connect proto, but user required from cert" not in line


def _with_ports(settings: Settings, say: Say) -> Settings:
    """Settings with free ports in place of 0. Raises SettingsError for one that is taken."""
    web = msgspec.structs.replace(
        settings.web, port=_port("web.port", settings.web.bind, settings.web.port, say)
    )
    if settings.broker.url:
        return msgspec.structs.replace(settings, web=web)
    port = _port("broker.port", settings.broker.bind, settings.broker.port, say)
    broker = msgspec.structs.replace(settings.broker, port=port)
    return msgspec.structs.replace(settings, web=web, broker=broker)


def _port(key: str, bind: str, port: int, say: Say) -> int:
    """A port to listen on. One that is taken may still be a killed predecessor's: tried again."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    give_up, told = time.monotonic() + _PORT_PATIENCE_S, False
    while True:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((bind, port))
                return int(probe.getsockname()[1])
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE or time.monotonic() > give_up:
                raise SettingsError(
                    f"{key}: cannot listen on {bind} port {port} ({problem.strerror}); choose"
                    f" another by {key} in fleet.toml or --{key.replace('.', '-')}"
                ) from problem
        if not told:
            say(f"{key}: cổng {port} đang bận, chờ / port {port} is taken, waiting")
            told = True
        time.sleep(LOOK_S)


def _reachable(bind: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(bind, bind)  # noqa: S104 (looked up, not bound)


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
