"""The benchmark of questions: its town is what it promises, and its peers agree."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, text

from bench import trace_load, trace_writes
from bench.town import DAYS, DOUBLED, NO_EXIT, VISITS_EACH, WITHOUT_EXIT, Day, Town
from bench.trace import main
from fleet_server import database
from fleet_server.tracing import questions, storage
from fleet_server.tracing.questions import Asked, Met
from fleet_server.tracing.reach import Stay
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.visits import DerivedVisit, settled

FIGURES = {
    *("visits", "engine", "mismatches", "contacts_p50", "rows_scanned_p50", "ns_per_row"),
    *("f1_ms_p50", "f1_ms_p95", "numpy_ms_p50", "ratio_numpy", "naive_ms_p50", "ratio_naive"),
    *("f2_ms_p50", "present_ms_p50", "common_ms_p50", "occupancy_ms_p50", "bytes_per_visit"),
    *("derived_scans_s", "drop_day_s", "delete_day_s"),
}


@pytest.fixture(autouse=True)
def few_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_writes, "SCANS", 2_000)


@pytest.fixture(scope="module")
def days() -> list[Day]:
    return list(Town(100_000).days())


def test_a_town_is_the_same_for_the_same_seed(days: list[Day]) -> None:
    for one, other in zip(days, Town(100_000).days(), strict=True):
        for a, b in zip(one[1:], other[1:], strict=True):
            assert np.array_equal(a, b)
    another = next(Town(100_000, seed=8).days())
    assert len(another.person) != len(days[0].person) or not np.array_equal(
        another.person, days[0].person
    )


def test_a_town_has_the_shares_it_promises(days: list[Day]) -> None:
    assert len(days) == DAYS
    people = np.unique(np.concatenate([day.person for day in days]))
    assert len(people) == pytest.approx(100_000 / VISITS_EACH, rel=0.1)
    left = np.concatenate([day.left for day in days])
    assert len(left) == pytest.approx(100_000, rel=0.02)
    assert (left == NO_EXIT).mean() == pytest.approx(WITHOUT_EXIT, abs=0.01)
    rows = np.concatenate([np.stack([day.person, day.venue, day.entered]) for day in days], axis=1)
    person, venue, entered = rows[:, np.lexsort((rows[2], rows[1], rows[0]))]
    soon = (np.diff(person) == 0) & (np.diff(venue) == 0) & (np.diff(entered) < 120)
    assert soon.mean() == pytest.approx(DOUBLED, abs=0.005)


def test_no_stay_outlasts_the_cap_or_the_next_entry(days: list[Day]) -> None:
    for day in days:
        assert (day.latest > day.entered).all()
        assert (day.latest <= day.entered + CAP_S).all()
        assert np.array_equal(day.latest[day.left != NO_EXIT], day.left[day.left != NO_EXIT])
    entries: dict[int, list[int]] = {}
    for day in days:
        for person, entered in zip(day.person.tolist(), day.entered.tolist(), strict=True):
            entries.setdefault(person, []).append(entered)
    day = days[3]
    unseen = np.flatnonzero(day.left == NO_EXIT)[:200]
    assert len(unseen) > 100
    for row in unseen.tolist():
        entered = int(day.entered[row])
        later = [at for at in entries[int(day.person[row])] if at > entered]
        assert day.latest[row] == min([*later, entered + CAP_S])


def test_what_is_loaded_is_what_the_store_would_have_written(
    engine: Engine,
) -> None:
    town = Town(2_000)
    assert trace_load.load(engine, town, town.days())
    assert not trace_load.load(engine, town, town.days())
    persons = range(1, town.people + 1)
    with engine.connect() as connection:
        store = storage.of(connection)
        loaded = store.of_persons(connection, persons, 0, 2**40)
        rows = {day: _rows(connection, day) for day in store.days(connection)}
    assert len(loaded) == sum(len(day.person) for day in town.days())
    by_person: dict[int, list[DerivedVisit]] = {}
    for person, visit, _ in loaded:
        by_person.setdefault(person, []).append(visit)
    for visits in by_person.values():
        assert settled(visits, {}) == visits
    with engine.execution_options(**database.WRITES).begin() as connection:
        for day in rows:
            storage.drop_day(connection, day)
        storage.add(connection, loaded)
        for day, were in rows.items():
            assert _rows(connection, day) == were


def _rows(connection: Connection, day: int) -> list[list[tuple[object, ...]]]:
    return [
        sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=str)
        for table in trace_load.tables_of(connection, day)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_bench_finds_no_answer_that_differs(kind: str) -> None:
    figures = _run("--engine", kind)
    assert set(figures) >= FIGURES
    assert figures["mismatches"] == 0
    assert figures["contacts_p50"] > 10


@pytest.mark.slow
def test_what_was_kept_is_used_again_and_gives_the_same_answers(tmp_path: Path) -> None:
    first, again = (_run("--keep", str(tmp_path)) for _ in range(2))
    for name in ("visits", "contacts_p50", "rows_scanned_p50", "bytes_per_visit"):
        assert again[name] == first[name]
    assert again["mismatches"] == 0


def test_a_cluster_cannot_be_kept(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--engine", "postgres", "--keep", str(tmp_path / "k")])
    assert result.exit_code == 2
    assert "only with --engine sqlite" in result.output
    assert not (tmp_path / "k").exists()


@pytest.mark.slow
def test_an_engine_that_forgets_a_stay_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(
        connection: Connection, stays: Sequence[Stay], asked: Asked, *, but: Sequence[int] = ()
    ) -> Met:
        return meet(connection, stays[1:], asked, but=but)

    meet = questions.meet
    monkeypatch.setattr(questions, "meet", forgetful)
    assert _run()["mismatches"] > 90


def _run(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["--visits", "20000", *options])
    assert result.exit_code == 0, result.output
    figures: dict[str, Any] = json.loads(result.output.splitlines()[-1])
    return figures
