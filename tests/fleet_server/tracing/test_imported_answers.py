"""From a file to an answer, beside a plain count over the file's own rows."""

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fleet_server.settings import Settings
from fleet_server.times import iso
from fleet_server.tracing import import_file, import_rows, importing
from fleet_server.tracing.asking import Asker, Desk, Wanted
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import CAP_S, Rule
from tests.fleet_server.tracing.oracle import Found, Stay, by_pairs
from tests.fleet_server.tracing.stays import from_rows
from tests.fleet_server.tracing.test_questions import HOUR, MIDNIGHT, found

MINUTE = 60
DWELL_MIN = 60
"""Of a venue of which only the reference is known."""
ASKER = Asker("an")


class Silent:
    """Watches an import and says nothing."""

    def step(self, stage: str, done: int, of: int) -> None:
        """So much is done."""

    def set_aside(self, line: int, reason: str) -> None:
        raise AssertionError(f"line {line}: {reason}")


def town(rng: random.Random) -> list[tuple[str, str, int, int | None]]:
    """Stays at three places around two midnights; some doubled, some unseen, some far too long."""
    rows: list[tuple[str, str, int, int | None]] = []
    for _ in range(500):
        visitor, venue = f"{rng.randint(1, 40)}", rng.choice(["Chợ Mơ", "P7", "trường,1"])
        entered = MIDNIGHT + rng.choice([0, 24 * HOUR]) + rng.randint(-30, 30) * 20 * MINUTE
        length = rng.choice([1, 14 * MINUTE, 15 * MINUTE, 3 * HOUR, CAP_S - 1, CAP_S, 30 * HOUR])
        rows.append((visitor, venue, entered, rng.choice([None, entered + length])))
        if rng.random() < 0.1:
            rows.append((visitor, venue, entered, rng.choice([None, entered + length + 60])))
        if rng.random() < 0.1:
            rows.append((visitor, venue, entered + rng.randint(1, 119), None))
    rng.shuffle(rows)
    return rows


def write(rows: list[tuple[str, str, int, int | None]], path: Path, rng: random.Random) -> None:
    """The rows as a file, times in one way or another."""
    lines = ["visitor,venue,entered_at,left_at"]
    for visitor, venue, entered, left in rows:
        times = (
            "" if at is None else rng.choice([str(at), iso(at), f"{at}.0"])
            for at in (entered, left)
        )
        lines.append(",".join((visitor, f'"{venue}"', *times)))
    path.write_text("\n".join(lines), "utf-8")


@pytest.mark.parametrize("seed", range(3))
def test_answers_from_a_file_are_those_of_its_rows(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    rows = town(rng)
    path = tmp_path / "visits.csv"
    write(rows, path, rng)
    with import_file.opened(path) as file:
        done = importing.run(
            engine,
            file,
            import_rows.Columns(),
            Settings(home=str(tmp_path)),
            Silent(),
            actor="t",
            now_ms=MIDNIGHT * 1000,
            rows_at_once=97,
        )
    assert (done.rows, done.set_aside) == (len(rows), 0)
    world = from_rows(rows, dwell_s=DWELL_MIN * MINUTE)
    named = 0
    for _ in range(15):
        visitor = f"{rng.randint(1, 40)}"
        since = MIDNIGHT + rng.randint(-20, 30) * HOUR
        wanted = Wanted(
            since,
            since + rng.choice([HOUR, 24 * HOUR, 100 * HOUR]),
            min_overlap_min=rng.choice([None, 1 / 60, 240]),
            linger_min=rng.choice([None, 30]),
            dwell_min=rng.choice([None, 0, 25]),
        )
        try:
            answer = Desk(engine, ASKER, MIDNIGHT * 1000).contacts(f"import:{visitor}", wanted)
        except LookupError:
            assert not any(row[0] == visitor for row in rows)
            continue
        assert answer.visitor == visitor
        assert found(answer) == expected(world, visitor, wanted, answer.rule)
        named += len(answer.contacts)
    assert named > 100


def expected(world: list[Stay], visitor: str, wanted: Wanted, rule: Rule) -> list[Found]:
    mine = [s for s in world if s.visitor == visitor]
    return by_pairs(mine, world, Question(wanted.since, wanted.until, rule))
