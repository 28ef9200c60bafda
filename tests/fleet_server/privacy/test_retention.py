"""Days whose time is over go, all of them and nothing else, and the log can prove it."""

import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from fleet_server import database
from fleet_server.identity import audit
from fleet_server.models import Base, Kiosk, Outage, Person, Scan, VaultMark, VenueStaff
from fleet_server.privacy import proofs, remains, retention, rights, unneeded
from fleet_server.privacy.clocks import Due
from fleet_server.privacy.proofs import Record
from tests.fleet_server.privacy.story import DAY0, DAY_MS, NOON, Story, add

KEEP = 3


@pytest.fixture
def story(engine: Engine) -> Story:
    return Story(engine)


def run(story: Story, *, day: int, **options: object) -> retention.Ran:
    """A run at noon of `day`: days up to `day - KEEP - 1` go."""
    given = {"keep_days": KEEP, "now_ms": NOON + day * DAY_MS, "actor": "t", **options}
    return retention.run(story.engine, **given)  # type: ignore[arg-type]


def older(story: Story, *, day: int) -> dict[str, int]:
    kept = retention.limit(NOON + day * DAY_MS, KEEP)
    with story.engine.connect() as connection:
        return remains.older(connection, kept)


def a_week(story: Story) -> tuple[int, int]:
    """One who came on days 0 to 5, and one who came on day 0 only."""
    regular, once = story.visitor("a"), story.visitor("b")
    for day in range(6):
        scan = story.scan(regular[1], day=day)
        story.scan(regular[1], day=day, hour=2, direction="out")
        with story.engine.connect() as connection:
            counter = connection.scalar(select(Scan.counter).where(Scan.id == scan))
        assert counter is not None
        story.companions(counter, day=day)
        story.refused(day=day)
    story.scan(once[1], day=0, hour=1)
    story.derive()
    return regular[0], once[0]


@pytest.mark.parametrize(
    ("now", "first"), [(10 * DAY_MS, 7), (10 * DAY_MS - 1, 6), (11 * DAY_MS - 1, 7)]
)
def test_a_day_is_kept_until_it_ended_so_many_days_ago(now: int, first: int) -> None:
    assert retention.limit(now, KEEP).first_day == first


def test_days_older_than_the_limit_go_with_everything_of_them(story: Story) -> None:
    regular, once = a_week(story)
    assert set(older(story, day=5)) >= {"scans", "scan_keys", "companions", "visit_days", "visits"}
    ran = run(story, day=5)
    assert [day - DAY0 for day in ran.days] == [0, 1]
    assert story.days() == [2, 3, 4, 5]
    assert [story.count(name) for name in ("scans", "scan_keys", "scan_identities")] == [8, 8, 8]
    assert story.count("companions") == story.count("refused_records") == 4
    assert story.stays_of(regular) == [(48, 50), (72, 74), (96, 98), (120, 122)]
    assert story.stays_of(once) == []
    assert older(story, day=5) == {}


def test_who_came_on_those_days_only_is_forgotten_and_others_are_not(story: Story) -> None:
    regular, once = a_week(story)
    ran = run(story, day=5)
    assert ran.persons == 1
    with story.engine.connect() as connection:
        ids = set(connection.scalars(select(Person.id)))
    assert regular in ids
    assert once not in ids
    assert story.count("pseudonyms") == story.count("credentials") == 1
    assert story.count("sealed_numbers") == 1


def test_each_day_leaves_one_line_and_the_run_another(story: Story) -> None:
    a_week(story)
    with story.engine.connect() as connection:
        rows = connection.execute(select(Scan.epoch, Scan.counter, Scan.digest, Scan.corrected_ms))
        of_day = [row for row in rows if row.corrected_ms // DAY_MS == DAY0]
    expected = proofs.digest(
        Record("cho-mau-1", row.epoch, row.counter, bytes(row.digest)) for row in of_day
    )
    run(story, day=5)
    first, second = story.log("retention.day_dropped")
    detail = json.loads(first["detail"])
    assert detail["day"] == first["subject"] == "2026-01-01"
    assert detail["records_sha256"] == expected.hex()
    counted = {"scans": 3, "scan_keys": 3, "scan_identities": 3, "companions": 1, "visits": 2}
    assert detail["rows"] == counted | {"orphan_exits": 0, "stay_history": 0, "unsure_stays": 0}
    assert second["subject"] == "2026-01-02"
    (whole,) = story.log("retention.run")
    assert json.loads(whole["detail"])["rows"]["scans"] == 5
    with story.engine.connect() as connection:
        assert audit.verify(connection).fault == ""


def test_a_proof_is_the_same_in_any_order_and_differs_for_any_other_record() -> None:
    records = [Record("k", "e", number, bytes([number]) * 32) for number in range(20)]
    assert proofs.digest(records) == proofs.digest(reversed(records))
    assert proofs.digest(records) != proofs.digest(records[1:])
    assert proofs.digest(records) != proofs.digest([*records[1:], records[0]._replace(epoch="f")])


def test_the_same_run_again_has_nothing_to_do(story: Story) -> None:
    a_week(story)
    run(story, day=5)
    before = story.rows()
    again = run(story, day=5)
    assert (again.days, again.persons, again.cases) == ([], 0, 0)
    assert {**story.rows(), "audit_log": 0} == {**before, "audit_log": 0}


def test_a_day_of_many_scans_goes_some_at_a_time(story: Story) -> None:
    person = story.visitor("a")
    for _ in range(23):
        story.scan(person[1], day=0)
    story.derive()
    told: list[tuple[str, int, int]] = []

    class Seen:
        def step(self, stage: str, done: int, of: int) -> None:
            told.append((stage, done, of))

    run(story, day=5, batch=10, watcher=Seen())
    assert [done for stage, done, _ in told if stage.startswith("2026-01-01")] == [10, 20, 23]
    assert story.count("scans") == 0


def test_deriving_everything_again_brings_no_day_back(story: Story) -> None:
    regular, _ = a_week(story)
    run(story, day=5)
    before = story.stays_of(regular)
    story.rebuild()
    assert story.stays_of(regular) == before
    assert story.days() == [2, 3, 4, 5]


def test_a_stay_over_the_border_goes_with_the_day_it_began(story: Story) -> None:
    person, number = story.visitor("a")
    # The UTC day ends 19 hours after noon in Vietnam.
    story.scan(number, day=1, hour=18)
    story.scan(number, day=1, hour=20, direction="out")
    story.derive()
    assert story.stays_of(person) == [(42, 44)]
    run(story, day=5)
    story.rebuild()
    assert story.stays_of(person) == []
    assert story.count("orphan_exits") == 1


def test_scans_that_arrive_after_their_day_was_let_go_live_until_the_next_run(
    story: Story,
) -> None:
    regular, _ = a_week(story)
    run(story, day=5)
    _, late = story.visitor("late")
    story.scan(late, day=0)
    story.derive()
    assert story.days()[0] == 0
    assert older(story, day=5)
    ran = run(story, day=5)
    assert [day - DAY0 for day in ran.days] == [0]
    assert ran.rows["scans"] == ran.rows["pseudonyms"] == 1
    assert story.days() == [2, 3, 4, 5]
    lines = story.log("retention.day_dropped")
    assert [line["subject"] for line in lines] == ["2026-01-01", "2026-01-02", "2026-01-01"]
    assert story.stays_of(regular)
    assert older(story, day=5) == {}


def test_a_card_a_case_a_request_or_work_keeps_a_person(story: Story) -> None:
    stay = {"kind": "card", "authentic": True, "issued_at": 1}
    card = story.visitor("card", **stay)
    gone = story.visitor("gone", **stay, revoked_at=1)
    inside, works, left = story.visitor("case"), story.visitor("works"), story.visitor("left")
    story.case("CA-1", inside[0])
    with story.writing() as connection:
        for person, until in ((works[0], None), (left[0], 5)):
            values = {"since": 1, "until": until, "reason": "r", "made_at": 1, "made_by": "t"}
            add(connection, VenueStaff, venue_id=1, person_id=person, **values)
    run(story, day=5)
    with story.engine.connect() as connection:
        ids = set(connection.scalars(select(Person.id)))
    assert {card[0], inside[0], works[0]} <= ids
    assert not {gone[0], left[0]} & ids


def test_an_open_request_and_a_restriction_keep_a_person_and_old_ones_say_nothing(
    story: Story,
) -> None:
    waiting, resting, done = (story.visitor(name)[0] for name in "abc")
    due = Due(1, 2)
    with story.writing() as connection:
        refs = []
        for kind, person in (("view", waiting), ("restrict", resting), ("copy", done)):
            ref = rights.ask(connection, kind, words="lời", due=due, at_ms=NOON, actor="t")
            rights.found(connection, ref, f"P{person}", at_ms=NOON, actor="t")
            refs.append(ref)
        rights.restrict(connection, refs[1], at_ms=NOON, actor="t")
        rights.finish(connection, refs[2], outcome="done", at_ms=NOON, actor="t")
    run(story, day=5)
    with story.engine.connect() as connection:
        ids = set(connection.scalars(select(Person.id)))
        old = rights.get(connection, refs[2])
        assert rights.get(connection, refs[0]).words == "lời"
        assert rights.restricted(connection, [resting]) == {resting}
    assert {waiting, resting} <= ids
    assert done not in ids
    assert (old.words, old.person, old.outcome) == ("", "", "done")
    assert older(story, day=5) == {}


def test_who_comes_while_they_are_being_forgotten_stays(story: Story) -> None:
    one, other = story.visitor("a"), story.visitor("b")
    cutoff = retention.limit(NOON + 5 * DAY_MS, KEEP).at
    with story.engine.connect() as connection:
        groups = unneeded.groups(connection, cutoff=cutoff)
    assert {person for group in groups for person in group.persons} == {one[0], other[0]}
    story.scan(one[1], day=5)
    with story.writing() as connection:
        free = unneeded.still(connection, groups, cutoff=cutoff)
    assert [set(group.persons) for group in free] == [{other[0]}]


def test_linked_people_go_together_or_stay_together(story: Story) -> None:
    one, other, stays, with_it = (story.visitor(name) for name in "abcd")
    story.link(one[1], other[1])
    story.link(stays[1], with_it[1], undone_at=1, undone_by="t")
    scan = story.scan(stays[1], day=5)
    old = story.scan(stays[1], with_it[1], day=0)
    kept = story.link(stays[1], with_it[1], scan_id=old)
    story.derive()
    run(story, day=5)
    with story.engine.connect() as connection:
        ids = set(connection.scalars(select(Person.id)))
        table = Base.metadata.tables["links"]
        links = {row.id: row.scan_id for row in connection.execute(select(table))}
        assert list(connection.scalars(select(Scan.id))) == [scan]
    assert {stays[0], with_it[0]} <= ids
    assert not {one[0], other[0]} & ids
    assert len(links) == 2
    assert links[kept] is None


def test_a_closed_case_becomes_a_shell_and_lets_its_people_go(story: Story) -> None:
    index, contact = story.visitor("a"), story.visitor("b")
    day = 86_400
    story.case("CA-OLD", index[0], contact[0], closed_at=NOON // 1000 + day)
    story.case("CA-OPEN", story.visitor("c")[0])
    ran = run(story, day=5)
    assert (ran.cases, ran.persons) == (1, 2)
    with story.engine.connect() as connection:
        table = Base.metadata.tables["cases"]
        shell = connection.execute(select(table).where(table.c.ref == "CA-OLD")).one()
    assert (shell.lab_ref, shell.onset_at) == ("", None)
    assert shell.closed_at == NOON // 1000 + day
    each = {"case_persons": 1, "case_exposures": 0, "milestones": 2, "case_events": 2}
    each |= {"frozen_results": 1, "case_looks": 1, "name_openings": 1, "opened_names": 1}
    assert {name: story.count(name) for name in each} == each
    assert older(story, day=5) == {}


def test_imported_people_stay_as_long_as_their_stays(story: Story) -> None:
    story.imported("khách-1")
    ran = run(story, day=5)
    assert ran.persons == 1
    assert story.count("imported_visitors") == 0


def test_no_number_of_a_person_is_given_out_again(story: Story) -> None:
    last, _ = story.visitor("a")
    run(story, day=5)
    story_again, _ = story.visitor("b")
    assert story_again > last
    run(story, day=5)
    assert story.visitor("c")[0] > story_again
    assert story.count("persons") <= 2


def test_the_vault_reads_scans_on_where_numbers_begin_anew(sqlite_url: str) -> None:
    story = Story(database.connect(sqlite_url))
    _, number = story.visitor("a")
    scan = story.scan(number)
    with story.writing() as connection:
        connection.execute(insert(VaultMark).values(name="scans", upto=scan))
    run(story, day=5)
    _, number = story.visitor("b")
    assert story.scan(number, day=5) == scan
    with story.engine.connect() as connection:
        assert connection.scalar(select(VaultMark.upto)) == 0


def test_nothing_of_a_day_is_left_in_sqlites_files(sqlite_url: str, tmp_path: Path) -> None:
    story = Story(database.connect(sqlite_url))
    for day in (0, 5):
        _, number = story.visitor(str(day))
        for _ in range(50):
            story.scan(number, day=day, secret=f"bi-mat-{day}-" + "x" * 200)
    story.derive()
    files = [tmp_path / "fleet.sqlite3", tmp_path / "fleet.sqlite3-wal"]
    assert b"bi-mat-0" in b"".join(path.read_bytes() for path in files)
    ran = run(story, day=5)
    assert ran.swept
    left = b"".join(path.read_bytes() for path in files if path.exists())
    assert b"bi-mat-0" not in left
    assert b"bi-mat-5" in left


def killed(url: str, steps: int) -> None:
    class Fatal:
        def step(self, stage: str, done: int, of: int) -> None:
            nonlocal steps
            steps -= 1
            if steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    story = Story.__new__(Story)
    story.engine = database.connect(url)
    run(story, day=5, batch=4, watcher=Fatal())


def state(story: Story) -> dict[str, object]:
    """Everything but times, the log's own lines and the blank row that only SQLite needs."""
    found: dict[str, object] = {"days": story.days()}
    left_out = {"audit_log", "let_go_days", "persons", "venue_types", "exposure_rules"}
    with story.engine.connect() as connection:
        for name, table in Base.metadata.tables.items():
            if name not in left_out:
                rows = connection.execute(select(table)).all()
                found[name] = sorted(map(str, rows))
        found["proofs"] = [(day.day, day.counts, day.proof) for day in remains.let_go(connection)]
    dropped = story.log("retention.day_dropped")
    return found | {"log": [(line["subject"], line["detail"]) for line in dropped]}


def crowded(engine: Engine) -> Story:
    """A week, and a crowd on its first day."""
    story = Story(engine)
    a_week(story)
    for number in range(9):
        story.scan(story.visitor(f"more-{number}")[1], day=0, hour=3)
    story.derive()
    return story


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6])
def test_a_run_killed_anywhere_is_finished_by_the_next(
    engine: Engine, database_url: str, request: pytest.FixtureRequest, tmp_path: Path, steps: int
) -> None:
    story = crowded(engine)
    process = multiprocessing.get_context("spawn").Process(
        target=killed, args=(database_url, steps)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    run(story, day=5, batch=4)
    assert older(story, day=5) == {}
    other = tmp_path / "other.sqlite3"
    shutil.copyfile(request.getfixturevalue("_sqlite_template"), other)
    not_killed = crowded(database.connect(f"sqlite:///{other}"))
    run(not_killed, day=5, batch=4)
    assert state(story) == state(not_killed)


def test_when_kiosks_were_away_goes_with_the_scans_of_these_days(story: Story) -> None:
    with story.engine.execution_options(**database.WRITES).begin() as connection:
        kiosk = connection.scalar(select(Kiosk.id).limit(1))
        for day in range(4):
            at_ms = NOON + day * DAY_MS
            add(connection, Outage, kiosk_id=kiosk, since_ms=at_ms, until_ms=at_ms + 1, state="")
    run(story, day=5)
    assert story.count("outages") == 2


def test_what_was_an_exit_at_a_both_way_kiosk_stays_one_when_its_entry_is_gone(
    story: Story,
) -> None:
    person, number = story.visitor("a")
    # In at 06:00 local, before the day changes in UTC; out at 17:00. Every day.
    for day in range(1, 7):
        story.scan(number, day=day, hour=-6, direction="both")
        story.scan(number, day=day, hour=5, direction="both")
    story.derive()
    days = [(24 * day - 6, 24 * day + 5) for day in range(1, 8)]
    assert story.stays_of(person) == days[:6]
    run(story, day=5)
    story.scan(number, day=7, hour=-6, direction="both")
    story.derive()
    assert story.stays_of(person) == [*days[2:6], (days[6][0], None)]
    story.rebuild()
    assert story.stays_of(person) == [*days[2:6], (days[6][0], None)]
    run(story, day=6)
    story.rebuild()
    assert story.stays_of(person) == [*days[3:6], (days[6][0], None)]


def test_stays_derived_while_their_day_goes_leave_the_next_day_as_it_was(story: Story) -> None:
    person, number = story.visitor("a")
    for hour in (8, 9, 20, 22):
        story.scan(number, day=1, hour=hour, direction="both")
    story.derive()

    class Deriving:
        def step(self, stage: str, done: int, of: int) -> None:
            if of == 2 and done == 1:  # the entry at 8 is gone, its exit is not yet
                story.rebuild()

    run(story, day=5, batch=1, watcher=Deriving())
    story.derive()
    assert story.stays_of(person) == [(44, 46)]


def test_a_repeat_stays_no_entry_when_what_it_repeats_is_gone(story: Story) -> None:
    person, number = story.visitor("a")
    # In, out just before the day ends in UTC, and the card once more just after.
    for hour in (15, 18.99, 19.01, 21, 23):
        story.scan(number, day=1, hour=hour, direction="both")
    # Who came first in these minutes did enter.
    other, begun = story.visitor("b")
    for hour in (19.01, 22):
        story.scan(begun, day=1, hour=hour, direction="both")
    run(story, day=5)
    story.rebuild()
    assert story.stays_of(person) == [(45, 47)]
    assert story.stays_of(other) == [(43, 46)]
