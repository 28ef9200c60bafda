"""`make bench-trace [VISITS=10000000] [ENGINE=sqlite|postgres]`: questions of a tracer, timed.

A town's visits go into the store's own tables; then a hundred cases are answered in turn by this
server, by the same rules in numpy on sorted arrays in memory (the limit), and, some of them, by the
self-join one would write first, on the same rows in the same engine. Three are held to
plain Python. The last line is JSON.
"""

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import Connection

from bench import trace_load, trace_writes
from bench.town import DAY_S, DAYS, FIRST_DAY, ZONE_S, Day, Town
from bench.trace_peers import WINDOW_DAYS, Case, Limit, SelfJoin, refs
from fleet_server import database
from fleet_server.tracing import common, occupancy, questions, rulebook, secondary
from fleet_server.tracing.columns import Integers
from fleet_server.tracing.exposure import Exposures
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import Version
from tests.fleet_server.tracing.oracle import Found
from tests.support.postgres import PostgresCluster

CASES: Final = 100
NAIVE_EVERY: Final = 10
"""The self-join is asked every so many cases."""
PLAIN_CASES: Final = 3
FURTHER: Final = ("f2", "present", "common", "occupancy")
RUNS: Final = 15
"""Of each of the further questions."""


class Timer:
    """Milliseconds of each run, by what was run."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}

    def time(self, what: str, run: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = run()
        self.ms.setdefault(what, []).append(1000 * (time.perf_counter() - began))
        return result

    def at(self, what: str, percent: int = 50) -> float:
        return float(np.percentile(self.ms[what], percent))


class Bench:
    """This server's answers on one connection."""

    def __init__(self, connection: Connection, version: Version) -> None:
        self.connection = connection
        self.version = version

    def asked(self, question: Question) -> Asked:
        return Asked(question, self.version.terms, question.until)

    def contacts(self, case: Case) -> tuple[Exposures, Integers]:
        """Everybody met, and in which order they are listed."""
        person, question = case
        asked = self.asked(question)
        stays = questions.index_stays(self.connection, person, asked)
        exposed = questions.meet(self.connection, stays, asked, but=[person]).exposed
        return exposed, exposed.ranked(refs)


def same(ours: tuple[Exposures, Integers], limit: tuple[Exposures, Integers]) -> bool:
    """Whether two answers say the same of the same persons in the same order."""
    columns = [
        (
            a.sums.person[order],
            a.sums.tier[order],
            a.sums.first[order],
            *(s[order] for s in a.sums.seconds),
        )
        for a, order in (ours, limit)
    ]
    return all(np.array_equal(one, other) for one, other in zip(*columns, strict=True))


def said(answer: tuple[Exposures, Integers]) -> list[Found]:
    """An answer in the words of the plain one."""
    exposed, order = answer
    return [
        Found(
            refs([each.person])[0],
            each.tier,
            *each.shared,
            first=each.first,
            places=tuple(sorted(map(str, each.places))),
        )
        for each in exposed.at(order.tolist())
    ]


def ask_all(
    bench: Bench, limit: Limit, naive: SelfJoin, cases: Sequence[Case], timer: Timer
) -> dict[str, Any]:
    """The cases in turn by all peers; how many answers differ and how large they are."""
    for number, case in enumerate(cases):
        bench.contacts(case)
        limit.answer(case)
        if number % NAIVE_EVERY == 0:
            naive.answer(case)
    mismatches, contacts, scanned = 0, [], []
    for number, case in enumerate(track(cases, "cases", transient=True)):
        ours = timer.time("f1", lambda case=case: bench.contacts(case))  # type: ignore[misc]
        theirs = timer.time("numpy", lambda case=case: limit.answer(case))  # type: ignore[misc]
        mismatches += not same(ours, theirs)
        contacts.append(len(ours[0]))
        scanned.append(limit.scanned(case))
        if number % NAIVE_EVERY == 0:
            timer.time("naive", lambda case=case: naive.answer(case))  # type: ignore[misc]
    for case in cases[:PLAIN_CASES]:
        mismatches += said(bench.contacts(case)) != limit.plainly(case)
    return {
        "mismatches": mismatches,
        "contacts_p50": round(statistics.median(contacts)),
        "rows_scanned_p50": round(statistics.median(scanned)),
        "ns_per_row": 1e6 * sum(timer.ms["f1"]) / max(1, sum(scanned)),
    }


def ask_further(bench: Bench, town: Town, cases: Sequence[Case], timer: Timer) -> None:
    """The other questions, each some times."""
    connection = bench.connection
    morning = (FIRST_DAY + WINDOW_DAYS) * DAY_S
    markets = [n for n, kind in enumerate(town.venues, start=1) if kind.code == "market"]
    for number in range(RUNS):
        person, question = cases[number % len(cases)]
        asked = bench.asked(question)
        timer.time("f2", lambda: secondary.ring(connection, person, asked, limit=50))  # noqa: B023
        venue = markets[number % len(markets)]
        hour = question._replace(since=morning, until=morning + 3600)
        timer.time("present", lambda: questions.present(connection, venue, bench.asked(hour)))  # noqa: B023
        group = [each for each, _ in cases[number : number + 5]]
        timer.time("common", lambda: common.common(connection, group, asked))  # noqa: B023
        midnight = morning - ZONE_S
        day = bench.asked(question._replace(since=midnight, until=midnight + DAY_S))
        timer.time(
            "occupancy",
            lambda: occupancy.occupancy(connection, venue, day, step_s=900),  # noqa: B023
        )


@contextmanager
def databases(kind: str, folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """The URLs of ours and of the self-join's; SQLite's are in `folder`."""
    if kind == "sqlite":
        ours, naive = (folder / f"{name}{end}.sqlite3" for end in ("", "-self-join"))
        yield f"sqlite:///{ours}", f"sqlite:///{naive}"
        return
    with PostgresCluster() as cluster:
        yield cluster.create_database(), cluster.create_database()


def run(visits: int, kind: str, folder: Path, console: Console) -> dict[str, Any]:
    """Loads and asks; the figures."""
    town = Town(visits)

    def days(what: str) -> Iterator[Day]:
        # Made again each time: fifty million would be gigabytes to hold.
        yield from track(town.days(), what, total=DAYS, transient=True, console=console)

    name = f"town-{visits}"
    with databases(kind, folder, name) as (url, naive_url), ExitStack() as stack:
        engine, naive_engine = database.connect(url), database.connect(naive_url)
        stack.callback(engine.dispose)
        stack.callback(naive_engine.dispose)
        began = time.perf_counter()
        size = folder / f"{name}.bytes"
        if trace_load.load(engine, town, days("loading")) or not size.exists():
            console.print(f"loaded in {time.perf_counter() - began:.0f} s")
            # Scans and dropped days come to a kept database with every run.
            size.write_text(str(trace_load.size_of(engine)))
        naive = SelfJoin(naive_engine, town, days("the self-join's table"))
        limit = Limit(town, days("sorting"))
        timer = Timer()
        figures: dict[str, Any] = {"visits": limit.visits, "engine": kind}
        with engine.connect() as reading:
            version = rulebook.in_force(reading)
            cases = limit.cases(CASES, version.rule())
            bench = Bench(reading, version)
            figures |= ask_all(bench, limit, naive, cases, timer)
            ask_further(bench, town, cases, timer)
        naive.close()
        figures |= {
            "f1_ms_p50": timer.at("f1"),
            "f1_ms_p95": timer.at("f1", 95),
            "numpy_ms_p50": timer.at("numpy"),
            "numpy_ms_p95": timer.at("numpy", 95),
            "ratio_numpy": timer.at("f1") / timer.at("numpy"),
            "naive_ms_p50": timer.at("naive"),
            # Of the same cases.
            "ratio_naive": timer.at("naive") / float(np.median(timer.ms["f1"][::NAIVE_EVERY])),
            **{f"{what}_ms_p50": timer.at(what) for what in FURTHER},
            "bytes_per_visit": int(size.read_text()) / limit.visits,
        }
        del limit
        figures |= trace_writes.insert_scans(engine)
        figures |= trace_writes.drop(engine, islice(town.days(), 3))
    return {k: _rounded(v) for k, v in figures.items()}


def _rounded(value: Any) -> Any:
    """Three digits at least."""
    return round(value, 2 if value >= 1 else 4) if isinstance(value, float) else value


@click.command()
@click.option("--visits", type=click.IntRange(2000), default=10_000_000, show_default=True)
@click.option("--engine", "kind", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where SQLite's files are kept, and used again by the next run of as many visits.",
)
def main(visits: int, kind: str, keep: Path | None) -> None:
    """Prints a table and, last, the JSON."""
    if keep is not None and kind != "sqlite":
        raise click.UsageError("--keep: only with --engine sqlite; a cluster ends with its run")
    console = Console(stderr=True)
    folder = keep or Path(tempfile.mkdtemp(prefix="tram-trace-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures = run(visits, kind, folder, console)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    Console().print(table)
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
