"""The ingest's connection to the broker: hears all kiosks, answers them, says whether it is there.

Uses only what every MQTT 3.1.1 broker has: a persistent session, QoS 1, retained messages, a will.
An acknowledgement goes out when the worker asks for it, never before.
"""

import hashlib
import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fleet_server.ingest.inbox import Inbox, Message
from wire import codec, topics
from wire.presence import OFFLINE, ONLINE, ServerState

log = logging.getLogger(__name__)

NAME: Final = "ingest"
"""One ingest at a time holds this session. Also its user name where brokers want them equal."""
KEEPALIVE_S: Final = 30
CONNECT_S: Final = 10.0
FIRST_PAUSE_S: Final = 0.2
MAX_PAUSE_S: Final = 30.0
SUBSCRIPTIONS: Final = tuple(
    (topics.every_kiosk(channel), 0 if channel == "health" else 1) for channel in topics.FROM_KIOSK
)


class Address(NamedTuple):
    """Where the broker is; `tls` None only on loopback."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    client_id: str = NAME
    """Names the session at the broker. Where a broker does not tie it to the certificate, whoever
    knows it can end the connection: `client_id_of` makes one that nobody can guess."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which connection a message came by, and its number there."""

    client: mqtt.Client
    mid: int


class Link:
    """Connects, and connects again, until stopped."""

    def __init__(
        self,
        address: Address,
        inbox: Inbox,
        *,
        now_ms: Callable[[], int],
        new_session: Callable[[], str],
        rng: random.Random,
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        self._address = address
        self._inbox = inbox
        self._now_ms = now_ms
        self._new_session = new_session
        self._rng = rng
        self._ready = ready
        self._stopping = threading.Event()
        self._down = threading.Event()
        self._client: mqtt.Client | None = None
        self._session = ""
        self._kept: Mapping[str, bytes] = {}
        self._pause_s = FIRST_PAUSE_S
        self._unacknowledged: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def publish(self, topic: str, payload: bytes) -> None:
        """At least once while connected. While not, it is lost, and kiosks ask again."""
        client = self._client
        if client is not None:
            client.publish(topic, payload, qos=1)

    def keep(self, topic: str, payload: bytes) -> None:
        """Publish `payload` retained, now and at each connection, until another takes its place."""
        self._kept = {**self._kept, topic: payload}
        client = self._client
        if client is not None:
            client.publish(topic, payload, qos=1, retain=True)

    def acknowledge(self, message: Message) -> None:
        """Lets the broker forget a message, unless it came by an earlier connection: then the
        broker delivers it again, and the store knows it."""
        delivery = message.delivery
        if isinstance(delivery, Delivery) and delivery.client is self._client:
            self._unacknowledged.discard(delivery.mid)
            delivery.client.ack(delivery.mid, 1)

    def reconnect(self) -> None:
        """Makes the broker deliver again what was turned away."""
        self._down.set()

    def stop(self) -> None:
        """Says goodbye and leaves. The session stays at the broker."""
        self._stopping.set()
        self._down.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._connect_once()
            # Jitter, so that after a power cut not everybody comes back in the same instant.
            pause = self._pause_s * self._rng.uniform(0.5, 1.5)
            self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
            self._stopping.wait(pause)

    def _connect_once(self) -> None:
        """One connection from start to end."""
        host, port, tls, _ = self._address
        client = self._new_client()
        if tls is not None:
            client.tls_set_context(tls)
        self._down.clear()
        if self._stopping.is_set():
            return
        self._unacknowledged = set()
        try:
            client.connect(host, port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as problem:
            log.warning("broker %s:%d: %s; trying again", host, port, problem)
            return
        client.loop_start()
        self._down.wait()
        self._client = None
        if self._stopping.is_set() and client.is_connected():
            goodbye = client.publish(topics.SERVER_STATE, self._state(OFFLINE), qos=1, retain=True)
            try:
                goodbye.wait_for_publish(timeout=2)
            except (RuntimeError, ValueError) as problem:
                log.info("broker %s:%d: no goodbye: %s", host, port, problem)
        client.disconnect()
        client.loop_stop()

    def _new_client(self) -> mqtt.Client:
        self._session = self._new_session()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.client_id,
            clean_session=False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(200)
        client.max_queued_messages_set(10_000)
        client.will_set(topics.SERVER_STATE, self._state(OFFLINE), qos=1, retain=True)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("broker refused the connection: %s; trying again", reason)
            self._down.set()
            return
        self._client = client
        client.subscribe(list(SUBSCRIPTIONS))

    def _on_subscribe(
        self,
        client: mqtt.Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [
            topic
            for (topic, _), reason in zip(SUBSCRIPTIONS, reasons, strict=False)
            if reason.is_failure
        ]
        if refused or len(reasons) != len(SUBSCRIPTIONS):
            log.error(
                "broker refused the subscription to %s; its access rules must let the ingest read"
                " them; trying again",
                ", ".join(refused) or "some topics",
            )
            self._down.set()
            return
        self._pause_s = FIRST_PAUSE_S
        client.publish(topics.SERVER_STATE, self._state(ONLINE), qos=1, retain=True)
        for topic, payload in self._kept.items():
            client.publish(topic, payload, qos=1, retain=True)
        log.info("connected to broker %s:%d", *self._address[:2])
        self._ready()

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if client is self._client:
            log.warning("connection to the broker lost: %s; trying again", reason)
        self._down.set()

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        delivery = Delivery(client, message.mid) if message.qos else None
        if delivery and message.mid in self._unacknowledged:
            return  # delivered again because the database keeps us waiting; we have it
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        taken = self._inbox.put(
            Message(topic, bytes(message.payload), message.retain, self._now_ms(), delivery)
        )
        if taken and delivery:
            self._unacknowledged.add(message.mid)

    def _state(self, state: str) -> bytes:
        return codec.encode(
            ServerState(state=state, session=self._session, since_ms=self._now_ms())
        )


def client_id_of(secret: bytes) -> str:
    """The same for the same secret at every start."""
    return f"{NAME}-{hashlib.sha256(b'tram ingest session ' + secret).hexdigest()[:16]}"


def _send_at_once(_client: mqtt.Client, _userdata: Any, channel: Any) -> None:
    """Without this a receipt waits some 40 ms for the acknowledgement of the packet before it."""
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
