"""A secured broker of each kind, and peers of the fleet and of strangers."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fleet_server.fleet import broker as rights
from fleet_server.fleet.broker import TlsFiles
from fleet_server.fleet.ca import Authority
from tests.fleet_server.fleet.clients import Peer, store
from tests.support.brokers import Broker
from tests.support.programs import free_port

NOW = dt.datetime.now(dt.UTC)
KIOSKS = ("cho-mau-1", "cho-mau-2")


@dataclass
class SecuredBroker:
    """A running broker with the fleet's own configuration."""

    kind: str
    folder: Path
    port: int
    server: Broker
    authority: Authority
    ca: Path
    peers: list[Peer] = field(default_factory=list)

    def peer(self, name: str, **options: object) -> Peer:
        """A connected peer with the certificate the fleet's CA gave to `name`."""
        peer = self.try_peer(name, **options)
        return peer.ready()

    def try_peer(self, name: str, **options: object) -> Peer:
        """Like `peer`, for one that may be refused."""
        options.setdefault("credentials", self.credentials(name))
        peer = Peer(self.port, ca=self.ca, **options)  # type: ignore[arg-type]
        self.peers.append(peer)
        return peer

    def credentials(self, name: str) -> tuple[Path, Path]:
        if not (self.folder / f"{name}.crt").exists():
            if name == "ingest":
                issued = self.authority.ingest(now=NOW)
            else:
                issued = self.authority.kiosk(name, now=NOW)
            store(self.folder, name, issued)
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


def write_config(kind: str, folder: Path, port: int, *, revoked: tuple[str, ...] = ()) -> str:
    """The broker's configuration as the fleet writes it; Mosquitto's further files beside."""
    tls = TlsFiles(folder / "broker.crt", folder / "broker.key", folder / "ca.crt")
    if kind == "nats":
        kiosks = [kiosk for kiosk in KIOSKS if kiosk not in revoked]
        return rights.nats_config(
            bind="127.0.0.1", port=port, store=folder / "store", tls=tls, kiosks=kiosks
        )
    files = rights.mosquitto_files(
        bind="127.0.0.1", port=port, folder=folder, data=folder, revoked=revoked
    )
    for name, content in files.items():
        (folder / name).write_text(content)
    # As root it would drop to a user who cannot read a test's folder.
    return files["mosquitto.conf"] + ("user root\n" if os.geteuid() == 0 else "")


@pytest.fixture(params=["nats", "mosquitto"])
def secured(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    start_nats: Callable[..., Broker],
    start_mosquitto: Callable[..., Broker],
) -> Iterator[SecuredBroker]:
    """Each broker we promise to work with, secured."""
    authority, own = Authority.create(now=NOW)
    ca = tmp_path / "ca.crt"
    ca.write_bytes(own.certificate)
    store(tmp_path, "broker", authority.broker(["127.0.0.1", "localhost"], now=NOW))
    port = free_port()
    config = write_config(request.param, tmp_path, port)
    start = start_nats if request.param == "nats" else start_mosquitto
    server = start(config=config, port=port)
    running = SecuredBroker(request.param, tmp_path, port, server, authority, ca)
    yield running
    for peer in running.peers:
        peer.leave()
