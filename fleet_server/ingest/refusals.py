"""Keeps what was refused, once however often it comes, and raises alarms."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from fleet_server.database import insert
from fleet_server.ingest.judge import Refused
from fleet_server.models import Alarm, RefusedRecord

UNKNOWN_KIOSK: Final = "unknown_kiosk"
NO_POSTING: Final = "no_posting"
NOT_STORABLE: Final = "not_storable"
"""The database itself would not take it."""


class Filed(NamedTuple):
    """A refusal and where it came from."""

    source: str
    epoch: str
    refused: Refused
    received_ms: int


def keep(connection: Connection, filed: Iterable[Filed]) -> None:
    """Files each refusal, or counts it where the same bytes were refused before."""
    rows = [
        {
            "source": source,
            "epoch": epoch,
            "counter": refused.counter,
            "digest": refused.digest,
            "reason": refused.reason,
            "detail": refused.detail,
            "payload": refused.payload,
            "received_ms": received_ms,
            "times": 1,
        }
        for source, epoch, refused, received_ms in filed
    ]
    if not rows:
        return
    statement = insert(connection, RefusedRecord)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "epoch", "counter", "digest"],
            set_={
                "times": RefusedRecord.times + 1,
                "received_ms": statement.excluded.received_ms,
                "reason": statement.excluded.reason,
                "detail": statement.excluded.detail,
            },
        ),
        rows,
    )


def raise_alarm(
    connection: Connection, kind: str, *, kiosk_id: int, detail: str, at_ms: int
) -> None:
    """Raises an alarm, unless the same kind is up for this kiosk already."""
    up = select(Alarm.id).where(
        Alarm.kind == kind, Alarm.kiosk_id == kiosk_id, Alarm.cleared_ms.is_(None)
    )
    if connection.scalar(up.limit(1)) is None:
        connection.execute(
            plain_insert(Alarm).values(kind=kind, kiosk_id=kiosk_id, detail=detail, raised_ms=at_ms)
        )
