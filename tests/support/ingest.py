"""The ingest as a process of its own, and a kiosk's side of the conversation."""

import datetime as dt
import os
import queue
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from paho.mqtt.enums import CallbackAPIVersion

from fleet_server import keys
from fleet_server.fleet import keymaking
from tests.support.brokers import Broker
from tests.support.programs import wait_until
from tests.support.records import SealingKeys
from wire import codec, topics
from wire.presence import ServerState
from wire.receipts import Receipt

_PROGRAM = """
import logging, sys
from pathlib import Path
from fleet_server.ingest.run import run
from fleet_server.settings import load
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
run(load(Path(sys.argv[1])))
"""


def make_keys(home: Path) -> SealingKeys:
    """A fleet's keys in `home`, and the two that kiosks seal to."""
    keymaking.init(home / "keys", broker_hosts=["127.0.0.1"], now=dt.datetime.now(dt.UTC))
    vault: X25519PrivateKey = keys.vault(home / "keys").open
    return SealingKeys(ingest=keys.ingest(home / "keys").open, vault=vault)


class IngestProcess:
    """`with IngestProcess(home, broker_url, database_url) as ingest:`"""

    def __init__(self, home: Path, broker_url: str, database_url: str, *, more: str = "") -> None:
        self.home = home
        self.database_url = database_url
        self.log = home / "ingest.log"
        self.process: subprocess.Popen[bytes] | None = None
        (home / "fleet.toml").write_text(
            f'broker.url = "{broker_url}"\ningest.retry_s = 0.2\ningest.retry_max_s = 1.0\n' + more
        )

    def __enter__(self) -> "IngestProcess":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _it: object, _where: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it; it may take a moment to connect."""
        environ = os.environ | {"TRAM_DATABASE_URL": self.database_url}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(self.home)],
                env=environ,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.process = None
        return code

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def says(self, words: str) -> bool:
        """Whether its log holds these words."""
        return self.log.exists() and words in self.log.read_text(errors="replace")


class KioskClient:
    """Publishes as a kiosk does and hears what it is told."""

    def __init__(self, broker: Broker, kiosk: str = "cho-mau-1") -> None:
        self.kiosk = kiosk
        self.receipts: queue.Queue[Receipt] = queue.Queue()
        self.server: list[ServerState] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{kiosk}")
        self._client.on_message = self._hear
        self._client.connect(broker.host, broker.port)
        granted: list[int] = []
        self._client.on_subscribe = lambda _c, _u, mid, _r, _p: granted.append(mid)
        self._client.subscribe(
            [(topics.kiosk_topic(kiosk, "receipts"), 1), (topics.SERVER_STATE, 1)]
        )
        self._client.loop_start()
        wait_until(lambda: bool(granted), what="the kiosk's subscriptions")

    def __enter__(self) -> "KioskClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, channel: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes and waits until the broker has it."""
        qos = 0 if channel == "health" else 1
        topic = f"{topics.PREFIX}/{self.kiosk}/{channel}"
        self._client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(10)

    def receipt(self, *, timeout_s: float = 20) -> Receipt:
        """The next receipt."""
        return self.receipts.get(timeout=timeout_s)

    def receipted(self, counters: Sequence[int], *, timeout_s: float = 30) -> None:
        """Waits until receipts have named all these counters as stored."""
        missing = set(counters)
        while missing:
            for _, first, last in self.receipt(timeout_s=timeout_s).stored:
                missing -= set(range(first, last + 1))

    def _hear(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.SERVER_STATE:
            self.server.append(codec.decode(bytes(message.payload), ServerState))
        else:
            self.receipts.put(codec.decode(bytes(message.payload), Receipt))
