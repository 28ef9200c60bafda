"""What `fleet gate` and `fleet room` have in common: parts of a venue."""

import click

from fleet_server.commands import shared
from fleet_server.fleet import parts, venues
from fleet_server.fleet.parts import Kind
from fleet_server.settings import Settings
from fleet_server.times import iso


def commands(group: click.Group, kind: Kind, vi: str, en: str, example: str) -> None:
    """Adds the commands to `group`; `vi` and `en` are what people call such a part."""

    @group.command(help=f"Write down a {en} of VENUE under the reference REF, such as {example}.")
    @click.argument("venue")
    @click.argument("ref")
    @click.option("--name", required=True, help="As people call it.")
    @click.pass_obj
    def create(settings: Settings, *, venue: str, ref: str, name: str) -> None:
        with shared.writing(settings) as connection:
            parts.create(
                connection,
                kind,
                venue=venue,
                ref=ref,
                name=name,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
            )
        click.echo(f"Đã ghi {vi} / {en.capitalize()} written down: {venue} {ref}")

    @group.command(help=f"Put no kiosk at a {en} any more; its scans stay.")
    @click.argument("venue")
    @click.argument("ref")
    @click.pass_obj
    def retire(settings: Settings, *, venue: str, ref: str) -> None:
        with shared.writing(settings) as connection:
            parts.retire(
                connection,
                kind,
                venue=venue,
                ref=ref,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
            )
        click.echo(f"Đã ngừng dùng {vi} / {en.capitalize()} retired: {venue} {ref}")

    @group.command("take-back", help=f"Use a retired {en} again.")
    @click.argument("venue")
    @click.argument("ref")
    @click.pass_obj
    def take_back(settings: Settings, *, venue: str, ref: str) -> None:
        with shared.writing(settings) as connection:
            parts.take_back(
                connection,
                kind,
                venue=venue,
                ref=ref,
                at_ms=shared.now_ms(),
                actor=shared.actor(),
            )
        click.echo(f"Đã dùng lại {vi} / {en.capitalize()} in use again: {venue} {ref}")

    @group.command("list", help=f"List the {en}s of VENUE, the retired ones last.")
    @click.argument("venue")
    @shared.AS_JSON
    @click.pass_obj
    def list_(settings: Settings, *, venue: str, as_json: bool) -> None:
        with shared.reading(settings) as connection:
            listed = parts.listed(connection, kind, venues.venue_id(connection, venue))
        rows = [
            {
                **each._asdict(),
                "retired_at": None if each.retired_at is None else iso(each.retired_at),
            }
            for each in listed
        ]
        if as_json:
            shared.print_json(rows)
            return
        shared.print_rows(
            ("REF", "NAME", "RETIRED"),
            [tuple(row.values()) for row in rows],
            empty=f"Chưa có {vi} nào / No {en}s yet: fleet {en} create",
        )
