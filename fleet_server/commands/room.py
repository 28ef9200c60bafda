"""`fleet room`: rooms of a venue."""

import click

from fleet_server.commands import venue_parts
from fleet_server.models import Room


@click.group()
def room() -> None:
    """Phòng của địa điểm / Rooms of a venue."""


venue_parts.commands(room, Room, "phòng", "room", "p-101")
