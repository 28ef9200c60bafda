"""`fleet refused`: what the ingest set aside, and what it raised an alarm about."""

import click
from sqlalchemy import select

from fleet_server.commands import shared
from fleet_server.models import Alarm, Kiosk, RefusedRecord
from fleet_server.settings import Settings
from fleet_server.times import iso


@click.command()
@click.option("--last", type=click.IntRange(1), default=50, show_default=True)
@shared.AS_JSON
@click.pass_obj
def refused(settings: Settings, *, last: int, as_json: bool) -> None:
    """Bản ghi bị từ chối / Records set aside with the reason, and open alarms."""
    records = select(RefusedRecord.__table__).order_by(RefusedRecord.id.desc()).limit(last)
    alarms = (
        select(Alarm.kind, Alarm.detail, Alarm.raised_ms, Kiosk.ref.label("kiosk"))
        .outerjoin(Kiosk, Kiosk.id == Alarm.kiosk_id)
        .where(Alarm.cleared_ms.is_(None))
        .order_by(Alarm.id.desc())
        .limit(last)
    )
    with shared.reading(settings) as connection:
        set_aside = connection.execute(records).all()[::-1]
        open_alarms = connection.execute(alarms).all()[::-1]
    if as_json:
        shared.print_json(
            {
                "refused": [
                    {
                        "source": row.source,
                        "epoch": row.epoch,
                        "counter": row.counter,
                        "reason": row.reason,
                        "detail": row.detail,
                        "received": iso(row.received_ms // 1000),
                        "times": row.times,
                    }
                    for row in set_aside
                ],
                "alarms": [
                    {
                        "kind": row.kind,
                        "kiosk": row.kiosk,
                        "detail": row.detail,
                        "raised": iso(row.raised_ms // 1000),
                    }
                    for row in open_alarms
                ],
            }
        )
        return
    shared.print_rows(
        ("RECEIVED", "SOURCE", "COUNTER", "REASON", "TIMES", "DETAIL"),
        [
            (
                *(iso(row.received_ms // 1000), row.source, row.counter, row.reason, row.times),
                row.detail,
            )
            for row in set_aside
        ],
        empty="Không có bản ghi bị từ chối / Nothing was refused",
    )
    shared.print_rows(
        ("RAISED", "ALARM", "KIOSK", "DETAIL"),
        [(iso(row.raised_ms // 1000), row.kind, row.kiosk, row.detail) for row in open_alarms],
        empty="Không có báo động / No alarms",
    )
