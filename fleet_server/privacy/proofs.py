"""What stays of a day that was let go: enough to check a claim about it, nothing about anybody."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from fleet_server.models import Kiosk, Scan

_FETCH: Final = 5_000


class Record(NamedTuple):
    """A scan as its kiosk named it."""

    kiosk: str
    epoch: str
    counter: int
    digest: bytes
    """SHA-256 of its bytes as sent."""


def digest(records: Iterable[Record]) -> bytes:
    """SHA-256 over one line for each record, sorted: who holds them all can make it again.

    A line is kiosk, epoch, counter and the record's own SHA-256 in hex, with spaces between.
    """
    lines = sorted(
        f"{each.kiosk} {each.epoch} {each.counter} {each.digest.hex()}\n" for each in records
    )
    told = hashlib.sha256()
    for line in lines:
        told.update(line.encode())
    return told.digest()


def of_scans(connection: Connection, which: ColumnElement[bool]) -> bytes:
    """The digest over stored scans."""
    query = select(Kiosk.ref, Scan.epoch, Scan.counter, Scan.digest).join(
        Kiosk, Kiosk.id == Scan.kiosk_id
    )
    rows = connection.execute(query.where(which), execution_options={"yield_per": _FETCH})
    return digest(Record(row.ref, row.epoch, row.counter, bytes(row.digest)) for row in rows)
