"""`fleet broker`: configuration for a broker that `fleet serve` does not run."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.fleet import kiosks
from fleet_server.fleet.broker import mosquitto_files
from fleet_server.fleet.keymaking import PRIVATE_MODE, PUBLIC_MODE, replace
from fleet_server.fleet.references import Unfit
from fleet_server.settings import Settings


@click.group()
def broker() -> None:
    """Máy chuyển tin / A broker of your own."""


@broker.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/mosquitto"),
    show_default=True,
    help="Where Mosquitto keeps its state.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where the files will stand, if not in --out.",
)
@click.pass_obj
def mosquitto(settings: Settings, *, out: Path, data: Path, folder: Path | None) -> None:
    """Write Mosquitto's configuration, access list, certificate and key.

    Write them again after revoking a kiosk, and reload Mosquitto (SIGHUP). New kiosks need neither.
    """
    tls = fleet_keys.broker(settings.keys_dir)
    outer = urlsplit(settings.broker.url)
    with shared.reading(settings) as connection:
        revoked = kiosks.revoked(connection)
    files = mosquitto_files(
        bind=settings.broker.bind,
        port=outer.port or settings.broker.port or 8883,
        folder=(folder or out).absolute(),
        data=data.absolute(),
        revoked=revoked,
    )
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            replace(out / name, text.encode(), PUBLIC_MODE)
        replace(out / "ca.crt", tls.ca.read_bytes(), PUBLIC_MODE)
        replace(out / "broker.crt", tls.certificate.read_bytes(), PUBLIC_MODE)
        replace(out / "broker.key", tls.key.read_bytes(), PRIVATE_MODE)
    except OSError as problem:
        raise Unfit(f"{out}: cannot write there ({problem.strerror})") from problem
    click.echo(
        f"Đã ghi cấu hình / Configuration written: {out / 'mosquitto.conf'}\n"
        "Mosquitto's user must be able to read the folder.\n"
        f"Chạy / Run: mosquitto -c {(folder or out).absolute() / 'mosquitto.conf'}"
    )
