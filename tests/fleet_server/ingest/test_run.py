"""The ingest as a process, through real brokers into real databases."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, text, update

from fleet_server import database, schema
from fleet_server import keys as stored
from fleet_server.errors import SettingsError
from fleet_server.fleet import broker as broker_files
from fleet_server.ingest.run import broker_address
from fleet_server.models import Base, Kiosk, Posting, Presence, RefusedRecord, Scan
from fleet_server.settings import Broker as BrokerSettings
from fleet_server.settings import Settings
from tests.support import world
from tests.support.brokers import Broker
from tests.support.ingest import IngestProcess, KioskClient, make_keys
from tests.support.postgres import PostgresCluster
from tests.support.programs import free_port, wait_until
from tests.support.records import EPOCH, SealingKeys, make_batch, make_kiosk_record
from wire import codec
from wire.presence import OFFLINE, ONLINE, READY, Health, State

pytestmark = pytest.mark.slow


@pytest.fixture
def keys(tmp_path: Path) -> SealingKeys:
    return make_keys(tmp_path)


@pytest.fixture
def ingest(
    tmp_path: Path, keys: SealingKeys, broker: Broker, database_url: str
) -> Iterator[IngestProcess]:
    """Running, through each broker into each database."""
    with IngestProcess(tmp_path, broker.url, database_url) as process:
        yield process


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _record(keys: SealingKeys, counter: int, **times: Any) -> bytes:
    return make_kiosk_record(keys, counter=counter, wall_ms=_now_ms(), **times)


def _count(engine: Engine, table: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_batch_is_stored_receipted_and_turned_into_visits(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    world.one_venue(engine)
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ONLINE in [each.state for each in kiosk.server], what="server state")
        kiosk.say("scans", make_batch([_record(keys, counter) for counter in (1, 2, 3)]))
        told = kiosk.receipt()
        assert told.stored == [(EPOCH, 1, 3)]
        assert abs(told.server_ms - _now_ms()) < 10_000
        assert _count(engine, Scan) == 3
        wait_until(lambda: world.count_visits(engine) == 3, what="visits")
        assert ingest.stop() == 0
        wait_until(lambda: kiosk.server[-1].state == OFFLINE, what="goodbye")


def test_a_kiosk_made_and_revoked_while_the_ingest_runs_is_known_at_once(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
        kiosk.say("scans", make_batch([_record(keys, 1)]))
        assert [each.reason for each in kiosk.receipt().refused] == ["unknown_kiosk"]
        world.one_venue(engine)
        kiosk.say("scans", make_batch([_record(keys, 2)]))
        assert kiosk.receipt().stored == [(EPOCH, 2, 2)]
        with engine.execution_options(**database.WRITES).begin() as connection:
            connection.execute(update(Kiosk).values(revoked_at=1))
        kiosk.say("scans", make_batch([_record(keys, 3)]))
        assert [each.reason for each in kiosk.receipt().refused] == ["unknown_kiosk"]


def test_nonsense_on_every_channel_never_stops_the_ingest(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    world.one_venue(engine)
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
        for payload in (b"", b"\x00\xff", b"{}", b"[" * 5_000, b'{"records":[1]}', b" " * 300_000):
            for channel in ("scans", "state", "about", "health"):
                kiosk.say(channel, payload)
        kiosk.say("scans", make_batch([b"{}", _record(SealingKeys(), 8), _record(keys, 9)]))
        told = kiosk.receipt()
        assert told.stored == [(EPOCH, 9, 9)]
        assert [(each.counter, each.reason) for each in told.refused] == [(8, "cannot_open")]
        wait_until(lambda: _count(engine, RefusedRecord) >= 7, what="filed refusals")
    assert ingest.stop() == 0


def test_presence_is_followed_through_the_broker(
    ingest: IngestProcess, broker: Broker, engine: Engine
) -> None:
    world.one_venue(engine)
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
        state = State(state=READY, session="s1", since_ms=5)
        kiosk.say("state", codec.encode(state), retain=True)
        health = codec.encode(Health(session="s1", queue_depth=4))
        kiosk.say("health", health)

        def known() -> bool:
            with engine.connect() as connection:
                row = connection.execute(select(Presence.__table__)).one_or_none()
            return row is not None and row.state == READY and row.health is not None

        wait_until(known, what="the kiosk's presence")


def test_messages_sent_while_the_ingest_is_away_are_stored_when_it_returns(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    world.one_venue(engine)
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ONLINE in [each.state for each in kiosk.server], what="server state")
        ingest.kill()
        for counter in range(1, 31):
            kiosk.say("scans", make_batch([_record(keys, counter)]))
        ingest.start()
        kiosk.receipted(range(1, 31))
    assert _count(engine, Scan) == 30


def test_a_broker_that_restarts_is_found_again(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    world.one_venue(engine)
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ONLINE in [each.state for each in kiosk.server], what="server state")
    broker.kill()
    wait_until(lambda: ingest.says("trying again"), what="the lost connection")
    broker.start()
    with KioskClient(broker) as kiosk:
        wait_until(lambda: ONLINE in [each.state for each in kiosk.server], what="server state")
        kiosk.say("scans", make_batch([_record(keys, 1)]))
        kiosk.receipted([1])


def test_while_the_database_is_away_nothing_is_lost_and_nothing_acknowledged(
    tmp_path: Path, keys: SealingKeys, broker: Broker
) -> None:
    with PostgresCluster() as cluster:
        url = cluster.create_database()
        engine = database.connect(url)
        _migrate(engine)
        world.one_venue(engine)
        with IngestProcess(tmp_path, broker.url, url) as ingest, KioskClient(broker) as kiosk:
            wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
            kiosk.say("scans", make_batch([_record(keys, 1)]))
            kiosk.receipted([1])
            cluster.kill()
            for counter in range(2, 41):
                kiosk.say("scans", make_batch([_record(keys, counter)]))
            wait_until(lambda: ingest.says("trying again in 0.8"), what="a second back-off")
            assert kiosk.receipts.empty()
            cluster.start()
            kiosk.receipted(range(2, 41))
            engine.dispose()
            assert _count(engine, Scan) == 40
            assert ingest.stop() == 0
        engine.dispose()


def test_stopping_while_the_database_is_away_ends_and_keeps_everything_at_the_broker(
    tmp_path: Path, keys: SealingKeys, broker: Broker
) -> None:
    with PostgresCluster() as cluster:
        url = cluster.create_database()
        engine = database.connect(url)
        _migrate(engine)
        world.one_venue(engine)
        with IngestProcess(tmp_path, broker.url, url) as ingest, KioskClient(broker) as kiosk:
            wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
            cluster.kill()
            kiosk.say("scans", make_batch([_record(keys, 1)]))
            wait_until(lambda: ingest.says("trying again in"), what="a back-off")
            assert ingest.stop() == 0
            cluster.start()
            ingest.start()
            kiosk.receipted([1])
        engine.dispose()


@pytest.mark.parametrize("kind", ["mosquitto", "nats"])
def test_over_tls_with_the_brokers_as_the_fleet_configures_them(
    kind: str,
    tmp_path: Path,
    keys: SealingKeys,
    start_mosquitto: Callable[..., Broker],
    start_nats: Callable[..., Broker],
    sqlite_url: str,
) -> None:
    port = free_port()
    tls = stored.broker(tmp_path / "keys")
    if kind == "nats":
        config = broker_files.nats_config(
            bind="127.0.0.1", port=port, store=tmp_path / "js", tls=tls, kiosks=["cho-mau-1"]
        )
        broker = start_nats(config=config, port=port)
    else:
        (tmp_path / "data").mkdir()
        files = broker_files.mosquitto_files(
            bind="127.0.0.1", port=port, folder=tmp_path, data=tmp_path / "data", revoked=[]
        )
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        for source, name in zip(tls, ("broker.crt", "broker.key", "ca.crt"), strict=True):
            (tmp_path / name).write_bytes(source.read_bytes())
        config = files["mosquitto.conf"]
        if os.geteuid() == 0:
            config += "user root\n"  # it would give up root and then not read the key
        broker = start_mosquitto(config=config, port=port)
    with IngestProcess(tmp_path, f"mqtts://127.0.0.1:{broker.port}", sqlite_url) as ingest:
        wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
        assert ingest.stop() == 0
        assert not ingest.says("WARNING")


def test_a_broker_that_refuses_the_subscriptions_is_named_and_tried_again(
    tmp_path: Path, keys: SealingKeys, start_nats: Callable[..., Broker], sqlite_url: str
) -> None:
    port = free_port()
    config = f"""
    server_name: tram-test
    listen: "127.0.0.1:{free_port()}"
    jetstream {{ store_dir: "{tmp_path / "jetstream"}" }}
    mqtt {{ listen: "127.0.0.1:{port}" }}
    authorization {{ users: [ {{ user: kiosk, password: x, permissions: {{
      publish: ["tram.>"], subscribe: ["tram.1.*.state", "$MQTT.>"] }} }} ] }}
    no_auth_user: kiosk
    """
    broker = start_nats(config=config, port=port)
    with IngestProcess(tmp_path, broker.url, sqlite_url) as ingest:
        wait_until(lambda: ingest.says("refused the subscription"), what="the complaint")
        assert ingest.says("tram/1/+/scans")
        assert not ingest.says("connected to broker")
        assert ingest.stop() == 0


def test_two_hundred_kiosks_at_once_are_all_answered(
    ingest: IngestProcess, broker: Broker, engine: Engine, keys: SealingKeys
) -> None:
    place = world.one_venue(engine)
    with engine.execution_options(**database.WRITES).begin() as connection:
        for number in range(200):
            key = connection.execute(
                insert(Kiosk).values(ref=f"k-{number}", created_at=0)
            ).inserted_primary_key
            assert key is not None
            posting = {"kiosk_id": key[0], "venue_id": place.venue_id, "direction": "in"}
            connection.execute(insert(Posting).values(**posting, valid_from=0))
    with KioskClient(broker) as listener:
        wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
        for number in range(200):
            listener.kiosk = f"k-{number}"
            listener.say("scans", make_batch([_record(keys, 1, kiosk=f"k-{number}")]))
        wait_until(lambda: _count(engine, Scan) == 200, what="all scans")


def test_a_missing_key_ends_the_ingest_with_its_name(tmp_path: Path, sqlite_url: str) -> None:
    process = IngestProcess(tmp_path, "mqtt://127.0.0.1:1", sqlite_url)
    process.start()
    assert process.process is not None
    assert process.process.wait(timeout=20) == 1
    assert process.says("open.key")


def test_sigint_ends_it_like_sigterm(ingest: IngestProcess) -> None:
    wait_until(lambda: ingest.says("connected to broker"), what="the ingest")
    assert ingest.process is not None
    ingest.process.send_signal(signal.SIGINT)
    assert ingest.process.wait(timeout=20) == 0


def test_plain_mqtt_beyond_loopback_is_refused(tmp_path: Path, keys: SealingKeys) -> None:
    settings = Settings(home=str(tmp_path), broker=BrokerSettings(url="mqtt://192.0.2.1:1883"))
    with pytest.raises(SettingsError, match="loopback"):
        broker_address(settings, stored.ingest(tmp_path / "keys"))


def test_a_port_that_fleet_serve_is_to_choose_is_asked_of_it(
    tmp_path: Path, keys: SealingKeys
) -> None:
    settings = Settings(home=str(tmp_path), broker=BrokerSettings(port=0))
    held = stored.ingest(tmp_path / "keys")
    with pytest.raises(SettingsError, match=r"serve\.json"):
        broker_address(settings, held)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "serve.json").write_text('{"broker_port": 18883}')
    address = broker_address(settings, held)
    assert (address.host, address.port) == ("127.0.0.1", 18883)
    assert address.tls is not None


def test_importing_the_ingest_needs_no_web_server() -> None:
    code = "import sys, fleet_server.ingest.run; assert 'flask' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _migrate(engine: Engine) -> None:
    schema.migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
