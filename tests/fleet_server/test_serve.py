"""`fleet serve` as an operator has it: everything up, whatever dies comes back, nothing is left."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet_server import serving
from tests.fleet_server.fleet.clients import Peer
from tests.fleet_server.homes import Home
from tests.support.brokers import Broker
from tests.support.programs import free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
START_S = 60.0


class Served:
    """One running `fleet serve`."""

    def __init__(self, home: Home, *args: str) -> None:
        self.home = home
        self.log = home.path / "serve.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fleet_server", "--home", str(home.path), "serve", *args],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def ready(self) -> "Served":
        def up() -> bool:
            assert self.process.poll() is None, self.said()
            return "Ctrl-C" in self.said()

        wait_until(up, what="fleet serve", timeout_s=START_S)
        return self

    def said(self) -> str:
        return self.log.read_text("utf-8")

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.home.path / "run" / "serve.json").read_text())
        return told

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(*args: str) -> Served:
        served = Served(home, *(args or ("--web-port", "0", "--broker-port", "0")))
        started.append(served)
        return served

    yield start
    for served in started:
        if served.process.poll() is None:
            served.end()


def alive(pid: int) -> bool:
    try:
        # A killed one stays as a zombie until its new parent looks at it.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    """All processes that come from `pid`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def test_everything_comes_up_is_told_and_goes_down_in_order(
    home: Home, serve: Callable[..., Served]
) -> None:
    served = serve().ready()
    told = served.told()
    assert list(told["pids"]) == ["broker", "vault", "ingest", "web"]
    assert told["web_url"] in served.said()
    assert told["broker_url"] in served.said()
    host, port = told["web_url"].removeprefix("http://").split(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    assert serving.current(home.settings) is not None
    everybody = descendants(served.process.pid)
    assert set(told["pids"].values()) <= everybody

    assert served.end() == 0

    assert not [pid for pid in everybody if alive(pid)]
    assert not (home.path / "run" / "serve.json").exists()
    assert not (home.path / "run" / "vault.sock").exists()
    assert serving.current(home.settings) is None
    assert "Traceback" not in served.said()


def test_a_new_kiosk_is_let_in_and_a_revoked_one_is_dropped_without_a_restart(
    home: Home, serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve().ready()
    port = served.told()["broker_port"]
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu")
    for kiosk in ("cho-mau-1", "cho-mau-2"):
        out = tmp_path / kiosk
        home.ok(
            *("kiosk", "create", kiosk, "--venue", "cho-mau", "--direction", "in"),
            *("--out", str(out)),
        )
        assert f'url = "mqtts://127.0.0.1:{port}"' in (out / "kiosk.toml").read_text()
    peers = [
        Peer(
            port,
            ca=tmp_path / kiosk / "ca.crt",
            credentials=(tmp_path / kiosk / "kiosk.crt", tmp_path / kiosk / "kiosk.key"),
        ).ready()
        for kiosk in ("cho-mau-1", "cho-mau-2")
    ]
    assert peers[0].subscribe("tram/1/server/state") == 1
    wait_until(lambda: b'"online"' in b"".join(heard[1] for heard in peers[0].heard), what="online")

    home.ok("kiosk", "revoke", "cho-mau-2")

    assert peers[1].dropped.wait(10)
    assert not peers[0].dropped.is_set()
    for peer in peers:
        peer.leave()


def test_whatever_dies_comes_back(home: Home, serve: Callable[..., Served]) -> None:
    served = serve().ready()
    for name in ("vault", "broker", "ingest", "web"):
        before = served.told()["pids"]
        os.kill(before[name], signal.SIGKILL)
        wait_until(
            lambda name=name: f"{name} chạy lại" in served.said(), what=f"{name} back", timeout_s=40
        )
        after = served.told()["pids"]
        assert after[name] != before[name]
        assert {key: pid for key, pid in after.items() if key != name} == {
            key: pid for key, pid in before.items() if key != name
        }
    asked = home.json("person", "ask", "view", "--document", "001090000001")
    assert asked["outcome"] == "not_found"


def test_no_process_outlives_a_killed_supervisor(serve: Callable[..., Served]) -> None:
    served = serve().ready()
    # Four programs, and the web's worker, which it starts once it listens.
    wait_until(lambda: len(descendants(served.process.pid)) >= 5, what="the web's worker")
    everybody = descendants(served.process.pid)
    served.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in everybody if alive(pid)], what="all gone", timeout_s=15)
    served.home.fails("person", "ask", "view", "--document", "001090000001")


def test_it_starts_again_after_it_was_killed(serve: Callable[..., Served]) -> None:
    serve().ready().end(signal.SIGKILL)
    assert serve().ready().end() == 0


def test_a_second_one_in_the_same_home_is_refused(serve: Callable[..., Served]) -> None:
    serve().ready()
    second = serve()
    assert second.process.wait(60) == 1
    assert "runs there already" in second.said()


def test_a_port_that_is_taken_is_named(serve: Callable[..., Served]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = serve("--broker-port", str(port), "--web-port", "0")
        assert served.process.wait(60) == 2
    assert f"broker.port: cannot listen on 127.0.0.1 port {port}" in served.said()


def test_a_port_that_is_let_go_of_soon_is_waited_for(serve: Callable[..., Served]) -> None:
    with socket.socket() as dying:
        dying.bind(("127.0.0.1", 0))
        dying.listen()
        served = serve("--broker-port", "0", "--web-port", str(dying.getsockname()[1]))
        wait_until(lambda: "waiting" in served.said(), what="a word", timeout_s=START_S)
    served.ready()


def test_a_kiosk_made_while_it_starts_may_connect(
    home: Home, serve: Callable[..., Served], tmp_path: Path
) -> None:
    port = free_port()
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu")
    served = serve("--broker-port", str(port), "--web-port", "0")

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers, what="the broker", timeout_s=START_S)
    place = ("--venue", "cho-mau", "--direction", "in")
    home.ok("kiosk", "create", "cho-mau-1", *place, "--out", str(tmp_path / "bundle"))
    served.ready()
    assert "cho-mau-1" in (home.path / "run" / "nats.conf").read_text()


def test_a_part_that_cannot_start_ends_the_rest_with_its_last_words(
    home: Home, serve: Callable[..., Served]
) -> None:
    (home.path / "fleet.toml").write_text(
        '[web]\ncertificate = "missing.crt"\nkey = "missing.key"\n'
    )
    served = serve()
    assert served.process.wait(60) == 1
    assert "web.certificate" in served.said()
    assert "Traceback" not in served.said()
    assert not (home.path / "run" / "vault.sock").exists()


def test_names_are_opened_through_the_running_vault_only(
    home: Home, serve: Callable[..., Served]
) -> None:
    (card,) = home.json("card", "issue", "--name", "Nguyễn Văn Mẫu", "--phone", "0900 000 000")[
        "cards"
    ]
    asked = home.fails("person", "ask", "view", "--card", card["text"])
    assert "nothing was opened" in asked

    served = serve().ready()

    found = home.json("person", "identify", "right:1", "--card", card["text"])
    assert found["visitor"] == card["visitor"]
    assert "Nguyễn Văn Mẫu" in home.ok("person", "show", "right:1")
    assert "nobody is known" in home.ok("person", "ask", "view", "--document", "001090000001")
    assert "give one of" in home.fails("person", "ask", "view", status=2)
    actions = [line["action"] for line in home.json("audit", "show")]
    assert actions == [
        *("card.issued", "right.asked", "vault.find", "right.found", "vault.open", "right.shown"),
        *("right.asked", "vault.find", "right.not_found"),
    ]
    served.end()
    for place in (served.log, *(home.path / "run").iterdir()):
        assert "Nguyễn Văn Mẫu" not in place.read_text("utf-8", errors="replace")


def test_an_external_mosquitto_with_the_fleets_configuration_serves_as_well(
    home: Home,
    serve: Callable[..., Served],
    tmp_path: Path,
    start_mosquitto: Callable[..., Broker],
) -> None:
    port = free_port()
    (home.path / "fleet.toml").write_text(f'[broker]\nurl = "mqtts://127.0.0.1:{port}"\n')
    out = tmp_path / "mosquitto"
    home.ok("broker", "mosquitto", "--out", str(out), "--data", str(tmp_path))
    config = (out / "mosquitto.conf").read_text()
    broker = start_mosquitto(
        config=config + ("user root\n" if os.geteuid() == 0 else ""), port=port
    )
    served = serve("--web-port", "0").ready()
    told = served.told()
    assert list(told["pids"]) == ["vault", "ingest", "web"]
    assert told["broker_port"] == 0
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu")
    bundle = tmp_path / "k"
    home.ok(
        *("kiosk", "create", "cho-mau-1", "--venue", "cho-mau", "--direction", "in"),
        *("--out", str(bundle)),
    )
    peer = Peer(
        broker.port,
        ca=bundle / "ca.crt",
        credentials=(bundle / "kiosk.crt", bundle / "kiosk.key"),
    ).ready()
    peer.subscribe("tram/1/server/state")
    wait_until(lambda: b'"online"' in b"".join(heard[1] for heard in peer.heard), what="online")
    peer.leave()
