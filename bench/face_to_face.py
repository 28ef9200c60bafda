"""What co-presence can and cannot say: F1 by door scans, beside who really stood face to face.

    python -m bench.face_to_face FOLDER

FOLDER holds stays (`NAME_visits.csv.gz`: visitor, entry, exit, venue) and the badge contacts they
came from (`NAME_contacts.csv.gz`: t, i, j, each 20 s). Everybody is the index person once, over all
the time of the data. The last line is JSON.
"""

import argparse
import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

from fleet_server.tracing.columns import MEASURED, NO_ROOM, Found, Group, sure
from fleet_server.tracing.exposure import exposures
from fleet_server.tracing.reach import Question, Stay, reach
from fleet_server.tracing.rules import CAP_S, Rule
from fleet_server.tracing.storage.memory import MemoryStays
from fleet_server.tracing.storage.port import VenueSpan

CONTACT_S = 20
"""Seconds one line of the badge data stands for."""
CLOSE_S = 15 * 60
TOP = 20
RULE = Rule(version="2026-1", min_overlap_s=15 * 60, linger_s=0, dwell_s=None)


class Met(NamedTuple):
    """One index person: whom the doors list, in rank order, and whom the badges saw."""

    listed: list[int]
    seconds: dict[int, int]
    """Face to face, by person."""


class Row(NamedTuple):
    """One data set; shares of persons listed or met, means over index persons."""

    name: str
    persons: int
    listed: float
    recall: float
    precision: float
    precision_top: float
    close_recall: float
    close_precision: float
    close_precision_top: float


def people(folder: Path, name: str) -> Iterator[Met]:
    """Everybody of one data set who met anybody."""
    visits = _rows(folder / f"{name}_visits.csv.gz", ("visitor", "entry", "exit"))
    together: dict[int, Counter[int]] = defaultdict(Counter)
    for _, i, j in _rows(folder / f"{name}_contacts.csv.gz", ("t", "i", "j")).tolist():
        together[i][j] += CONTACT_S
        together[j][i] += CONTACT_S
    person, entered, left = visits.T
    left = np.minimum(left, entered + CAP_S)
    how = np.full(len(person), MEASURED)
    memory = MemoryStays(np.zeros(len(person), np.int64), Found(person, entered, left, how))
    question = Question(int(entered.min()), int(left.max()) + 1, RULE)
    for index in sorted(together):
        spans = zip(entered[person == index].tolist(), left[person == index].tolist(), strict=True)
        reached = reach([Stay(0, NO_ROOM, span, span, span) for span in spans], question)
        found = memory.sure_at([VenueSpan(0, *span) for span in reached.spans])
        group = Group(found.counts, sure(found.found, 0))
        exposed = exposures(reached, [group], RULE, but=[index])
        order = exposed.ranked(lambda persons: [str(each) for each in persons])
        listed = exposed.at(order.tolist())
        yield Met([each.person for each in listed], dict(together[index]))


def row(folder: Path, name: str) -> Row:
    """How well the lists of one data set say who met."""
    met = list(people(folder, name))
    close = [
        each._replace(seconds={k: s for k, s in each.seconds.items() if s >= CLOSE_S})
        for each in met
    ]
    close = [each for each in close if each.seconds]
    return Row(
        name,
        len(met),
        mean(len(each.listed) for each in met),
        *_shares(met),
        *_shares(close),
    )


def _shares(met: list[Met]) -> tuple[float, float, float]:
    """Recall, precision, precision among the first twenty."""
    recall = mean(_found(each.listed, each) / len(each.seconds) for each in met)
    precision = mean(_found(each.listed, each) / len(each.listed) for each in met if each.listed)
    top = mean(
        _found(each.listed[:TOP], each) / len(each.listed[:TOP]) for each in met if each.listed
    )
    return recall, precision, top


def _found(listed: list[int], met: Met) -> int:
    return sum(person in met.seconds for person in listed)


def _rows(path: Path, columns: tuple[str, ...]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [[int(line[column]) for column in columns] for line in csv.DictReader(file)]
    return np.array(rows, np.int64)


def measured(folder: Path) -> list[Row]:
    """All data sets in a folder, by name."""
    found = sorted(folder.glob("*_visits.csv.gz"))
    return [row(folder, path.name.removesuffix("_visits.csv.gz")) for path in found]


def markdown(rows: list[Row]) -> str:
    """The table as it stands in docs/co-presence.md."""
    lines = [
        "| data | persons | listed each | recall | precision | in the top 20"
        " | recall, 15 min | precision, 15 min | in the top 20, 15 min |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for each in rows:
        shares = " | ".join(f"{share:.2f}" for share in each[3:])
        lines.append(f"| {each.name} | {each.persons} | {each.listed:.0f} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table and, last, the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    names = sorted(
        path.name.removesuffix("_visits.csv.gz") for path in folder.glob("*_visits.csv.gz")
    )
    if not names:
        raise SystemExit(f"{folder}: no files *_visits.csv.gz")
    rows = [row(folder, name) for name in names]
    print(markdown(rows))
    print(json.dumps([{k: _rounded(v) for k, v in each._asdict().items()} for each in rows]))


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
