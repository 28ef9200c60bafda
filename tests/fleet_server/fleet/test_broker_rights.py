"""Each kiosk speaks and hears for itself only, on both brokers we promise."""

import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from fleet_server.fleet.ca import Authority
from tests.fleet_server.fleet.clients import REFUSED, store
from tests.fleet_server.fleet.conftest import NOW, SecuredBroker, write_config
from tests.support.programs import wait_until

SETTLE_S = 0.4
"""Long enough on loopback for a message that must not arrive to have arrived."""
FOREIGN = [
    "tram/1/cho-mau-1/scans",
    "tram/1/cho-mau-1/receipts",
    "tram/1/+/scans",
    "tram/1/+/receipts",
    "tram/#",
    "#",
    "+/+/+/scans",
    "$MQTT/#",
    "$MQTT/msgs/#",
    "$MQTT/rmsgs/#",
    "$MQTT/sess/#",
    "$MQTT/sub/#",
    "$MQTT/+/#",
    "$JS/#",
    "$JS/API/#",
    "$SYS/#",
    "_INBOX/#",
    "tram/1/*/scans",
    "tram/>",
    ">",
    "$MQTT/>",
]
"""What a dishonest kiosk would like to hear, in MQTT's and in NATS's words."""
SPOOFED = [
    "tram/1/cho-mau-1/scans",
    "tram/1/cho-mau-1/state",
    "tram/1/cho-mau-1/receipts",
    "tram/1/server/state",
    "$MQTT/msgs/tram/1/cho-mau-1/scans",
    "$MQTT/msgs/tram/1/cho-mau-1/receipts",
    "$MQTT/rmsgs/tram/1/server/state",
    "$JS/API/STREAM/PURGE/$MQTT_msgs",
    "$JS/API/STREAM/DELETE/$MQTT_msgs",
]
"""Where a dishonest kiosk would like to speak."""


def is_refused(secured: SecuredBroker, *, credentials: tuple[Path, Path] | None) -> bool:
    """Whether the broker lets nobody in with these."""
    try:
        peer = secured.try_peer("nobody", credentials=credentials)
    except (OSError, ssl.SSLError):
        return True
    return not peer.connected.wait(1.5)


def test_what_the_contract_needs_of_a_broker_works(secured: SecuredBroker) -> None:
    ingest = secured.peer("ingest", client_id="the-ingest", clean=False)
    for channel in ("state", "about", "scans", "health"):
        assert ingest.subscribe(f"tram/1/+/{channel}") == 1
    ingest.publish("tram/1/server/state", b"online", retain=True)
    kiosk = secured.peer("cho-mau-1", will=("tram/1/cho-mau-1/state", b"lost"))
    assert kiosk.subscribe("tram/1/cho-mau-1/receipts") == 1
    assert kiosk.subscribe("tram/1/server/state") == 1
    wait_until(lambda: ("tram/1/server/state", b"online", True) in kiosk.heard, what="retained")

    kiosk.publish("tram/1/cho-mau-1/scans", b"a batch")
    wait_until(lambda: ("tram/1/cho-mau-1/scans", b"a batch", False) in ingest.heard, what="batch")
    ingest.publish("tram/1/cho-mau-1/receipts", b"a receipt")
    wait_until(
        lambda: ("tram/1/cho-mau-1/receipts", b"a receipt", False) in kiosk.heard, what="receipt"
    )
    kiosk.vanish()
    wait_until(lambda: ("tram/1/cho-mau-1/state", b"lost", False) in ingest.heard, what="will")


def test_a_message_for_an_absent_ingest_waits_for_it(secured: SecuredBroker) -> None:
    ingest = secured.peer("ingest", client_id="the-ingest", clean=False)
    ingest.subscribe("tram/1/+/scans")
    ingest.leave()
    kiosk = secured.peer("cho-mau-1")
    kiosk.publish("tram/1/cho-mau-1/scans", b"a batch")

    back = secured.peer("ingest", client_id="the-ingest", clean=False)

    wait_until(lambda: ("tram/1/cho-mau-1/scans", b"a batch", False) in back.heard, what="batch")


def test_a_kiosk_hears_nothing_that_is_not_for_it(secured: SecuredBroker) -> None:
    ingest = secured.peer("ingest")
    victim = secured.peer("cho-mau-1")
    spy = secured.peer("cho-mau-2")
    answers = {(topic, qos): spy.subscribe(topic, qos) for topic in FOREIGN for qos in (0, 1)}

    for qos in (0, 1):
        victim.publish("tram/1/cho-mau-1/scans", b"sealed", qos=qos)
        victim.publish("tram/1/cho-mau-1/state", b"ready", qos=qos, retain=True)
        ingest.publish("tram/1/cho-mau-1/receipts", b"receipt", qos=qos)
    time.sleep(SETTLE_S)

    assert spy.heard == []
    if secured.kind == "nats":  # Mosquitto grants first and filters at delivery.
        assert set(answers.values()) == {REFUSED}


def test_a_kiosk_that_speaks_for_another_or_the_server_is_not_heard(secured: SecuredBroker) -> None:
    ingest = secured.peer("ingest")
    for channel in ("state", "about", "scans", "health"):
        ingest.subscribe(f"tram/1/+/{channel}")
    victim = secured.peer("cho-mau-1")
    victim.subscribe("tram/1/cho-mau-1/receipts")
    victim.subscribe("tram/1/server/state")

    liar = secured.peer("cho-mau-2")
    for topic in SPOOFED:
        for qos in (0, 1):
            for retain in (False, True):
                if liar.dropped.is_set():
                    liar = secured.peer("cho-mau-2")
                liar.publish(topic, b"a lie", qos=qos, retain=retain)
    liar.leave()
    honest = secured.peer("cho-mau-2")
    honest.publish("tram/1/cho-mau-2/scans", b"the truth")
    wait_until(lambda: len(ingest.heard) > 0, what="the honest message")
    time.sleep(SETTLE_S)
    assert ingest.heard == [("tram/1/cho-mau-2/scans", b"the truth", False)]
    assert victim.heard == []
    ingest.leave()

    late = secured.peer("ingest")
    for channel in ("state", "about", "scans", "health"):
        late.subscribe(f"tram/1/+/{channel}")
    time.sleep(SETTLE_S)
    assert late.heard == [], "a lie was retained"


def test_a_will_in_anothers_name_is_not_heard(secured: SecuredBroker) -> None:
    ingest = secured.peer("ingest")
    ingest.subscribe("tram/1/+/state")
    liar = secured.try_peer("cho-mau-2", will=("tram/1/cho-mau-1/state", b"lost"))
    liar.connected.wait(1)
    liar.vanish()
    time.sleep(SETTLE_S)

    assert ingest.heard == []


def test_a_kiosk_under_the_ingests_client_id_gets_none_of_its_messages(
    secured: SecuredBroker,
) -> None:
    ingest = secured.peer("ingest", client_id="the-ingest", clean=False)
    ingest.subscribe("tram/1/+/scans")
    ingest.leave()
    victim = secured.peer("cho-mau-1")
    victim.publish("tram/1/cho-mau-1/scans", b"sealed")

    thief = secured.try_peer("cho-mau-2", client_id="the-ingest", clean=False)
    thief.connected.wait(1)
    victim.publish("tram/1/cho-mau-1/scans", b"sealed too")
    time.sleep(SETTLE_S)

    assert thief.heard == []


def test_a_certificate_counts_and_a_user_name_does_not(secured: SecuredBroker) -> None:
    liar = secured.try_peer("cho-mau-2", username="ingest")
    if liar.connected.wait(1):
        victim = secured.peer("cho-mau-1")
        liar.subscribe("tram/1/+/scans")
        victim.publish("tram/1/cho-mau-1/scans", b"sealed")
        time.sleep(SETTLE_S)
    assert liar.heard == []


def test_a_client_without_a_certificate_gets_no_connection(secured: SecuredBroker) -> None:
    assert is_refused(secured, credentials=None)


def test_a_client_of_another_ca_gets_no_connection(secured: SecuredBroker, tmp_path: Path) -> None:
    stranger, _ = Authority.create(now=NOW)
    theirs = store(tmp_path, "stranger", stranger.kiosk("cho-mau-1", now=NOW))
    assert is_refused(secured, credentials=theirs)


def test_the_brokers_own_certificate_is_no_client(secured: SecuredBroker) -> None:
    own = (secured.folder / "broker.crt", secured.folder / "broker.key")
    assert is_refused(secured, credentials=own)


def test_plain_text_gets_no_answer(secured: SecuredBroker) -> None:
    connect = bytes.fromhex("100d00044d5154540402003c000161")
    with socket.create_connection(("127.0.0.1", secured.port), timeout=5) as plain:
        plain.sendall(connect)
        try:
            answer = plain.recv(16)
        except (ConnectionResetError, TimeoutError):
            answer = b""
    assert not answer.startswith(b"\x20"), "CONNACK in plain text"


def test_a_revoked_kiosk_loses_its_open_connection_or_all_it_could_do_with_it(
    secured: SecuredBroker,
) -> None:
    ingest = secured.peer("ingest")
    ingest.subscribe("tram/1/+/scans")
    revoked = secured.peer("cho-mau-2")
    revoked.subscribe("tram/1/server/state")
    honest = secured.peer("cho-mau-1")
    config = write_config(secured.kind, secured.folder, secured.port, revoked=("cho-mau-2",))
    name = "nats.conf" if secured.kind == "nats" else "mosquitto.conf"
    (secured.server.folder / name).write_text(config)

    process = secured.server.server.process
    assert process is not None
    process.send_signal(signal.SIGHUP)
    time.sleep(SETTLE_S)

    if secured.kind == "nats":
        assert revoked.dropped.wait(5)
    else:
        revoked.publish("tram/1/cho-mau-2/scans", b"still here")
    again = secured.try_peer("cho-mau-2")
    if again.connected.wait(1):
        again.publish("tram/1/cho-mau-2/scans", b"back again")
    honest.publish("tram/1/cho-mau-1/scans", b"the truth")
    ingest.publish("tram/1/server/state", b"online")
    wait_until(lambda: len(ingest.heard) > 0, what="the honest message")
    time.sleep(SETTLE_S)

    assert ingest.heard == [("tram/1/cho-mau-1/scans", b"the truth", False)]
    assert revoked.heard == []
    assert not honest.dropped.is_set()
    if secured.kind == "nats":
        assert not again.connected.is_set()


@pytest.mark.parametrize("secured", ["nats"], indirect=True)
def test_the_nats_port_lets_nobody_in_without_a_certificate(secured: SecuredBroker) -> None:
    log = (secured.server.folder / "log").read_text()
    port = int(log.split("Listening for client connections on 127.0.0.1:")[1].split()[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        plain.settimeout(5)
        plain.recv(4096)
        plain.sendall(b'CONNECT {"verbose":true,"user":"ingest","pass":""}\r\nPING\r\n')
        answer = b""
        try:
            while chunk := plain.recv(4096):
                answer += chunk
        except (ConnectionResetError, TimeoutError):
            pass
    assert b"PONG" not in answer
    assert b"+OK" not in answer
