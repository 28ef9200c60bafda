"""The link with real brokers: birth, will, goodbye, receipts, and brokers that go away."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from kiosk.address import Address
from kiosk.link import Connected, Link, Lost, Pace, ReceiptCame, ServerStateCame
from tests.kiosk.listener import Inbox, Listener
from tests.support.brokers import Broker
from tests.support.programs import free_port
from wire import codec
from wire.presence import About, ServerState
from wire.topics import SERVER_STATE, kiosk_topic

PACE = Pace(connect_s=5, reconnect_s=0.1, reconnect_max_s=0.5, keepalive_s=5, max_unacknowledged=8)
SESSIONS = iter(range(10**9))


def _link(port: int, inbox: Inbox, *, kiosk: str = "cho-mau-1", pace: Pace = PACE) -> Link:
    return Link(
        kiosk=kiosk,
        address=Address(host="127.0.0.1", port=port, tls=False),
        tls=None,
        about=About(version="0.1.0", direction="in"),
        pace=pace,
        post=inbox.post,
        new_session=lambda: f"session-{next(SESSIONS)}",
        wall_ms=lambda: 1_767_225_600_000,
        random=Random(0),
    )


@contextlib.contextmanager
def _linked(port: int, **options: object) -> Iterator[tuple[Link, Inbox]]:
    inbox = Inbox()
    link = _link(port, inbox, **options)  # type: ignore[arg-type]
    link.start()
    try:
        yield link, inbox
    finally:
        link.close()


def test_birth_and_goodbye_carry_the_session(broker: Broker) -> None:
    with Listener(broker.port) as listener:
        with _linked(broker.port) as (_, inbox):
            session = inbox.next(Connected).session
            listener.wait_for(lambda: len(listener.states) == 1)
        listener.wait_for(lambda: len(listener.states) == 2)
        assert [(each.state, each.session) for each in listener.states] == [
            ("ready", session),
            ("disconnected", session),
        ]


def test_what_the_kiosk_is_stays_readable(broker: Broker) -> None:
    with _linked(broker.port) as (_, inbox):
        inbox.next(Connected)
        with Listener(broker.port) as later:
            later.wait_for(lambda: {"about", "state"} <= {channel for channel, _ in later.heard})
            about = next(raw for channel, raw in later.heard if channel == "about")
            assert codec.decode(about, About).direction == "in"


_LINK_PROCESS = """
import sys, time
from random import Random
from kiosk.address import Address
from kiosk.link import Link, Pace
from wire.presence import About
link = Link(
    kiosk="cho-mau-1", address=Address(host="127.0.0.1", port=int(sys.argv[1]), tls=False),
    tls=None, about=About(), post=lambda event: print(event, flush=True),
    pace=Pace(connect_s=5, reconnect_s=1, reconnect_max_s=1, keepalive_s=5, max_unacknowledged=8),
    new_session=lambda: "killed", wall_ms=lambda: 0, random=Random(0),
)
link.start()
time.sleep(60)
"""


def test_a_killed_kiosk_is_reported_lost_with_its_session(broker: Broker) -> None:
    with Listener(broker.port) as listener:
        process = subprocess.Popen(
            [sys.executable, "-c", _LINK_PROCESS, str(broker.port)], stdout=subprocess.PIPE
        )
        listener.wait_for(lambda: len(listener.states) == 1)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        listener.wait_for(lambda: len(listener.states) == 2)
        assert [(each.state, each.session) for each in listener.states] == [
            ("ready", "killed"),
            ("lost", "killed"),
        ]


def test_batches_go_out_and_receipts_come_in(broker: Broker) -> None:
    with Listener(broker.port) as other, _linked(broker.port) as (link, inbox):
        inbox.next(Connected)
        assert link.publish("scans", b"batch")
        assert link.publish("health", b"{}", qos=0)
        other.wait_for(lambda: {("scans", b"batch"), ("health", b"{}")} <= set(other.heard))
        other.client.publish(kiosk_topic("cho-mau-1", "receipts"), b"receipt", qos=1)
        assert inbox.next(ReceiptCame).payload == b"receipt"


def test_another_kiosks_receipts_are_not_heard(broker: Broker) -> None:
    with Listener(broker.port) as other, _linked(broker.port) as (_, inbox):
        inbox.next(Connected)
        other.client.publish(kiosk_topic("cho-mau-2", "receipts"), b"other's", qos=1)
        other.client.publish(kiosk_topic("cho-mau-1", "receipts"), b"mine", qos=1)
        assert inbox.next(ReceiptCame).payload == b"mine"


def test_the_servers_retained_state_is_heard_on_connecting(broker: Broker) -> None:
    state = codec.encode(ServerState(state="online", session="s"))
    with Listener(broker.port) as other:
        other.client.publish(SERVER_STATE, state, qos=1, retain=True).wait_for_publish(5)
        with _linked(broker.port) as (_, inbox):
            assert inbox.next(ServerStateCame).payload == state


def test_a_killed_and_restarted_broker_is_connected_again_with_a_new_session(
    broker: Broker,
) -> None:
    with _linked(broker.port) as (link, inbox):
        first = inbox.next(Connected).session
        broker.kill()
        inbox.next(Lost)
        assert not link.publish("scans", b"x")
        broker.start()
        second = inbox.next(Connected).session
        assert second != first
        assert link.publish("scans", b"x")


def test_a_broker_that_is_not_there_yet_is_waited_for(
    start_mosquitto: Callable[..., Broker],
) -> None:
    port = free_port()
    with _linked(port) as (_, inbox):
        time.sleep(0.5)
        start_mosquitto(port=port)
        inbox.next(Connected)


def test_a_broker_that_forbids_to_hear_receipts_is_told_apart(
    start_nats: Callable[..., Broker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, other = free_port(), free_port()
    start_nats(
        port=port,
        config=f"""
        server_name: tram-test
        listen: "127.0.0.1:{other}"
        jetstream {{ store_dir: "{tmp_path / "jetstream"}" }}
        mqtt {{ listen: "127.0.0.1:{port}" }}
        no_auth_user: a
        authorization: {{
            users: [{{ user: a, password: a, permissions: {{
                subscribe: {{ allow: ["$MQTT.>", "tram.1.server.state"] }} }} }}]
        }}
        """,
    )
    with _linked(port) as (link, _):
        _until(lambda: "refuses to let this kiosk hear" in caplog.text)
        assert "tram/1/cho-mau-1/receipts" in caplog.text
        assert not link.publish("scans", b"x")


def test_two_kiosks_with_one_id_are_noticed(
    mosquitto: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with _linked(mosquitto.port), _linked(mosquitto.port):
        _until(lambda: "is another kiosk named cho-mau-1?" in caplog.text)


@pytest.mark.slow
def test_a_broker_that_says_nothing_is_given_up_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pace = Pace(
        connect_s=0.5, reconnect_s=0.1, reconnect_max_s=0.1, keepalive_s=5, max_unacknowledged=8
    )
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        _linked(silent.getsockname()[1], pace=pace),
    ):
        silent.settimeout(10)
        for _ in range(2):
            connection, _ = silent.accept()
            with connection:
                time.sleep(0.8)
    assert "no answer to the subscriptions" in caplog.text


def test_closing_while_no_broker_is_there_is_quick() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        link = _link(port, Inbox())
        link.start()
        time.sleep(0.3)
        began_s = time.monotonic()
        link.close()
        assert time.monotonic() - began_s < 2
        assert not link.alive


def test_publishing_never_waits_for_the_network(mosquitto: Broker) -> None:
    with _linked(mosquitto.port) as (link, inbox):
        inbox.next(Connected)
        assert mosquitto.server.process is not None
        os.kill(mosquitto.server.process.pid, signal.SIGSTOP)
        try:
            began_s = time.monotonic()
            taken = [link.publish("scans", b"x" * 100_000) for _ in range(30)]
            assert time.monotonic() - began_s < 1
            assert taken.count(True) <= PACE.max_unacknowledged
            assert taken[-1] is False
        finally:
            os.kill(mosquitto.server.process.pid, signal.SIGCONT)


def test_threads_can_publish_at_once_without_mixing_up_the_stream(mosquitto: Broker) -> None:
    pace = Pace(
        connect_s=5, reconnect_s=1, reconnect_max_s=1, keepalive_s=5, max_unacknowledged=1000
    )
    with Listener(mosquitto.port) as other, _linked(mosquitto.port, pace=pace) as (link, inbox):
        inbox.next(Connected)

        def publish(number: int) -> None:
            for _ in range(50):
                assert link.publish("scans", bytes([65 + number]) * 5_000)

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.wait_for(lambda: sum(channel == "scans" for channel, _ in other.heard) == 200)
        assert all(len(set(raw)) == 1 for channel, raw in other.heard if channel == "scans")


def _until(true: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 15
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
