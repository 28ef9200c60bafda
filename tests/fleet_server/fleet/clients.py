"""MQTT clients with certificates, as honest and dishonest peers of the broker."""

import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from fleet_server.fleet.ca import Issued
from tests.support.programs import wait_until

REFUSED = 0x80


class Peer:
    """One connection; keeps what it heard. Leaves when its test ends."""

    def __init__(
        self,
        port: int,
        *,
        ca: Path,
        credentials: tuple[Path, Path] | None,
        client_id: str = "",
        clean: bool = True,
        username: str | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.connected = threading.Event()
        self.dropped = threading.Event()
        self._granted: dict[int | None, list[int]] = {}
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean
        )
        context = ssl.create_default_context(cafile=str(ca))
        if credentials:
            context.load_cert_chain(*credentials)
        self._client.tls_set_context(context)
        if username:
            self._client.username_pw_set(username, "")
        if will:
            self._client.will_set(*will, qos=1, retain=True)
        self._client.on_connect = lambda _c, _u, _f, code, _p: (
            None if code.is_failure else self.connected.set()
        )
        self._client.on_disconnect = lambda *_: self.dropped.set()
        self._client.on_message = lambda _c, _u, message: self.heard.append(
            (message.topic, bytes(message.payload), message.retain)
        )
        self._client.on_subscribe = lambda _c, _u, mid, codes, _p: self._granted.update(
            {mid: [code.value for code in codes]}
        )
        self._client.connect("127.0.0.1", port, keepalive=20)
        self._client.loop_start()

    def ready(self) -> "Peer":
        assert self.connected.wait(10), "not connected"
        return self

    def subscribe(self, topic: str, qos: int = 1) -> int:
        """The broker's answer: granted QoS, or REFUSED."""
        _, mid = self._client.subscribe(topic, qos)
        wait_until(lambda: mid in self._granted, what="SUBACK")
        return self._granted[mid][0]

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Returns when the broker acknowledged (which means little), or gave up on us."""
        sent = self._client.publish(topic, payload, qos, retain)
        if sent.rc == mqtt.MQTT_ERR_SUCCESS:
            wait_until(
                lambda: self.dropped.is_set() or sent.is_published(), what=f"PUBACK for {topic}"
            )

    def vanish(self) -> None:
        """The connection breaks without a goodbye."""
        sock = self._client.socket()
        self._client.loop_stop()
        if sock is not None:
            sock.close()

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def store(folder: Path, name: str, issued: Issued) -> tuple[Path, Path]:
    """Certificate and key as files."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(issued.certificate)
    key.write_bytes(issued.key)
    key.chmod(0o600)
    return certificate, key


Connect = Callable[..., Peer]
