"""A small town for system tests: kiosks, a real broker, the server's parts apart, all killable."""

import getpass
import json
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import segno
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from demo.check import RecordId, read_journal, stored_records
from fleet_server import database
from fleet_server.identity import indexing
from fleet_server.models import CardIdentity, RefusedRecord, Scan, VaultMark
from tests.support.postgres import PostgresCluster
from tests.support.programs import Server, find, free_port, wait_until

VENUE = "cho-mau"
START_S = 60.0
"""How long a killed program may take to come back."""
FAST_CAMERA = "fps = 60.0\nshown = 2\nblank = 1\n"


IMPATIENT: dict[str, object] = {
    "resend_s": 2,
    "resend_max_s": 4,
    "spread_s": 0,
    "reconnect_s": 1,
    "reconnect_max_s": 2,
}


class Program(Server):
    """A process that serves no port: started is started."""

    def __init__(self, command: list[str], *, log: Path, **options: object) -> None:
        super().__init__(command, port=0, log=log, **options)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self.options
            )


@dataclass
class Town:
    """Everything that runs, by name, and the folder it runs in."""

    folder: Path
    database_url: str
    broker_port: int = field(default_factory=free_port)
    programs: dict[str, Server | PostgresCluster] = field(default_factory=dict)
    kiosks: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        return {"TRAM_DATABASE_URL": self.database_url}

    def fleet(self, *args: str) -> str:
        """Output of one `fleet` command on this town's server."""
        done = subprocess.run(
            [sys.executable, "-m", "fleet_server", "--home", str(self.home), *args],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
        )
        assert done.returncode == 0, f"fleet {' '.join(args)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def found(self, *, embedded: bool = False) -> None:
        """Settings, schema, keys and one venue; with `embedded`, for `fleet serve`."""
        self.home.mkdir(parents=True)
        port = self.broker_port
        broker = f"port = {port}" if embedded else f'url = "mqtts://127.0.0.1:{port}"'
        web_port = free_port()
        (self.home / "fleet.toml").write_text(f"[broker]\n{broker}\n[web]\nport = {web_port}\n")
        self.fleet("keys", "init")
        self.fleet("migrate")
        self.fleet("venue", "create", VENUE, "--name", "Chợ Mẫu", "--type", "market")

    def post_kiosk(
        self,
        kiosk: str,
        *,
        pictures: Path,
        direction: str = "in",
        camera: str = FAST_CAMERA,
        delivery: str = "",
    ) -> None:
        """Create a kiosk that accepts tickets and looks at `pictures`, again after each start.

        `camera` and `delivery` are further lines of these sections of its settings.
        """
        bundle = self.folder / kiosk
        self.fleet(
            *("kiosk", "create", kiosk, "--venue", VENUE, "--direction", direction, "--tickets"),
            *("--camera", f"pictures:{pictures}", "--out", str(bundle)),
        )
        toml = bundle / "kiosk.toml"
        settings = tomllib.loads(toml.read_text())
        settings["camera"] |= tomllib.loads(camera)
        # What a killed broker swallowed is sent again after two seconds, not ten.
        settings["delivery"] = IMPATIENT | tomllib.loads(delivery)
        toml.write_text(_toml(settings))
        self.kiosks.append(kiosk)
        self.programs[kiosk] = Program(
            [sys.executable, "-m", "kiosk", "run", "--config", str(toml)],
            log=self.folder / f"{kiosk}.log",
        )

    def add_ingest(self) -> Program:
        """The ingest as a program of its own."""
        argv = [sys.executable, "-m", "fleet_server", "--home", str(self.home), "ingest"]
        environment = {**os.environ, **self.environment}
        program = Program(argv, log=self.folder / "ingest.log", env=environment)
        self.programs["ingest"] = program
        return program

    def add_serve(self) -> Server:
        """`fleet serve`: broker, vault, ingest and web as its children."""
        command = [sys.executable, "-m", "fleet_server", "--home", str(self.home), "serve"]
        log = self.folder / "serve.log"
        environment = {**os.environ, **self.environment}
        program = Server(command, port=self.broker_port, log=log, env=environment)
        self.programs["serve"] = program
        return program

    def serve(self) -> str:
        """Start `fleet serve` and wait until all its parts answer; the address of its pages."""
        self.add_serve()
        self.start("serve")
        written = self.home / "run" / "serve.json"
        wait_until(written.exists, what=f"{written}", timeout_s=START_S)
        return str(json.loads(written.read_text())["web_url"])

    def kill_part(self, part: str) -> bool:
        """SIGKILL to one child of `fleet serve`, which restarts it; False where none runs now."""
        written = self.home / "run" / "serve.json"
        try:
            pid = json.loads(written.read_text())["pids"][part]
            if pid:
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            return False
        return bool(pid)

    def add_mosquitto(self, *, extra: str = "") -> Server:
        """Mosquitto as `fleet broker mosquitto` configures it, with `extra` lines appended."""
        out = self.folder / "mosquitto"
        self.fleet("broker", "mosquitto", "--out", str(out), "--data", str(out))
        config = out / "mosquitto.conf"
        # Started by root it becomes another user, who may not read pytest's folders.
        user = f"\nuser {getpass.getuser()}\n"
        config.write_text(config.read_text() + user + extra)
        command = [str(find("mosquitto", "/usr/sbin")), "-c", str(config)]
        log = self.folder / "mosquitto.log"
        program = Server(command, port=self.broker_port, log=log)
        self.programs["broker"] = program
        return program

    def signalled(self) -> list[RecordId]:
        """All records whose success the kiosks signalled, by their own journals."""
        out: list[RecordId] = []
        for kiosk in self.kiosks:
            path = self.folder / kiosk / "data" / "journal.jsonl"
            out += read_journal(kiosk, path).accepted
        return out

    def stored(self) -> list[RecordId]:
        engine = database.connect(self.database_url)
        try:
            return stored_records(engine)
        finally:
            engine.dispose()

    def refused(self) -> int:
        """How many records the server set aside."""
        engine = database.connect(self.database_url)
        try:
            with engine.connect() as connection:
                return connection.scalar(select(func.count()).select_from(RefusedRecord)) or 0
        finally:
            engine.dispose()

    def last_scan_id(self) -> int:
        engine = database.connect(self.database_url)
        try:
            with engine.connect() as connection:
                return connection.scalar(select(func.max(Scan.id))) or 0
        finally:
            engine.dispose()

    def cards_read(self) -> bool:
        """Whether the vault has read what is sealed for the cards, so that numbers find them."""
        engine = database.connect(self.database_url)
        try:
            with engine.connect() as connection:
                read = select(VaultMark.upto).where(VaultMark.name == indexing.CARDS)
                last = select(func.max(CardIdentity.credential_id))
                return connection.scalar(read) == connection.scalar(last)
        finally:
            engine.dispose()

    def missing(self, signalled: list[RecordId], *, timeout_s: float) -> list[RecordId]:
        """What of `signalled` is not stored, after waiting up to `timeout_s` for it to arrive."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                stored = set(self.stored())
            except OperationalError:
                stored = set()
            left = [record for record in signalled if record not in stored]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.5)

    def start(self, name: str) -> None:
        """Start a program, again until it stays up: a killed one may leave a lock behind."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.programs[name].start()
            except (RuntimeError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
            else:
                return

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.programs[name].kill()

    def stop(self, name: str) -> None:
        """SIGTERM, where it runs: it says goodbye."""
        program = self.programs.get(name)
        if isinstance(program, Server):
            program.end()

    def still(self) -> None:
        """End the kiosks: nobody reads any more."""
        for kiosk in self.kiosks:
            self.stop(kiosk)

    def look_away(self, pictures: Path) -> None:
        """Kiosks that see nobody any more: they start again and deliver what still waits."""
        self.still()
        for picture in pictures.iterdir():
            picture.unlink()
        Image.new("L", (200, 200), 255).save(pictures / "blank.png")
        for kiosk in self.kiosks:
            self.start(kiosk)

    def end(self) -> None:
        """End everything but the database, kiosks first."""
        for name in (*self.kiosks, "ingest", "broker", "serve"):
            self.stop(name)

    def tails(self, lines: int = 20) -> str:
        """The ends of all logs, for a failure's message."""
        out = []
        for name, program in self.programs.items():
            log = program.log if isinstance(program, Server) else program.server.log
            text = log.read_text("utf-8", "replace") if log.exists() else ""
            out.append("\n".join([f"== {name}", *text.splitlines()[-lines:]]))
        return "\n".join(out)


def stored_twice(stored: list[RecordId]) -> list[RecordId]:
    """Records that stand in the database more than once."""
    return [record for record, times in Counter(stored).items() if times > 1]


def paint_tickets(folder: Path, count: int, *, seed: int) -> Path:
    """`count` pictures of different tickets, small and clean: this is about delivery."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    for number in range(count):
        code = segno.make(f"VE-{seed}-{number}-{rng.getrandbits(40):010x}", error="m", micro=False)
        size = int(code.symbol_size(scale=1, border=4)[0])
        image = Image.new("1", (size, size), 1)
        image.putdata([not module for row in code.matrix_iter(border=4) for module in row])
        image.resize((size * 5, size * 5)).convert("L").save(folder / f"{number:05d}.png")
    return folder


def _toml(settings: dict[str, dict[str, object]]) -> str:
    """Sections of plain values; JSON's words for them are TOML's."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in settings.items()
    )
