"""What the demo shows of the server: the latest scans, and a case from its first minute."""

import datetime as dt
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, desc, select

from demo.fleet import Fleet
from demo.people import Person
from fleet_server.models import Credential, Scan, Venue

SHOWN = 8
_WAYS = {"in": "vào / in", "out": "ra / out"}
CASE = "DEMO-1"
LAB = "XN-0001"
PURPOSE = ("--purpose", "trình diễn / demonstration")


def show_scans(engine: Engine, console: Console) -> None:
    """The latest scans as the database has them."""
    query = (
        select(Scan.corrected_ms, Venue.name, Scan.direction, Credential.kind, Scan.label)
        .join_from(Scan, Venue, Scan.venue_id == Venue.id)
        .join(Credential, Scan.credential_id == Credential.id)
        .order_by(desc(Scan.id))
        .limit(SHOWN)
    )
    table = Table(title="Lượt quét mới nhất / latest scans")
    for heading in ("Giờ / Time", "Nơi / Venue", "Chiều / Way", "Mã / Code", "Nhãn / Label"):
        table.add_column(heading)
    with engine.connect() as connection:
        for at_ms, venue, way, kind, label in connection.execute(query):
            time = dt.datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
            table.add_row(time, venue, _WAYS.get(way, "vào/ra / both"), kind, label)
    console.print(table)


def show_case(fleet: Fleet, infected: Person, console: Console) -> list[Any]:
    """From the laboratory's call to who is to be called: two people, as it takes. The F1."""
    tracer = fleet.token("truy-vet", "tracer")
    supervisor = fleet.token("giam-sat", "tracing_supervisor")

    def trace(command: str, *args: str) -> Any:
        return fleet.json("case", command, CASE, *args, token=tracer)

    now = dt.datetime.now(dt.UTC)
    fleet.run("case", "open", CASE, "--lab", LAB, "--onset", now.isoformat(), token=tracer)
    # Everybody came in a minute: ask as if they stayed for the two hours that follow.
    until = now + dt.timedelta(hours=2)
    fleet.run("case", "set", CASE, "--to", until.isoformat(), token=tracer)
    fleet.run("case", "confirm", CASE, "--lab", LAB, token=supervisor)
    found = trace("find", "--document", infected.document, *PURPOSE)["visitors"]
    if not found:
        console.print("Không tìm thấy F0 / the infected person's number was never scanned")
        return []
    trace("add", found[0], "--reason", "số giấy tờ / document number")
    fleet.run("case", "evaluate", CASE, token=tracer)
    contacts: list[Any] = trace("contacts", "--role", "F1")
    shown = contacts[:SHOWN]
    opened = trace("names", *(each["ref"] for each in shown), *PURPOSE) if shown else []
    names = {each["ref"]: each.get("name", "") for each in opened}
    table = Table(title=f"Ca / Case {CASE}: {len(contacts)} F1")
    for heading in ("Người / Person", "Mức / Tier", "Dự kiến / Expected", "Họ tên / Name"):
        table.add_column(heading)
    for each in shown:
        minutes = f"{each['expected_s'] // 60} min"
        table.add_row(each["ref"], each["tier"], minutes, names[each["ref"]])
    console.print(table)
    return contacts
