"""The weekly report on coverage: counted from scans, kept, and read for each area."""

import datetime as dt
import random
from collections import Counter, defaultdict

import msgspec
import pytest
from sqlalchemy import event, func, insert, select

from fleet_server import database
from fleet_server.errors import NotKnown
from fleet_server.fleet import area_import, units
from fleet_server.models import Base, LetGoDay, PlaceWeek
from fleet_server.reports import tallies
from fleet_server.reports.coverage import NotCounted
from fleet_server.reports.shares import Figures
from fleet_server.reports.tallies import NotCountable
from tests.fleet_server.reports.province import DAY, FRIDAY, HOUR, MONDAY, WEEK, Province, province

__all__ = ["province"]


def test_who_is_silent_comes_first_with_why_and_since_when(province: Province) -> None:
    province.heard("cho-mau-1", FRIDAY - 20)
    province.heard("truong-mau-1", MONDAY + 3 * DAY, "lost")
    someone = province.code()
    province.scan("cho-mau", someone, MONDAY + HOUR)
    province.scan("truong-mau", someone, MONDAY - 2 * DAY)
    province.count()
    report = province.report()
    assert list(msgspec.to_builtins(report)).index("silent") < 7
    assert [(place.ref, place.silence) for place in report.silent] == [
        ("quan-mau", "never_heard"),
        ("truong-mau", "silent"),
        ("ubnd-mau", "no_kiosk"),
    ]
    never, lost, none = report.silent
    assert "chưa từng liên lạc" in never.vi
    assert "never had a scan" in never.en
    assert lost.since == "2025-12-31T17:00:00Z"
    assert lost.last_day == dt.date(2025, 12, 27)
    assert "mất liên lạc từ 00:00 01/01/2026; lượt quét cuối 27/12/2025" in lost.vi
    assert "no kiosk stands there" in none.en


def test_communes_without_a_scan_are_named_with_and_without_places(province: Province) -> None:
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    found = [(each.name, each.registered) for each in province.report().communes_without]
    assert found == [("Phường Hai", 1), ("Xã Ba", 0)]
    assert [each.name for each in province.report("00003").communes_without] == ["Xã Ba"]


def test_a_kiosk_that_works_says_why_nobody_is_seen(province: Province) -> None:
    province.heard("cho-mau-1", FRIDAY - 20)
    province.heard("truong-mau-1", FRIDAY - 20, frame_age_ms=8 * DAY * 1000)
    province.heard("quan-mau-1", FRIDAY - 20, disk_free_mb=3)
    province.count()
    found = {place.ref: place for place in province.report().silent}
    assert found["cho-mau"].silence == "unused"
    assert found["quan-mau"].silence == "storage"
    assert found["truong-mau"].silence == "camera"
    assert "camera không có hình từ 06:59 01/01/2026" in found["truong-mau"].vi
    assert province.report().area.figures.silent == 0
    province.count(WEEK.before())
    earlier = {place.ref: place.silence for place in province.report(week=WEEK.before()).silent}
    assert earlier == dict.fromkeys(("cho-mau", "quan-mau", "truong-mau"), "unused") | {
        "ubnd-mau": "no_kiosk"
    }


def test_a_kiosk_with_records_waiting_since_the_week_has_not_delivered(
    province: Province,
) -> None:
    province.heard("cho-mau-1", FRIDAY - 20, queue_depth=9, queue_oldest_s=6 * DAY)
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    (place,) = [place for place in province.report().silent if place.ref == "cho-mau"]
    assert (place.silence, place.scans) == ("undelivered", 1)


def test_the_week_is_local_and_what_is_outside_is_not_in_it(province: Province) -> None:
    someone = province.code()
    for at in (MONDAY - 1, MONDAY, MONDAY + 7 * DAY - 1, MONDAY + 7 * DAY):
        province.scan("cho-mau", someone, at)
    province.count()
    report = province.report()
    assert report.area.figures.scans == 2
    (place,) = [place for place in report.places if place.ref == "cho-mau"]
    assert place.last_day == WEEK.sunday


def test_a_guard_who_scans_one_card_a_hundred_times_shows(province: Province) -> None:
    card = province.code()
    for number in range(100):
        province.scan("cho-mau", card, MONDAY + number * 180)
    for _ in range(4):
        province.scan("truong-mau", province.code(), MONDAY + HOUR)
    province.count()
    report = province.report()
    assert [(place.ref, place.most_by_one) for place in report.repeaters] == [("cho-mau", 100)]
    assert (report.area.figures.repeated, report.area.shares.repeated) == (99, 95.1)
    assert report.area.people == 5


def test_coming_and_going_each_day_is_no_repeat(province: Province) -> None:
    someone = province.code()
    for day in range(3):
        province.scan("cho-mau", someone, MONDAY + day * DAY)
        province.scan("cho-mau", someone, MONDAY + day * DAY + HOUR, "out")
        for hour in (2, 3):
            province.scan("truong-mau", someone, MONDAY + day * DAY + hour * HOUR, "both")
    province.scan("truong-mau", someone, MONDAY + 4 * HOUR, "both")
    province.count()
    assert province.report().area.figures.repeated == 1


def test_measured_exits_are_a_share_of_the_stays(province: Province) -> None:
    for number in range(4):
        someone = province.code()
        province.scan("cho-mau", someone, MONDAY + HOUR)
        if number:
            province.scan("cho-mau", someone, MONDAY + 2 * HOUR, "out")
    province.scan("cho-mau", province.code(), MONDAY - HOUR)
    province.derive()
    province.count()
    report = province.report()
    assert (report.area.figures.stays, report.area.figures.exits) == (4, 3)
    assert report.area.shares.exits == 75.0


def test_a_person_with_two_cards_at_two_places_is_one_person(province: Province) -> None:
    card, other = province.code(), province.code()
    province.same_person(card, other)
    province.scan("cho-mau", card, MONDAY)
    province.scan("truong-mau", other, MONDAY)
    province.scan("quan-mau", province.code(), MONDAY)
    province.count()
    report = province.report()
    assert (report.area.people, report.area.figures.scans) == (2, 3)
    assert province.report("01").area.people == 1
    assert province.report("00001").area.people == 1


def test_each_area_counts_what_lies_below_it_against_both_targets(province: Province) -> None:
    province.scan("cho-mau", province.code(), MONDAY)
    province.scan("quan-mau", province.code(), MONDAY)
    province.count()
    whole, below = province.report(), province.report("01")
    assert whole.area.figures == Figures(registered=4, active=2, silent=3, scans=2)
    lines = {line.code: line.figures.registered for line in whole.areas}
    assert lines == {"01": 3, None: 1}
    assert below.area.figures.registered == 3
    assert {line.code: line.figures.registered for line in below.areas} == {
        **{"00001": 2, "00002": 1, "00003": 0},
    }
    full, most = below.area.targets
    assert (full.percent, full.registered, full.active, full.missing) == (100, 2, 0, 2)
    assert (most.percent, most.registered, most.active, most.missing) == (70, 1, 1, 0)
    commune = province.report("00001")
    assert (commune.areas, {place.ref for place in commune.places}) == (
        *([], {"cho-mau", "truong-mau"}),
    )


def test_a_closed_place_and_one_that_came_later_are_not_registered(province: Province) -> None:
    venues = Base.metadata.tables["venues"]
    with province.engine.begin() as connection:
        connection.execute(
            venues.update().where(venues.c.ref == "quan-mau").values(closed_at=MONDAY - 1)
        )
        connection.execute(
            venues.update().where(venues.c.ref == "ubnd-mau").values(created_at=MONDAY + 7 * DAY)
        )
    province.count()
    assert {place.ref for place in province.report().places} == {"cho-mau", "truong-mau"}


def test_counting_again_takes_in_what_came_late(province: Province) -> None:
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    province.scan("cho-mau", province.code(), MONDAY)
    assert province.report().area.figures.scans == 1
    province.count(now=FRIDAY + DAY)
    report = province.report()
    assert (report.area.figures.scans, report.as_of) == (2, "2026-01-10T00:00:00Z")


def test_the_trend_outlives_the_scans(province: Province) -> None:
    someone = province.code()
    for weeks_ago in (0, 1, 3, 9):
        province.scan("cho-mau", someone, MONDAY - weeks_ago * 7 * DAY)
        province.count(WEEK.before(weeks_ago))
    before = province.report("01")
    with province.engine.begin() as connection:
        for name in ("scan_keys", "scans"):
            connection.execute(Base.metadata.tables[name].delete())
        connection.execute(
            insert(LetGoDay).values(
                **{"day": MONDAY // DAY, "begun_ms": 0, "upto": 9, "counts": "{}"},
                **{"proof": bytes(32), "done_ms": 1},
            )
        )
    assert province.report("01") == before
    assert [(point.week, point.figures.scans) for point in before.trend] == [
        *(("2025-W50", 1), ("2025-W52", 1), ("2026-W01", 1)),
    ]
    assert before.trend[0].people == 1
    with pytest.raises(NotCountable, match="2026-W01"):
        province.count()


def test_a_week_whose_scans_were_destroyed_is_not_counted_down_to_nothing(
    province: Province,
) -> None:
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    before = province.report()
    with province.engine.begin() as connection:
        for name in ("scan_keys", "scans"):
            connection.execute(Base.metadata.tables[name].delete())
    province.count(now=FRIDAY + DAY)
    assert province.report() == before


def test_since_when_nobody_scanned_is_known_after_the_scans_are_gone(province: Province) -> None:
    province.heard("cho-mau-1", FRIDAY - 20)
    province.scan("cho-mau", province.code(), MONDAY - 7 * DAY)
    province.count(WEEK.before())
    with province.engine.begin() as connection:
        for name in ("scan_keys", "scans"):
            connection.execute(Base.metadata.tables[name].delete())
    province.count()
    (place,) = [place for place in province.report().silent if place.ref == "cho-mau"]
    assert (place.silence, place.last_day) == ("unused", WEEK.before().monday)


def test_a_week_that_is_not_over_is_said_so_and_one_to_come_is_not_counted(
    province: Province,
) -> None:
    province.count(now=MONDAY + 3 * DAY)
    assert not province.report().whole
    assert not province.report().trend[-1].whole
    with pytest.raises(NotCountable):
        province.count(now=MONDAY - 1)


def test_after_a_merger_old_weeks_are_told_of_what_lies_there_now(province: Province) -> None:
    someone = province.code()
    province.scan("cho-mau", someone, MONDAY)
    province.scan("truong-mau", someone, MONDAY)
    province.count()
    text = (
        "code,level,name,parent,replaces\n00001,commune,Phường Một,01,00002\n"
        "00003,commune,Xã Ba Mới,01,\n"
    )
    with province.engine.execution_options(**database.WRITES).begin() as connection:
        area_import.take(
            connection,
            units.read(text.splitlines(keepends=True)),
            **{"since": FRIDAY, "at_ms": FRIDAY * 1000, "actor": "t"},  # type: ignore[arg-type]
        )
    merged = province.report("00002")
    assert (merged.area.code, merged.area.figures.registered) == ("00001", 3)
    assert merged.area.people is None, "two communes' people cannot be added up"
    renamed = province.report("00003")
    assert (renamed.area.name, renamed.area.people) == ("Xã Ba Mới", None)
    assert province.report("01").area.people == 1


def test_a_unit_that_was_only_renamed_keeps_its_people(province: Province) -> None:
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    text = "code,level,name,parent\n00001,commune,Phường Nhất,01\n"
    with province.engine.execution_options(**database.WRITES).begin() as connection:
        area_import.take(
            connection,
            units.read(text.splitlines(keepends=True)),
            **{"since": FRIDAY, "at_ms": FRIDAY * 1000, "actor": "t"},  # type: ignore[arg-type]
        )
    line = province.report("00001").area
    assert (line.name, line.people) == ("Phường Nhất", 1)


def test_a_report_takes_a_handful_of_queries_however_many_places_there_are(
    province: Province,
) -> None:
    province.count()
    asked: list[str] = []

    @event.listens_for(province.engine, "before_cursor_execute")
    def _asked(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    province.report("01")
    assert len([each for each in asked if each.startswith("SELECT")]) <= 10
    asked.clear()
    province.count()
    assert len([each for each in asked if each.startswith("SELECT")]) <= 14


def test_the_oldest_weeks_go_after_two_years(province: Province) -> None:
    old = WEEK.before(tallies.KEPT_WEEKS + 1)
    places = Base.metadata.tables["place_weeks"]
    province.count(old.before(-1))
    with province.engine.begin() as connection:
        venue_id = connection.scalar(select(func.min(Base.metadata.tables["venues"].c.id)))
        connection.execute(
            insert(Base.metadata.tables["counted_weeks"]).values(
                week=old.number, counted_ms=1, people=0
            )
        )
        zero = ("scans", "people", "repeated", "most_by_one", "stays", "exits")
        connection.execute(
            insert(places).values(
                week=old.number, venue_id=venue_id, silence="", **dict.fromkeys(zero, 0)
            )
        )
    province.count()
    with province.engine.connect() as connection:
        assert list(tallies.counted(connection)) == [old.before(-1), WEEK]
        kept = connection.scalar(select(func.min(PlaceWeek.week)))
    assert kept in (None, WEEK.number)


def test_what_is_not_known_is_said_so(province: Province) -> None:
    with pytest.raises(NotCounted, match="fleet report coverage --week 2026-W01"):
        province.report()
    province.count()
    with pytest.raises(NotKnown, match="known are"):
        province.report("77777")


def test_a_random_week_is_counted_as_plain_python_counts_it(province: Province) -> None:
    chance = random.Random(7)
    codes = [province.code() for _ in range(6)]
    province.same_person(codes[0], codes[1])
    holder = {code: 0 if code == codes[1] else number for number, code in enumerate(codes)}
    seen = []
    for _ in range(150):
        venue = chance.choice(["cho-mau", "truong-mau", "quan-mau"])
        at = MONDAY + chance.randrange(-DAY, 8 * DAY)
        scan = (venue, chance.choice(codes), at, chance.choice(["in", "out", "both"]))
        province.scan(*scan)
        if MONDAY <= at < MONDAY + 7 * DAY:
            seen.append(scan)
    province.count()
    times: dict[str, Counter[tuple[int, int, str]]] = defaultdict(Counter)
    for venue, code, at, way in seen:
        times[venue][code, (at - MONDAY) // DAY, way] += 1
    found = {place.ref: place for place in province.report().places if place.scans}
    assert found.keys() == times.keys()
    for venue, counted in times.items():
        allowed = {key: 2 if key[2] == "both" else 1 for key in counted}
        place = found[venue]
        assert place.scans == counted.total()
        assert place.repeated == sum(max(0, n - allowed[key]) for key, n in counted.items())
        assert place.most_by_one == max(counted.values())
        assert place.people == len({holder[code] for code, _, _ in counted})
    everybody = {holder[code] for _, code, _, _ in seen}
    assert province.report().area.people == len(everybody)
    here = {holder[code] for venue, code, _, _ in seen if venue != "quan-mau"}
    assert province.report("01").area.people == len(here)
