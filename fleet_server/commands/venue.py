"""`fleet venue`: places people are counted as being in."""

from typing import Any

import click

from fleet_server.commands import shared
from fleet_server.commands.venue_staff import staff
from fleet_server.commands.venue_type import type_
from fleet_server.fleet import hours as opening_hours
from fleet_server.fleet import registry, venues
from fleet_server.fleet.references import Unfit
from fleet_server.settings import Settings
from fleet_server.times import iso


@click.group()
def venue() -> None:
    """Địa điểm / Venues."""


venue.add_command(staff)
venue.add_command(type_)


@venue.command()
@click.argument("ref")
@click.option("--name", required=True, help="As people call it.")
@click.option(
    "--type",
    "kind",
    default="other",
    show_default=True,
    help="Such as market; see `fleet venue type list`.",
)
@click.option("--area", metavar="CODE", help="The commune it lies in.")
@click.option("--timezone", help="[default: the setting `timezone`]")
@click.option("--dwell", type=int, metavar="MIN", help="Stay assumed where no exit was measured.")
@click.option("--hours", multiple=True, metavar="TEXT", help="Such as 'mon-fri 06:00-18:00'.")
@click.pass_obj
def create(
    settings: Settings,
    *,
    ref: str,
    name: str,
    kind: str,
    area: str | None,
    timezone: str | None,
    dwell: int | None,
    hours: tuple[str, ...],
) -> None:
    """Write down a venue under the reference REF (a-z, 0-9, hyphens)."""
    opening = opening_hours.parse(hours)
    with shared.writing(settings) as connection:
        registry.create_venue(
            connection,
            ref=ref,
            name=name,
            kind=kind,
            area=area,
            timezone=timezone or settings.timezone,
            dwell_min=dwell,
            opening=opening,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi địa điểm / Venue written down: {ref} ({name.strip()})")


@venue.command()
@click.argument("ref")
@click.argument("text", nargs=-1)
@click.pass_obj
def hours(settings: Settings, *, ref: str, text: tuple[str, ...]) -> None:
    """Replace a venue's opening hours by TEXT …; none: not known."""
    opening = opening_hours.parse(text)
    with shared.writing(settings) as connection:
        registry.set_hours(
            connection,
            venue=ref,
            opening=opening,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi giờ mở cửa / Opening hours written down: {ref}.")


@venue.command("set")
@click.argument("ref")
@click.option("--area", metavar="CODE", help="The commune it lies in.")
@click.option("--name", help="As people call it.")
@click.option("--type", "kind", help="Such as market; see `fleet venue type list`.")
@click.option("--capacity", type=int, metavar="PEOPLE", help="How many may be inside.")
@click.pass_obj
def set_(
    settings: Settings,
    *,
    ref: str,
    area: str | None,
    name: str | None,
    kind: str | None,
    capacity: int | None,
) -> None:
    """Say where the venue REF lies, its name, its kind, how many people it holds."""
    by: dict[str, Any] = {"venue": ref, "at_ms": shared.now_ms(), "actor": shared.actor()}
    said: list[str] = []
    with shared.writing(settings) as connection:
        if area is not None:
            registry.set_area(connection, area=area, **by)
            said.append(f"đơn vị / area {area}")
        if name is not None:
            registry.rename(connection, name=name, **by)
            said.append(f"tên / name {name}")
        if kind is not None:
            registry.set_kind(connection, kind=kind, **by)
            said.append(f"loại / type {kind}")
        if capacity is not None:
            registry.set_capacity(connection, capacity=capacity, **by)
            said.append(f"sức chứa / capacity {capacity}")
    if not said:
        raise Unfit("expected --area, --name, --type or --capacity")
    click.echo(f"Đã ghi / Written down: {ref}: {', '.join(said)}")


@venue.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """List all venues."""
    with shared.reading(settings) as connection:
        rows = venues.listed(connection)
    if as_json:
        shared.print_json([{**row._asdict(), "created_at": iso(row.created_at)} for row in rows])
        return
    shared.print_rows(
        ("REF", "NAME", "TYPE", "AREA", "GATES", "ROOMS", "HOURS", "KIOSKS"),
        [
            (row.ref, row.name, row.type, row.area, row.gates, row.rooms, row.hours, row.kiosks)
            for row in rows
        ],
        empty="Chưa có địa điểm nào / No venues yet: fleet venue create",
    )
