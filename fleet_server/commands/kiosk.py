"""`fleet kiosk`: create, list, move, revoke kiosks."""

import datetime as dt
import shutil
from contextlib import ExitStack
from pathlib import Path

import click

from fleet_server import database, serving
from fleet_server import keys as fleet_keys
from fleet_server.commands import shared
from fleet_server.fleet import bundle, embedded, kiosks
from fleet_server.fleet.bundle import KioskSettings
from fleet_server.fleet.ca import Issued
from fleet_server.fleet.kiosks import Place
from fleet_server.settings import Settings
from fleet_server.times import iso
from wire.records import DIRECTIONS

_VENUE = click.option("--venue", required=True, metavar="REF", help="Where it stands.")
_DIRECTION = click.option(
    "--direction", type=click.Choice(DIRECTIONS), required=True, help="Which way visitors pass."
)
_GATE = click.option("--gate", metavar="REF", help="A gate of the venue.")
_ROOM = click.option("--room", metavar="REF", help="A room of the venue.")
_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The bundle's folder, made new.  [default: ./REF]",
)
_ACCEPT = click.option(
    "--accept",
    default=",".join(bundle.KINDS),
    show_default=True,
    metavar="KINDS",
    help="Kinds of code that are recorded.",
)
_TICKETS = click.option("--tickets", is_flag=True, help="Record other codes as opaque tickets.")
_CAMERA = click.option(
    "--camera", default="picamera2", show_default=True, metavar="SRC", help="pictures:DIR, …"
)


@click.group()
def kiosk() -> None:
    """Trạm quét / Kiosks."""


@kiosk.command()
@click.argument("ref")
@_VENUE
@_DIRECTION
@_GATE
@_ROOM
@_ACCEPT
@_TICKETS
@_CAMERA
@_OUT
@click.pass_obj
def create(
    settings: Settings,
    *,
    ref: str,
    venue: str,
    direction: str,
    gate: str | None,
    room: str | None,
    accept: str,
    tickets: bool,
    camera: str,
    out: Path | None,
) -> None:
    """Write down a kiosk and write its bundle: certificate, keys, settings."""
    out = out or Path(ref)
    place = Place(venue, direction, gate, room)
    given = _settings(
        settings, ref=ref, direction=direction, accept=accept, tickets=tickets, camera=camera
    )
    public = fleet_keys.public(settings.keys_dir)
    authority = fleet_keys.authority(settings.keys_dir)
    with shared.opened(settings) as engine:
        # No bundle without its row: its certificate would be good for nothing.
        with ExitStack() as undo:
            with engine.execution_options(**database.WRITES).begin() as connection:
                kiosks.check_new(connection, ref)
                issued = authority.kiosk(ref, now=dt.datetime.now(dt.UTC))
                kiosks.create(
                    connection,
                    ref=ref,
                    place=place,
                    certificate=issued.fingerprint,
                    at_ms=shared.now_ms(),
                    actor=shared.actor(),
                )
                bundle.write(out, given, issued, public)
                undo.callback(shutil.rmtree, out)
            undo.pop_all()
        embedded.refresh(settings, engine)
    _say_made(ref, out, issued)


@kiosk.command()
@click.argument("ref")
@_ACCEPT
@_TICKETS
@_CAMERA
@_OUT
@click.pass_obj
def renew(
    settings: Settings, *, ref: str, accept: str, tickets: bool, camera: str, out: Path | None
) -> None:
    """Write a new bundle for a kiosk there is: its certificate ran out, or its card broke.

    The old certificate stays good until it runs out: for a stolen kiosk, revoke and create.
    """
    out = out or Path(ref)
    public = fleet_keys.public(settings.keys_dir)
    authority = fleet_keys.authority(settings.keys_dir)
    with shared.writing(settings) as connection:
        direction = kiosks.direction_of(connection, ref)
        given = _settings(
            settings, ref=ref, direction=direction, accept=accept, tickets=tickets, camera=camera
        )
        issued = authority.kiosk(ref, now=dt.datetime.now(dt.UTC))
        kiosks.renewed(
            connection,
            ref=ref,
            certificate=issued.fingerprint,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
        bundle.write(out, given, issued, public)
    _say_made(ref, out, issued)


@kiosk.command()
@click.argument("ref")
@_VENUE
@_DIRECTION
@_GATE
@_ROOM
@click.pass_obj
def move(
    settings: Settings,
    *,
    ref: str,
    venue: str,
    direction: str,
    gate: str | None,
    room: str | None,
) -> None:
    """Post a kiosk elsewhere from now on."""
    with shared.writing(settings) as connection:
        before = kiosks.direction_of(connection, ref)
        kiosks.move(
            connection,
            ref=ref,
            place=Place(venue, direction, gate, room),
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã chuyển trạm / Kiosk moved: {ref} → {venue}, {direction}")
    if before != direction:
        click.echo(
            f'Đặt lại trên trạm / Set on the kiosk too: direction = "{direction}" in kiosk.toml'
        )


@kiosk.command()
@click.argument("ref")
@click.option("--reason", default="", help="Why, for the log.")
@click.pass_obj
def revoke(settings: Settings, *, ref: str, reason: str) -> None:
    """Shut a kiosk out for good: stolen, lost, scrapped."""
    with shared.opened(settings) as engine:
        with engine.execution_options(**database.WRITES).begin() as connection:
            kiosks.revoke(
                connection, ref=ref, reason=reason, at_ms=shared.now_ms(), actor=shared.actor()
            )
        dropped = embedded.refresh(settings, engine)
    click.echo(f"Đã thu hồi trạm / Kiosk revoked: {ref}")
    if not dropped and settings.broker.url:
        click.echo("Write the broker's access list again: fleet broker mosquitto --out DIR")


@kiosk.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """List all kiosks."""
    with shared.reading(settings) as connection:
        rows = kiosks.listed(connection)
    if as_json:
        shared.print_json(
            [
                {
                    **row._asdict(),
                    "since": row.since and iso(row.since),
                    "revoked_at": row.revoked_at and iso(row.revoked_at),
                }
                for row in rows
            ]
        )
        return
    shared.print_rows(
        ("REF", "VENUE", "GATE", "ROOM", "DIRECTION", "STATE", "HEARD"),
        [
            (
                *(row.ref, row.venue, row.gate, row.room, row.direction),
                "revoked" if row.revoked_at else row.state,
                row.heard_ms and iso(row.heard_ms // 1000),
            )
            for row in rows
        ],
        empty="Chưa có trạm nào / No kiosks yet: fleet kiosk create",
    )


def _settings(
    settings: Settings, *, ref: str, direction: str, accept: str, tickets: bool, camera: str
) -> KioskSettings:
    running = serving.current(settings)
    given = KioskSettings(
        kiosk=ref,
        direction=direction,
        server=bundle.server_url(settings, port=running.broker_port if running else None),
        accept=[kind.strip() for kind in accept.split(",") if kind.strip()],
        tickets=tickets,
        camera=camera,
    )
    bundle.toml(given)
    return given


def _say_made(ref: str, out: Path, issued: Issued) -> None:
    click.echo(
        f"Đã tạo trạm / Kiosk made: {ref}\n"
        f"Gói cài đặt / Bundle: {out} (khóa riêng, giữ kín / holds a private key)\n"
        f"Chứng chỉ / Certificate: {issued.fingerprint[:16]}…\n"
        f"Chạy / Run: kiosk run --config {out / 'kiosk.toml'}"
    )
