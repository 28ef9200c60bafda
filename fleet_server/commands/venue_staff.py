"""`fleet venue staff`: who sells or works at a venue."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import staff as notes
from fleet_server.settings import Settings
from fleet_server.times import iso, parse


@click.group()
def staff() -> None:
    """Người bán, người làm / Who works there: expected to stay until closing."""


@staff.command()
@click.argument("venue")
@click.argument("visitor")
@click.option("--from", "since", required=True, metavar="T", help="Từ khi / Since when.")
@click.option("--to", "until", metavar="T", help="Đến khi / Until when; else until further notice.")
@click.option("--reason", required=True, metavar="TEXT", help="Vì sao biết / How it is known.")
@click.pass_obj
def add(
    settings: Settings, *, venue: str, visitor: str, since: str, until: str | None, reason: str
) -> None:
    """Note that VISITOR works at VENUE."""
    zone = settings.zone
    with shared.writing(settings) as connection:
        note = notes.add(
            connection,
            venue=venue,
            visitor=visitor,
            since=parse(since, zone),
            until=None if until is None else parse(until, zone),
            reason=reason,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi / Noted: {note} ({visitor}, {venue})")


@staff.command()
@click.argument("note", type=int)
@click.pass_obj
def remove(settings: Settings, *, note: int) -> None:
    """Take NOTE back; it stays on record."""
    with shared.writing(settings) as connection:
        notes.remove(connection, note, at_ms=shared.now_ms(), actor=shared.actor())
    click.echo(f"Đã bỏ / Taken back: {note}")


@staff.command("list")
@click.argument("venue")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, venue: str, as_json: bool) -> None:
    """Who works at VENUE."""
    with shared.reading(settings) as connection:
        listed = notes.listed(connection, venue)
    rows = [
        {
            **each._asdict(),
            "since": iso(each.since),
            "until": None if each.until is None else iso(each.until),
            "made_at": iso(each.made_at),
        }
        for each in listed
    ]
    if as_json:
        shared.print_json(rows)
        return
    shared.print_rows(
        ("NOTE", "VISITOR", "SINCE", "UNTIL", "REASON", "BY"),
        [
            (row["id"], row["visitor"], row["since"], row["until"], row["reason"], row["made_by"])
            for row in rows
        ],
        empty="Không có ai / Nobody",
    )
