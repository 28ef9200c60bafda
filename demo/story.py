"""What the demo shows of the server: the latest scans, and who was exposed to one visitor."""

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
CASE = ("--case", "DEMO-1", "--purpose", "trình diễn / demonstration", "--by", "demo")


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


def show_answer(fleet: Fleet, infected: Person, console: Console) -> list[Any]:
    """Who was exposed to `infected`, found and named the way a tracer would. The contacts."""
    found = fleet.json("person", "find", "--document", infected.document, *CASE, "--json")
    if not found["visitors"]:
        console.print("Không tìm thấy F0 / the infected person's number was never scanned")
        return []
    reference = found["visitors"][0]
    now = dt.datetime.now(dt.UTC)
    answer = fleet.json(
        *("trace", "contacts", "--visitor", reference, *CASE),
        *("--from", (now - dt.timedelta(days=1)).isoformat()),
        *("--to", (now + dt.timedelta(days=1)).isoformat(), "--json"),
    )
    contacts: list[Any] = answer["contacts"]
    first = [contact["visitor"] for contact in contacts[:SHOWN]]
    opened = fleet.json("person", "open", *first, *CASE, "--json")["persons"] if first else []
    names = {person["visitor"]: person["known"]["name"] for person in opened}
    table = Table(title=f"F1 của / of {reference}: {len(contacts)}")
    for heading in ("Người / Visitor", "Mức / Tier", "Dự kiến / Expected", "Họ tên / Name"):
        table.add_column(heading)
    for contact in contacts[:SHOWN]:
        minutes = f"{contact['expected_s'] // 60} min"
        visitor = contact["visitor"]
        table.add_row(visitor, contact["tier"], minutes, names.get(visitor, ""))
    console.print(table)
    return contacts
