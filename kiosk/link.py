"""One kiosk's MQTT session with the broker: connect, be there, publish, hear, say goodbye. paho.

It knows nothing of records and touches no disk: what arrives is handed over by `post`, which may be
called from the link's own thread. MQTT 3.1.1 with clean sessions: a receipt that is missed is given
again when its records are sent again. Each connection has a random session id, in birth and will,
so that an old will is never taken for the end of a new connection.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from kiosk.address import Address
from wire import codec, presence
from wire.presence import About, State
from wire.topics import DOCUMENTS, SERVER_STATE, kiosk_topic

QOS: Final = 1
_LOOP_S: Final = 0.25
_GOODBYE_S: Final = 2.0
_STEADY_S: Final = 10.0
"""A session that lasted this long was no failure: the next attempt comes soon."""
_SHORT_SESSIONS: Final = 3
_NAMES: Final = {topic: name for name, topic in DOCUMENTS.items()}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A session stands, with the subscriptions it cannot do without."""

    session: str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The session is over."""


@dataclass(frozen=True, kw_only=True)
class ReceiptCame:
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class ServerStateCame:
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class DocumentCame:
    """A signed document for all kiosks, not verified yet."""

    name: str
    """Of `wire.topics.DOCUMENTS`."""
    payload: bytes


LinkEvent = Connected | Lost | ReceiptCame | ServerStateCame | DocumentCame


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient the link is, in seconds; kiosk.toml's [delivery]."""

    connect_s: float
    reconnect_s: float
    reconnect_max_s: float
    keepalive_s: int
    max_unacknowledged: int
    """Messages handed to the broker and not acknowledged by it."""


class Link:
    """Keeps a session with the broker up from `start` to `close`."""

    def __init__(
        self,
        *,
        kiosk: str,
        address: Address,
        tls: ssl.SSLContext | None,
        about: About,
        pace: Pace,
        post: Callable[[LinkEvent], None],
        new_session: Callable[[], str],
        wall_ms: Callable[[], int],
        random: Random,
    ) -> None:
        self._kiosk = kiosk
        self._address = address
        self._tls = tls
        self._about = about
        self._pace = pace
        self._post = post
        self._new_session = new_session
        self._wall_ms = wall_ms
        self._random = random
        self._closing = threading.Event()
        self._client: mqtt.Client | None = None
        self._session = ""
        self._ready = False
        self._trouble = ""
        self._complained = ""
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the link still tries; it does until closed."""
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def publish(self, channel: str, payload: bytes, *, qos: int = QOS) -> bool:
        """Hand `payload` to the broker; False where there is no session or too much unanswered."""
        client = self._client
        if client is None or not self._ready:
            return False
        info = client.publish(kiosk_topic(self._kiosk, channel), payload, qos=qos)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Say goodbye and end; returns within some seconds whatever the broker does."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(self._pace.connect_s + _GOODBYE_S)

    def _run(self) -> None:
        failures = short = 0
        while not self._closing.is_set():
            began_s = time.monotonic()
            was_ready, trouble = self._one_session()
            if self._closing.is_set():
                return
            lasted_s = time.monotonic() - began_s
            failures = 0 if was_ready and lasted_s >= _STEADY_S else failures + 1
            short = short + 1 if was_ready and lasted_s < _STEADY_S else 0
            self._complain(trouble, once_ready=was_ready)
            if short == _SHORT_SESSIONS:
                _log.error("sessions keep ending at once: is another kiosk named %s?", self._kiosk)
            longest_s = min(
                self._pace.reconnect_max_s, self._pace.reconnect_s * 2 ** min(failures, 16)
            )
            self._closing.wait(self._random.uniform(longest_s / 2, longest_s))

    def _one_session(self) -> tuple[bool, str]:
        """Connect, stay, end. Returns whether the session stood and why it ended."""
        self._session = self._new_session()
        self._ready, self._trouble = False, ""
        client = self._new_client()
        try:
            client.connect(self._address.host, self._address.port, keepalive=self._pace.keepalive_s)
            self._client = client
            trouble = self._stay(client)
        except (OSError, ValueError) as problem:
            trouble = f"{type(problem).__name__}: {problem}"
        finally:
            self._client = None
            if self._ready:
                self._post(Lost())
        return self._ready, trouble

    def _stay(self, client: mqtt.Client) -> str:
        """Serve the connection until it ends; returns why."""
        give_up_s = time.monotonic() + self._pace.connect_s
        while not self._closing.is_set():
            code = client.loop(timeout=_LOOP_S)
            if code != mqtt.MQTT_ERR_SUCCESS:
                return self._trouble or mqtt.error_string(code)
            if not self._ready and (self._trouble or time.monotonic() > give_up_s):
                client.disconnect()
                return self._trouble or "no answer to the subscriptions"
        self._say_goodbye(client)
        return ""

    def _say_goodbye(self, client: mqtt.Client) -> None:
        """Without it the broker publishes the will, so leaving out a part of it loses nothing."""
        give_up_s = time.monotonic() + _GOODBYE_S
        if self._ready:
            info = self._publish_state(client, presence.DISCONNECTED)
            while info.rc == mqtt.MQTT_ERR_SUCCESS and not info.is_published():
                code = client.loop(timeout=_LOOP_S)
                if code != mqtt.MQTT_ERR_SUCCESS or time.monotonic() > give_up_s:
                    return
            if info.rc != mqtt.MQTT_ERR_SUCCESS:
                return
        client.disconnect()
        while client.loop(timeout=_LOOP_S) == mqtt.MQTT_ERR_SUCCESS:
            if time.monotonic() > give_up_s:
                return

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._kiosk,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._pace.connect_s
        client.max_inflight_messages_set(self._pace.max_unacknowledged)
        client.max_queued_messages_set(self._pace.max_unacknowledged)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.will_set(
            kiosk_topic(self._kiosk, "state"), self._state(presence.LOST), qos=QOS, retain=True
        )
        # With a writer registered, publishing from another thread only wakes this one's loop.
        client.on_socket_register_write = _no_writer
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, code: ReasonCode, _more: Any
    ) -> None:
        if code.is_failure:
            self._trouble = f"the broker refuses the connection: {code}"
            return
        client.subscribe([(topic, QOS) for topic in (*self._needed, *DOCUMENTS.values())])

    def _on_subscribe(
        self, client: mqtt.Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _more: Any
    ) -> None:
        topics = (*self._needed, *DOCUMENTS.values())
        denied = [topic for topic, code in zip(topics, codes, strict=False) if code.is_failure]
        refused = [topic for topic in denied if topic in self._needed]
        if denied and not refused:
            # A broker set up for an older release: everything else works.
            _log.warning("the broker refuses to let this kiosk hear %s", " and ".join(denied))
        if refused or len(codes) != len(topics):
            self._trouble = f"the broker refuses to let this kiosk hear {' and '.join(refused)}"
            return
        self._publish_state(client, presence.READY)
        client.publish(
            kiosk_topic(self._kiosk, "about"), codec.encode(self._about), qos=QOS, retain=True
        )
        self._ready = True
        _log.info("connected to %s, session %s", self._address, self._session)
        self._post(Connected(session=self._session))

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == SERVER_STATE:
            self._post(ServerStateCame(payload=bytes(message.payload)))
        elif message.topic == self._receipts:
            self._post(ReceiptCame(payload=bytes(message.payload)))
        elif message.topic in _NAMES:
            self._post(DocumentCame(name=_NAMES[message.topic], payload=bytes(message.payload)))

    def _publish_state(self, client: mqtt.Client, state: str) -> mqtt.MQTTMessageInfo:
        topic = kiosk_topic(self._kiosk, "state")
        return client.publish(topic, self._state(state), qos=QOS, retain=True)

    def _state(self, state: str) -> bytes:
        return codec.encode(State(state=state, session=self._session, since_ms=self._wall_ms()))

    @property
    def _receipts(self) -> str:
        return kiosk_topic(self._kiosk, "receipts")

    @property
    def _needed(self) -> tuple[str, ...]:
        return (self._receipts, SERVER_STATE)

    def _complain(self, trouble: str, *, once_ready: bool) -> None:
        """Say why there is no session: once per cause, not at each attempt."""
        if once_ready or trouble != self._complained:
            _log.warning("no session with %s: %s", self._address, trouble)
        self._complained = trouble


def _send_at_once(_client: mqtt.Client, _userdata: Any, channel: Any) -> None:
    """Without this a small batch waits some 40 ms for the acknowledgement of the one before."""
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _no_writer(_client: mqtt.Client, _userdata: Any, _socket: Any) -> None:
    pass
