"""Whether what the server stored is, record by record, what the kiosks signalled as accepted."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from fleet_server.models import Kiosk, Scan

RecordId = tuple[str, str, int, str]
"""Kiosk, epoch, counter, digest of the record's bytes (hex)."""


@dataclass(frozen=True)
class Journal:
    """What one kiosk says it answered."""

    accepted: tuple[RecordId, ...]
    answers: Counter[str]


@dataclass(frozen=True)
class Comparison:
    """Signalled against stored."""

    accepted: int
    stored: int
    lost: int
    """Signalled as accepted, not stored."""
    duplicates: int
    """Stored more than once, or stored and never signalled."""

    @property
    def holds(self) -> bool:
        return self.lost == 0 and self.duplicates == 0 and self.accepted == self.stored


def read_journal(kiosk: str, path: Path) -> Journal:
    """The kiosk's own log; empty where it has not answered anybody yet."""
    accepted: list[RecordId] = []
    answers: Counter[str] = Counter()
    text = path.read_text("utf-8") if path.exists() else ""
    # A line that is being written this moment has no end yet.
    for line in text[: text.rfind("\n") + 1].splitlines():
        entry = json.loads(line)
        answers[entry["answer"]] += 1
        if entry["answer"] == "accepted":
            accepted.append((kiosk, entry["epoch"], entry["counter"], entry["digest"]))
    return Journal(tuple(accepted), answers)


def stored_records(engine: Engine) -> list[RecordId]:
    """All scans in the database."""
    query = select(Kiosk.ref, Scan.epoch, Scan.counter, Scan.digest).join_from(
        Scan, Kiosk, Scan.kiosk_id == Kiosk.id
    )
    with engine.connect() as connection:
        return [
            (kiosk, epoch, counter, digest.hex())
            for kiosk, epoch, counter, digest in connection.execute(query)
        ]


def compare(journals: list[Journal], stored: list[RecordId]) -> Comparison:
    """Record by record, content included."""
    signalled = Counter(record for journal in journals for record in journal.accepted)
    kept = Counter(stored)
    return Comparison(
        accepted=signalled.total(),
        stored=kept.total(),
        lost=(signalled - kept).total(),
        duplicates=(kept - signalled).total(),
    )
