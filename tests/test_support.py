"""The fixtures themselves: real servers that start, serve and end."""

from collections.abc import Callable

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.brokers import Broker
from tests.support.postgres import PostgresCluster
from tests.support.programs import ProgramMissing, find, listening, wait_until


def test_a_broker_carries_a_message_and_ends(broker: Broker) -> None:
    heard: list[bytes] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _userdata, message: heard.append(bytes(message.payload))
    client.connect(broker.host, broker.port)
    client.subscribe("tram/1/+/state", qos=1)
    client.publish("tram/1/cho-mau-1/state", b"xin ch\xc3\xa0o", qos=1, retain=True)
    client.loop_start()
    wait_until(lambda: heard == [b"xin ch\xc3\xa0o"], what="the message")
    client.disconnect()
    client.loop_stop()
    broker.stop()
    assert not listening(broker.port)


def test_mosquitto_takes_options(start_mosquitto: Callable[..., Broker]) -> None:
    broker = start_mosquitto({"max_queued_messages": "5"})
    assert "max_queued_messages 5" in (broker.folder / "mosquitto.conf").read_text()


@pytest.mark.slow
def test_postgresql_recovers_what_was_committed_before_a_kill() -> None:
    with PostgresCluster() as cluster:
        url = cluster.create_database()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (a int)")
            connection.execute("INSERT INTO t VALUES (1)")
        cluster.kill()
        cluster.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_a_missing_program_is_named_with_what_installs_it() -> None:
    with pytest.raises(ProgramMissing, match="no-such-broker is not installed; `make test-deps`"):
        find("no-such-broker")
