"""`fleet gate`: gates of a venue."""

import click

from fleet_server.commands import venue_parts
from fleet_server.models import Gate


@click.group()
def gate() -> None:
    """Cổng của địa điểm / Gates of a venue."""


venue_parts.commands(gate, Gate, "cổng", "gate", "cong-chinh")
