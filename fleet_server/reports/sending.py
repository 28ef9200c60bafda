"""The week's reports as files in a folder, and by mail to those who are to have them.

`<folder>/2026-W47/` holds a PDF and an XLSX for each area, and who was sent which: what was sent
once is not sent again, so that a run that broke off can be repeated.
"""

import datetime as dt
import io
import json
import os
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.errors import FleetError
from fleet_server.interchange.cells import plain
from fleet_server.reports import coverage_pdf, coverage_words, coverage_xlsx, mail
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.settings import Reports

EVERYWHERE: Final = "all"
"""In place of an area's code."""
SENT: Final = "sent.json"
SHOWN: Final = 20
"""Silent places in a mail's text."""
_MODE: Final = 0o640


class NotWritten(FleetError):
    """A report that cannot be written."""


class Written(NamedTuple):
    """One area's report on disk."""

    pdf: Path
    xlsx: Path


def write(report: Coverage, area: str, folder: Path, *, zone: ZoneInfo, fonts: Path) -> Written:
    """The report as PDF and XLSX in its week's folder. Raises NotWritten, Unfit."""
    place = folder / report.week
    base = place / f"bao-phu-{report.week}-{area}"
    written = Written(base.with_suffix(".pdf"), base.with_suffix(".xlsx"))
    try:
        place.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as problem:
        raise NotWritten(f"{place}: cannot be made ({problem.strerror})") from problem
    put(written.pdf, coverage_pdf.pdf(report, zone=zone, fonts=fonts))
    put(written.xlsx, book(report, zone))
    return written


def book(report: Coverage, zone: ZoneInfo) -> bytes:
    """The report as XLSX."""
    out = io.BytesIO()
    coverage_xlsx.write(out, report, zone=zone)
    return out.getvalue()


def put(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, in place of one that is there. Raises NotWritten."""
    staged = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        staged.replace(path)
    except OSError as problem:
        raise NotWritten(f"{path}: cannot be written ({problem.strerror})") from problem


def send(
    report: Coverage,
    area: str,
    written: Written,
    *,
    server: Reports,
    password: str,
    again: bool,
    zone: ZoneInfo,
    at: dt.datetime,
) -> tuple[str, ...]:
    """Mails the report to those of the area who do not have it yet; to whom. Raises NotSent."""
    log = written.pdf.parent / SENT
    sent: dict[str, dict[str, str]] = json.loads(log.read_text("utf-8")) if log.exists() else {}
    before = sent.setdefault(area, {})
    to = tuple(each for each in server.to.get(area, ()) if again or each not in before)
    for address in to:
        made = mail.message(
            subject(report),
            text(report, zone),
            {path.name: path.read_bytes() for path in written},
            sender=server.sender,
            to=[address],
            at=at,
        )
        mail.send(made, server, password=password)
        before[address] = at.isoformat()
        put(log, json.dumps(sent, ensure_ascii=False, indent=2).encode())
    return to


def subject(report: Coverage) -> str:
    """What stands above the mail."""
    vi, en = coverage_words.title(report)
    return plain(f"{coverage_words.name_of(report.area)}: {vi} / {en}")


def text(report: Coverage, zone: ZoneInfo) -> str:
    """The mail itself: who is silent, then the targets."""
    lines = [subject(report), ""]
    for vi, en in (
        coverage_words.period(report),
        coverage_words.as_of(report, zone),
        coverage_words.silence(report),
    ):
        lines += [vi, en, ""]
    for place in report.silent[:SHOWN]:
        where = f" ({place.area_name})" if place.area_name else ""
        lines += [plain(f"– {place.name}{where}: {place.vi} / {place.en}")]
    if (more := len(report.silent) - SHOWN) > 0:
        lines += [f"… và {more} nơi nữa / and {more} more: PDF, XLSX"]
    lines += [""]
    for each in report.area.targets:
        lines += [" / ".join(coverage_words.target(each))]
    return "\n".join(lines) + "\n"
