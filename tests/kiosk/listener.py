"""A third client on the broker, and a small fleet server that answers batches."""

import queue
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.kiosk.fakes import FakeLine
from wire import codec
from wire.errors import WireError
from wire.presence import ServerState, State
from wire.topics import SERVER_STATE, kiosk_topic


class Listener:
    """Hears everything under a kiosk's topics; a context manager."""

    def __init__(
        self,
        port: int,
        *,
        kiosk: str = "cho-mau-1",
        name: str = "listener",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.kiosk = kiosk
        self.heard: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        if tls is not None:
            self.client.tls_set_context(tls)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self._port = port

    def __enter__(self) -> Self:
        self.client.connect_async("127.0.0.1", self._port)
        self.client.loop_start()
        assert self._subscribed.wait(10)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        channels = ("state", "about", "scans", "health")
        client.subscribe([(kiosk_topic(self.kiosk, channel), 1) for channel in channels])

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.heard.append((message.topic.rsplit("/", 1)[1], bytes(message.payload)))
            self._changed.notify_all()

    @property
    def states(self) -> list[State]:
        return [codec.decode(raw, State) for channel, raw in self.heard if channel == "state"]

    def wait_for(self, true: Callable[[], bool], *, timeout_s: float = 15) -> None:
        with self._changed:
            assert self._changed.wait_for(true, timeout_s), self.heard[-5:]


class SmallServer(Listener):
    """Stores each batch in memory and answers with a receipt; says it is online."""

    def __init__(
        self, port: int, *, kiosk: str = "cho-mau-1", tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(port, kiosk=kiosk, name="small-server", tls=tls)
        self.line = FakeLine()
        self.batches = 0
        self.answering = True

    def _on_connect(self, client: mqtt.Client, *more: Any) -> None:
        super()._on_connect(client, *more)
        state = ServerState(state="online", session="one", since_ms=time.time_ns() // 1_000_000)
        client.publish(SERVER_STATE, codec.encode(state), qos=1, retain=True)

    def _on_message(self, client: Any, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/scans") and self.answering:
            try:
                batch = codec.decode_batch(message.payload)
            except WireError:
                return
            self.batches += 1
            now_ms = time.time_ns() // 1_000_000
            receipt = self.line.answer(batch, server_ms=now_ms)
            self.client.publish(kiosk_topic(self.kiosk, "receipts"), receipt.payload, qos=1)
        super()._on_message(client, userdata, message)

    @property
    def stored(self) -> dict[tuple[str, int], str]:
        """Digest by epoch and counter."""
        return self.line.stored


class Inbox:
    """What a link posts."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[object] = queue.SimpleQueue()

    def post(self, event: object) -> None:
        self._events.put(event)

    def next(self, kind: type, *, timeout_s: float = 15) -> Any:
        """The next event of this kind; others before it are passed over."""
        give_up_s = time.monotonic() + timeout_s
        while True:
            event = self._events.get(timeout=max(0.01, give_up_s - time.monotonic()))
            if isinstance(event, kind):
                return event
