"""`fleet audit`: the log of who looked and who changed what."""

import click
import msgspec
from sqlalchemy import Connection, select

from fleet_server.commands import shared
from fleet_server.errors import FleetError
from fleet_server.identity import audit as chain
from fleet_server.models import AuditEntry
from fleet_server.settings import Settings
from fleet_server.times import iso


class Broken(FleetError):
    """The log was tampered with."""


@click.group()
def audit() -> None:
    """Nhật ký / The log of who looked and who changed what."""


@audit.command()
@click.option("--head", "expected", metavar="HEX", help="A head known from a receipt.")
@shared.AS_JSON
@click.pass_obj
def verify(settings: Settings, *, expected: str | None, as_json: bool) -> None:
    """Check every line against the one before; exit 1 where one does not hold."""
    with shared.reading(settings) as connection:
        verdict = chain.verify(connection)
        fault = verdict.fault
        if expected is not None and not fault:
            known = _is_head(connection, expected)
            fault = "" if known else "the head given is of no line of this log"
    if as_json:
        shared.print_json({**verdict._asdict(), "fault": fault})
    if fault:
        raise Broken(f"nhật ký hỏng / the log does not hold: {fault}")
    if not as_json:
        click.echo(f"Nhật ký nguyên vẹn / The log holds: {verdict.lines} lines, {verdict.head}")


@audit.command()
@click.option("--subject", metavar="REF", help="One person, venue or kiosk only.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True)
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, subject: str | None, last: int, as_json: bool) -> None:
    """The last lines, the newest last."""
    query = select(AuditEntry.__table__).order_by(AuditEntry.id.desc()).limit(last)
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    with shared.reading(settings) as connection:
        rows = connection.execute(query).all()[::-1]
    if as_json:
        shared.print_json(
            [
                {
                    "id": row.id,
                    "at": iso(row.at_ms // 1000),
                    "actor": row.actor,
                    "action": row.action,
                    "case": row.case_ref,
                    "purpose": row.purpose,
                    "subject": row.subject,
                    "detail": msgspec.json.decode(row.detail or "{}"),
                }
                for row in rows
            ]
        )
        return
    shared.print_rows(
        ("LINE", "AT", "WHO", "WHAT", "CASE", "PURPOSE", "SUBJECT", "DETAIL"),
        [
            (
                *(row.id, iso(row.at_ms // 1000), row.actor, row.action, row.case_ref),
                *(row.purpose, row.subject, row.detail),
            )
            for row in rows
        ],
        empty="Nhật ký trống / The log is empty",
    )


def _is_head(connection: Connection, expected: str) -> bool:
    try:
        digest = bytes.fromhex(expected)
    except ValueError:
        return False
    found = connection.scalar(select(AuditEntry.id).where(AuditEntry.hash == digest))
    return found is not None
