"""`fleet audit`: the log of who looked and who changed what."""

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

import click
import msgspec
from sqlalchemy import Connection, select, true

from fleet_server.commands import audit_file, shared
from fleet_server.commands.audit_file import SHAPES
from fleet_server.errors import FleetError
from fleet_server.identity import audit as chain
from fleet_server.identity import links
from fleet_server.models import AuditEntry
from fleet_server.privacy import looks
from fleet_server.privacy.deleting import whole
from fleet_server.privacy.looks import Look
from fleet_server.settings import Settings
from fleet_server.times import iso


class Broken(FleetError):
    """The log was tampered with."""


@click.group()
def audit() -> None:
    """Nhật ký / The log of who looked and who changed what."""


@audit.command()
@click.option("--head", "expected", metavar="HEX", help="A head known from a receipt.")
@click.option(
    "--heads",
    type=click.File("r", encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="Các đầu một trạm đã giữ / Those a kiosk kept: audit-heads.txt of its data folder.",
)
@shared.AS_JSON
@click.pass_obj
def verify(
    settings: Settings, *, expected: str | None, heads: TextIO | None, as_json: bool
) -> None:
    """Check every line against the one before; exit 1 where one does not hold.

    Whoever writes the whole log anew makes one that holds in itself. Only a head that somebody else
    kept tells it from the old one.
    """
    with shared.reading(settings) as connection:
        verdict = chain.verify(connection)
        fault = verdict.fault
        if expected is not None and not fault and not chain.holds_head(connection, expected):
            fault = "the head given is of no line of this log"
        if heads is not None and not fault:
            fault = _kept_elsewhere(connection, heads)
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


@audit.command()
@click.option("--person", metavar="P<N>", help="Ai đã xem người này / Who looked at this person.")
@click.option("--subject", metavar="REF", help="Một nơi, trạm / One venue, kiosk or other subject.")
@click.option("--format", "shape", type=click.Choice(SHAPES), default="csv", show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Tệp mới / A new file.  [default: standard output]",
)
@click.pass_obj
def export(
    settings: Settings, *, person: str | None, subject: str | None, shape: str, out: Path | None
) -> None:
    """Xuất / Lines as a file; the export itself is the last of them.

    Of a person: under all references that links make or once made theirs, in cases too, and what
    those cases did as a whole. Of somebody deleted the log keeps the reference: --subject P12.
    """
    if person is not None and subject is not None:
        raise click.UsageError("give --person or --subject, not both")
    with shared.writing(settings) as connection:
        about = subject or ""
        if person is not None:
            about = f"P{links.resolve(connection, person)}"
        chain.append(
            connection,
            at_ms=shared.now_ms(),
            actor=shared.actor(),
            action="audit.exported",
            subject=about,
            detail={"format": shape},
        )
    with shared.reading(settings) as connection:
        if person is not None:
            mine = whole(connection, links.resolve(connection, person))
            found = looks.of(connection, mine)
        else:
            which = true() if subject is None else chain.LOG.subject == subject
            found = (Look(entry, "") for entry in chain.entries(connection, which))
        with nullcontext(sys.stdout.buffer) if out is None else shared.new_file(out) as file:
            for piece in audit_file.written(found, shape, settings.zone):
                file.write(piece)
    if out is not None:
        click.echo(f"Đã ghi / Written: {out}")


def _kept_elsewhere(connection: Connection, lines: Iterable[str]) -> str:
    """What does not hold of heads that a kiosk kept, each with its time; empty where all do."""
    compared = 0
    for line in filter(str.strip, lines):
        *when, head = line.split()
        if not chain.holds_head(connection, head):
            return f"the head kept at {' '.join(when) or '?'} is of no line of this log"
        compared += 1
    return "" if compared else "the file of heads holds no head to compare with"
