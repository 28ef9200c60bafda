"""Files of stays on their way into the database: the same stays however they come."""

import contextlib
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select

from fleet_server import database, settings
from fleet_server.identity import audit
from fleet_server.models import (
    AuditEntry,
    ImportedVisitor,
    OpeningHours,
    Person,
    Venue,
    VenueStaff,
    VisitImport,
)
from fleet_server.tracing import import_file, importing, storage
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.derivation import EVER, rebuild
from fleet_server.tracing.import_rows import BadColumns, Columns
from fleet_server.tracing.import_stays import Stays
from fleet_server.tracing.importing import Imported
from fleet_server.tracing.storage.rows import Superseded
from fleet_server.tracing.visits import DerivedVisit

NOON = 1_767_243_600
"""2026-01-01 12:00 in Vietnam, 05:00 UTC."""
HOUR = 3600
CAP = 16 * HOUR
DAY = 86_400
NOW_MS = 1_770_000_000_000
HEADER = "visitor,venue,entered_at,left_at"
ASKER = Asker("lan", "CA-1", "thử")

Cells = tuple[str, str, int, int | None]


class Told:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.stages: dict[str, tuple[int, int]] = {}

    def step(self, stage: str, done: int, of: int) -> None:
        assert done <= of
        self.stages[stage] = (done, of)

    def set_aside(self, line: int, reason: str) -> None:
        self.lines.append(line)


def written(path: Path, rows: Sequence[Cells]) -> Path:
    lines = [HEADER, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def bring(
    engine: Engine,
    path: Path,
    *,
    watcher: Told | None = None,
    at_once: int = 1000,
    now_ms: int = NOW_MS,
    columns: Columns | None = None,
) -> Imported:
    with import_file.opened(path) as file:
        return importing.run(
            engine,
            file,
            columns or Columns(),
            settings.Settings(),
            watcher or Told(),
            actor="lan",
            now_ms=now_ms,
            rows_at_once=at_once,
        )


def stored(engine: Engine) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """All imported stays by reference."""
    with engine.connect() as connection:
        people = connection.execute(select(ImportedVisitor.person_id, ImportedVisitor.ref))
        refs = {row.person_id: row.ref for row in people}
        venues = {row.id: row.ref for row in connection.execute(select(Venue.id, Venue.ref))}
        found = storage.of(connection).of_persons(connection, sorted(refs), *EVER)
    return {
        (refs[person], venues[visit.venue_id], visit.entered_at): told(visit)
        for person, visit, _ in found
    }


def told(visit: DerivedVisit) -> tuple[Any, ...]:
    assert visit.entered_earliest == visit.entered_at == visit.entered_latest
    assert (visit.room_id, visit.entry_scan_id, visit.exit_scan_id) == (None, None, None)
    assert not visit.authentic
    if visit.left_at is None:
        assert visit.end_earliest == visit.entered_at
    else:
        assert visit.end_earliest == visit.left_at == visit.end_latest
        assert visit.end_source == "exit_scan"
    return visit.left_at, visit.end_latest, visit.end_source, visit.capped, visit.staff


def superseded(engine: Engine) -> list[Superseded]:
    with engine.connect() as connection:
        persons = connection.scalars(select(ImportedVisitor.person_id)).all()
        return storage.of(connection).superseded_of(connection, persons, *EVER)


def test_a_file_becomes_stays(engine: Engine, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        [
            ("P1", "Chợ Mơ", NOON, NOON + HOUR),
            ("P1", "quán", NOON + 2 * HOUR, None),
            ("P1", "Chợ Mơ", NOON + 5 * HOUR, NOON + 40 * HOUR),
            ("P2", "quán", NOON, None),
        ],
    )
    done = bring(engine, path)
    assert (done.rows, done.stored, done.changed, done.repeated) == (4, 4, 0, 0)
    assert (done.set_aside, done.visitors, done.venues_created) == (0, 2, ["Chợ Mơ", "quán"])
    assert done.resumed_at is None
    ends = NOON + 5 * HOUR
    assert stored(engine) == {
        ("P1", "Chợ Mơ", NOON): (NOON + HOUR, NOON + HOUR, "exit_scan", False, False),
        ("P1", "quán", NOON + 2 * HOUR): (None, ends, "next_scan", False, False),
        ("P1", "Chợ Mơ", ends): (ends + CAP, ends + CAP, "exit_scan", True, False),
        ("P2", "quán", NOON): (None, NOON + CAP, "dwell_default", False, False),
    }
    with engine.connect() as connection:
        venue = connection.execute(select(Venue).where(Venue.ref == "quán")).one()
        assert (venue.name, venue.timezone) == ("quán", "Asia/Ho_Chi_Minh")
        assert connection.scalars(select(VisitImport)).all() == []
    assert superseded(engine) == []


def test_the_same_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        [("P1", "a", NOON, None), ("P1", "b", NOON + HOUR, NOON + DAY), ("P2", "a", -5, None)],
    )
    bring(engine, path)
    before = stored(engine)
    done = bring(engine, path, now_ms=NOW_MS + 1)
    assert (done.stored, done.changed, done.repeated) == (0, 0, 3)
    assert (done.visitors, done.venues_created) == (0, [])
    assert stored(engine) == before
    assert superseded(engine) == []


@pytest.mark.parametrize("at_once", [1, 1000])
def test_of_rows_that_differ_only_in_the_exit_the_one_that_says_more_wins(
    engine: Engine, tmp_path: Path, at_once: int
) -> None:
    exits = [None, NOON + 60, NOON + 120, NOON + 60, None]
    done = bring(
        engine,
        written(tmp_path / "a.csv", [("P1", "a", NOON, left) for left in exits]),
        at_once=at_once,
    )
    assert (done.stored, done.changed, done.repeated) == (1, 2, 2)
    assert [left for left, *_ in stored(engine).values()] == [NOON + 120]
    assert superseded(engine) == []  # what one import says of a stay is one version


def test_a_later_file_that_says_more_changes_a_stay_and_keeps_what_it_was(
    engine: Engine, tmp_path: Path
) -> None:
    bring(engine, written(tmp_path / "a.csv", [("P1", "a", NOON, None)]))
    later = written(tmp_path / "b.csv", [("P1", "a", NOON, NOON + HOUR)])
    done = bring(engine, later, now_ms=NOW_MS + 1000)
    assert (done.stored, done.changed, done.repeated) == (0, 1, 0)
    assert [left for left, *_ in stored(engine).values()] == [NOON + HOUR]
    (was,) = superseded(engine)
    assert was.stored.visit.left_at is None
    assert (was.stored.since_ms, was.until_ms) == (NOW_MS, NOW_MS + 1000)
    less = bring(engine, written(tmp_path / "c.csv", [("P1", "a", NOON, NOON + 60)]))
    assert (less.changed, less.repeated) == (0, 1)


def test_a_later_file_bounds_an_open_stay_by_the_next_entry_and_keeps_what_it_was(
    engine: Engine, tmp_path: Path
) -> None:
    evening = NOON + 10 * HOUR  # the next entry is on the next day, UTC
    bring(engine, written(tmp_path / "a.csv", [("P1", "a", evening, None)]))
    bring(
        engine,
        written(tmp_path / "b.csv", [("P1", "b", evening + 12 * HOUR, None)]),
        now_ms=NOW_MS + 1000,
    )
    assert stored(engine)["P1", "a", evening][:3] == (None, evening + 12 * HOUR, "next_scan")
    (was,) = superseded(engine)
    assert (was.stored.visit.end_latest, was.until_ms) == (evening + CAP, NOW_MS + 1000)
    window = Wanted(NOON, NOON + 2 * DAY)
    answer = Desk(engine, ASKER, NOW_MS + 2000).history("P1", window)
    ends = [version.stay.end_source for version in answer.versions if version.stay.venue == "a"]
    assert sorted(ends) == ["dwell_default", "next_scan"]


def test_opening_hours_and_staff_are_heeded(engine: Engine, tmp_path: Path) -> None:
    bring(engine, written(tmp_path / "a.csv", [("P1", "a", 0, 60), ("P2", "b", 0, 60)]))
    with engine.execution_options(**database.WRITES).begin() as connection:
        place = connection.scalar(select(Venue.id).where(Venue.ref == "a"))
        person = connection.scalar(
            select(ImportedVisitor.person_id).where(ImportedVisitor.ref == "P1")
        )
        connection.execute(
            insert(OpeningHours).values(
                [
                    {"venue_id": place, "weekday": day, "opens_min": 360, "closes_min": 1080}
                    for day in range(7)
                ]
            )
        )
        connection.execute(
            insert(VenueStaff).values(
                venue_id=place, person_id=person, since=60, reason="bán", made_at=0, made_by="lan"
            )
        )
    rows = [
        ("P1", "a", NOON, None),
        ("P1", "a", NOON - HOUR, NOON),
        ("P2", "a", NOON, None),
        ("P2", "b", NOON + HOUR, None),
    ]
    bring(engine, written(tmp_path / "b.csv", rows))
    found = stored(engine)
    assert found["P1", "a", NOON] == (None, NOON + 6 * HOUR, "venue_closed", False, True)
    assert found["P1", "a", NOON - HOUR][-1] is True
    assert found["P2", "a", NOON] == (None, NOON + HOUR, "next_scan", False, False)
    assert rebuild(engine, now_ms=NOW_MS + 1).changed == 0
    assert stored(engine) == found


def test_what_is_set_aside_is_told_by_line_and_the_rest_goes_in(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\nP1,a,{NOON},\n,a,1,\n\nP1,a,x,\nP1,a,5,5\nP2,a,1\nP2,a,1,2\n")
    watcher = Told()
    done = bring(engine, path, watcher=watcher, at_once=2)
    assert watcher.lines == [3, 5, 6, 7]
    assert [each.line for each in done.set_aside_rows] == [3, 5, 6, 7]
    assert (done.rows, done.stored, done.set_aside) == (6, 2, 4)
    assert watcher.stages[importing.READING] == (path.stat().st_size,) * 2


def test_a_compressed_file_is_known_by_its_content(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "misnamed.csv"
    path.write_bytes(gzip.compress(f"\ufeff{HEADER}\r\nP1,a,{NOON},\r\n".encode()))
    assert bring(engine, path).stored == 1
    assert list(stored(engine)) == [("P1", "a", NOON)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{HEADER}\nP1,a,1,2\nP\xfd,a,1,2\n".encode("latin-1"), ":3: not UTF-8 .*0xfd"),
        (f"{HEADER}\nP1,a,1,2\n".encode("utf-16"), ":1: not UTF-8"),
        (HEADER.encode() + b"\nP1,a,1,2\n\xe1\xba", ":3: not UTF-8"),
        (gzip.compress(HEADER.encode() + b"\n" + os.urandom(5000).hex().encode())[:3000], "cut"),
        (b"\x1f\x8bno gzip at all", "damaged"),
        (b"x" * (1 << 21), ":1: no end of line"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_written(
    sqlite_url: str, tmp_path: Path, content: bytes, said: str
) -> None:
    engine = database.connect(sqlite_url)
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(import_file.BadFile, match=said):
        bring(engine, path)
    path.write_text("who,place\n")
    with pytest.raises(BadColumns):
        bring(engine, path)
    with engine.connect() as connection:
        assert connection.scalars(select(VisitImport)).all() == []
        assert connection.scalars(select(Person)).all() == []
    engine.dispose()


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(import_file.BadFile, match="read more than once"),
        import_file.opened(Path("/dev/null")),
    ):
        pass
    with pytest.raises(import_file.BadFile, match="No such file"):
        import_file.opened(tmp_path / "none").__enter__()


def test_an_import_that_was_cut_off_goes_on(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Cells] = [(f"P{n % 7}", f"v{n % 3}", NOON + 3 * HOUR * n, None) for n in range(40)]
    path = written(tmp_path / "a.csv", rows)
    with path.open("a") as file:
        file.write("P1,,1,2\n")
    calls = iter(range(3))
    store = Stays.store

    def breaks(self: Stays, chunk: Any, records: int) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return store(self, chunk, records)

    monkeypatch.setattr(Stays, "store", breaks)
    with pytest.raises(KeyboardInterrupt):
        bring(engine, path, at_once=5)
    monkeypatch.undo()
    assert len(stored(engine)) == 15
    watcher = Told()
    done = bring(engine, path, watcher=watcher, at_once=4, now_ms=NOW_MS + DAY)
    assert (done.resumed_at, done.rows, done.stored) == (15, 41, 25)
    assert watcher.lines == [42]
    assert superseded(engine) == []
    went_on = stored(engine)
    assert went_on == expected(rows)
    assert bring(engine, path).resumed_at is None
    assert stored(engine) == went_on


def test_an_import_cut_off_before_its_exits_were_settled_settles_them(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Cells] = [("P1", "a", NOON, None), ("P1", "b", NOON + HOUR, None)]
    path = written(tmp_path / "a.csv", rows)

    def breaks(_self: Stays, _day: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Stays, "settle", breaks)
    with pytest.raises(KeyboardInterrupt):
        bring(engine, path)
    monkeypatch.undo()
    assert stored(engine)["P1", "a", NOON][1] == NOON + CAP
    assert bring(engine, path, now_ms=NOW_MS + 1).resumed_at == 2
    assert stored(engine) == expected(rows)
    assert superseded(engine) == []


def test_two_imports_at_once_into_new_days_do_not_trip_over_each_other(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one: list[Cells] = [("P1", "a", NOON, NOON + 60), ("P2", "a", NOON, NOON + 60)]
    other: list[Cells] = [("P3", "c", NOON, None), ("P2", "a", NOON, NOON + 90)]
    store, ran = Stays.store, []

    def overtaken(self: Stays, chunk: Any, records: int) -> Any:
        if len(ran) == 1:  # between the first and the second row of the outer import
            ran.append("inner")
            bring(engine, written(tmp_path / "b.csv", other))
        ran.append("row")
        return store(self, chunk, records)

    monkeypatch.setattr(Stays, "store", overtaken)
    done = bring(engine, written(tmp_path / "a.csv", one), at_once=1)
    assert (done.stored, done.changed, done.repeated) == (1, 0, 1)
    assert stored(engine) == expected([*one, *other])


def test_imported_persons_are_found_by_their_reference(engine: Engine, tmp_path: Path) -> None:
    rows: list[Cells] = [
        ("P1", "a", NOON, NOON + HOUR),
        ("P2", "a", NOON + 600, None),
        ("ca 17", "a", NOON, NOON + 60),
    ]
    bring(engine, written(tmp_path / "a.csv", rows))
    window = Wanted(NOON - HOUR, NOON + DAY, dwell_min=60)
    for ref in ("P1", "import:P1"):
        answer = Desk(engine, ASKER, NOW_MS + 1).contacts(ref, window)
        assert answer.visitor in ("P1", "import:P1")
        assert [(each.visitor, each.tier, each.places) for each in answer.contacts] == [
            ("P2", "B", ["a"]),
            ("ca 17", "C", ["a"]),
        ]


def test_an_import_is_on_record(engine: Engine, tmp_path: Path) -> None:
    done = bring(engine, written(tmp_path / "a.csv", [("P1", "a", NOON, None)]))
    with engine.connect() as connection:
        (entry,) = connection.scalars(select(AuditEntry.detail)).all()
        assert connection.scalars(select(AuditEntry.action)).all() == ["visits.imported"]
        assert audit.verify(connection).fault == ""
    assert done.digest in entry
    assert '"stored":1' in entry


def test_stays_of_many_years_go_in(engine: Engine, tmp_path: Path) -> None:
    rows: list[Cells] = [("P1", "a", NOON - n * 7 * DAY, None) for n in range(300)]
    rows += [("P2", "a", -1, 1), ("P2", "a", 4_000_000_000, None)]
    bring(engine, written(tmp_path / "a.csv", rows))
    assert len(stored(engine)) == 302


def expected(rows: Sequence[Cells]) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """What the issue says, read off the whole file at once."""
    best: dict[tuple[str, str, int], int | None] = {}
    for visitor, venue, entered, left in rows:
        key = (visitor, venue, entered)
        known = [each for each in (best.get(key), left) if each is not None]
        best[key] = max(known, default=None)
    out: dict[tuple[str, str, int], tuple[Any, ...]] = {}
    for (visitor, venue, entered), left in best.items():
        cap = entered + CAP
        if left is not None:
            end = min(left, cap)
            out[visitor, venue, entered] = (end, end, "exit_scan", left > cap, False)
            continue
        later = [at for who, _, at in best if who == visitor and entered < at <= cap]
        bound = (min(later), "next_scan") if later else (cap, "dwell_default")
        out[visitor, venue, entered] = (None, *bound, False, False)
    return out


entries = st.integers(0, 60).map(lambda n: NOON + n * 1800)
cells = st.tuples(
    st.sampled_from(["P1", "P2", "P3"]),
    st.sampled_from(["a", "b"]),
    entries,
    st.none() | st.integers(1, 40),
).map(lambda row: (*row[:3], None if row[3] is None else row[2] + row[3] * 1800))


@pytest.mark.slow
@given(
    rows=st.lists(cells, min_size=1, max_size=25),
    data=st.data(),
    at_once=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_order_and_batches_make_no_difference(
    engine: Engine, tmp_path: Path, rows: list[Cells], data: st.DataObject, at_once: tuple[int, int]
) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    wanted = expected(rows)
    with emptied(engine):
        bring(engine, written(tmp_path / "a.csv", rows), at_once=at_once[0])
        assert stored(engine) == wanted
    with emptied(engine):
        for number, part in enumerate((shuffled[:cut], shuffled[cut:])):
            path = written(tmp_path / f"{number}.csv", part)
            bring(engine, path, at_once=at_once[1], now_ms=NOW_MS + number)
        assert stored(engine) == wanted


@contextlib.contextmanager
def emptied(engine: Engine) -> Iterator[None]:
    """No days and no imported visitors when it is left."""
    try:
        yield
    finally:
        with engine.execution_options(**database.WRITES).begin() as connection:
            for day in storage.of(connection).days(connection):
                storage.drop_day(connection, day)
            connection.execute(delete(ImportedVisitor))


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on(tmp_path: Path) -> None:
    rows: list[Cells] = [
        (f"P{n % 997}", f"v{n % 31}", NOON + 61 * n % (5 * DAY), None if n % 9 else NOON + 6 * DAY)
        for n in range(150_000)
    ]
    path = written(tmp_path / "a.csv", rows)
    environ = {**os.environ, "TRAM_HOME": str(tmp_path / "home")}
    environ.pop("TRAM_DATABASE_URL", None)
    command = [sys.executable, "-m", "fleet_server", "visits", "import", str(path), "--json"]
    url = settings.load(environ=environ).database_url
    engine = database.connect(url)
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while records(engine) == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = records(engine)
    assert 0 < done < len(rows)
    subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE)
    assert records(engine) == 0
    found = stored(engine)
    assert superseded(engine) == []
    engine.dispose()
    best = {row[:3] for row in rows}
    assert found.keys() == best
    assert found == within(rows)


def within(rows: Sequence[Cells]) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """`expected`, a visitor at a time."""
    by_visitor: dict[str, list[Cells]] = {}
    for row in rows:
        by_visitor.setdefault(row[0], []).append(row)
    out: dict[tuple[str, str, int], tuple[Any, ...]] = {}
    for some in by_visitor.values():
        out |= expected(some)
    return out


def records(engine: Engine) -> int:
    """How far the import on its way is; 0 where there is none."""
    if not Path(str(engine.url.database)).exists():
        return 0
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "visit_imports"):
            return 0
        return connection.scalar(select(VisitImport.records)) or 0
