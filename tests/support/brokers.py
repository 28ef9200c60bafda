"""Real brokers on a free loopback port: Mosquitto and the embedded one."""

import shutil
import tempfile
from pathlib import Path

from tests.support.programs import Server, find, free_port


class Broker:
    """One broker process. `url` is what clients and settings are given."""

    def __init__(self, name: str, server: Server, folder: Path, *, scheme: str = "mqtt") -> None:
        self.name = name
        self.server = server
        self.folder = folder
        self.port = server.port
        self.host = "127.0.0.1"
        self.url = f"{scheme}://127.0.0.1:{server.port}"

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.end()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.end()

    def kill(self) -> None:
        self.server.kill()


def mosquitto(
    options: dict[str, str] | None = None, *, config: str | None = None, port: int | None = None
) -> Broker:
    """Mosquitto, plain on loopback; `options` override or add lines, `config` replaces them all.

    A `config` must hold `listener PORT 127.0.0.1` for the `port` given.
    """
    port = port or free_port()
    folder = Path(tempfile.mkdtemp(prefix="tram-mosquitto-"))
    lines = {
        "listener": f"{port} 127.0.0.1",
        "allow_anonymous": "true",
        "persistence": "false",
        "log_type": "warning",
        "set_tcp_nodelay": "true",
        "max_queued_messages": "100000",
    } | (options or {})
    text = config or "".join(f"{key} {value}\n" for key, value in lines.items())
    path = folder / "mosquitto.conf"
    path.write_text(text)
    command = [str(find("mosquitto", "/usr/sbin")), "-c", str(path)]
    return Broker("mosquitto", Server(command, port=port, log=folder / "log"), folder)


def nats(*, config: str | None = None, port: int | None = None) -> Broker:
    """nats-server's MQTT, plain on loopback; `config` replaces the whole file.

    A `config` must listen for MQTT on the `port` given.
    """
    port = port or free_port()
    folder = Path(tempfile.mkdtemp(prefix="tram-nats-"))
    path = folder / "nats.conf"
    path.write_text(
        config
        or f"""
        server_name: tram-test
        listen: "127.0.0.1:{free_port()}"
        jetstream {{ store_dir: "{folder / "jetstream"}" }}
        mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "5s" }}
        """
    )
    command = [str(find("nats-server")), "-c", str(path)]
    return Broker("nats", Server(command, port=port, log=folder / "log"), folder)
