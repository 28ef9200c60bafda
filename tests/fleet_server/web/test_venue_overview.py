"""A venue's day at a glance."""

import datetime as dt
import re

from sqlalchemy import event

from fleet_server.reports import venue_figures, venue_log
from fleet_server.times import day_bounds
from tests.fleet_server.api.test_v1 import passes
from tests.fleet_server.people import NOW, World
from tests.support.world import DAY_MS, NOON_MS, store_one_scan

PAGE = "/venues/cho-mau"
MOST_QUERIES = 14


def stats(text: str) -> list[str]:
    return re.findall(r"<dd>(.*?)</dd>", text)


def test_an_empty_day_is_all_noughts(world: World) -> None:
    text = world.browser("manager").get(PAGE).text
    assert stats(text) == ["0", "0", "–"]


def test_who_came_may_still_be_inside(world: World) -> None:
    passes(world, world.market, "a", (40, "in"))
    passes(world, world.market, "b", (10, "in"), (20, "out"))
    text = world.browser("manager").get(PAGE).text
    assert stats(text) == ["0–1", "2", "50%"]
    assert "có lẽ 1" in text


def test_hours_and_days_are_the_venues_own(world: World) -> None:
    midnight = NOON_MS - DAY_MS // 2
    for counter, at_ms in enumerate(
        (midnight - 1, midnight, NOON_MS, NOON_MS + 1, NOON_MS - 13 * DAY_MS), start=1
    ):
        store_one_scan(world.engine, world.market, counter=counter, at_ms=at_ms)
    store_one_scan(world.engine, world.market, counter=9, at_ms=NOON_MS + 2, direction="out")
    store_one_scan(world.engine, world.market, counter=10, at_ms=NOON_MS - 14 * DAY_MS)
    with world.engine.connect() as connection:
        where = venue_log.venue(connection, "cho-mau")
        day = where.today(NOW)
        came = venue_figures.came(
            where,
            day,
            venue_figures.before(connection, where, day),
            venue_figures.by_hour(connection, where, day, day),
        )
    assert {hour: count for hour, count in enumerate(came.hours) if count} == {0: 1, 12: 2}
    assert [count for _, count in came.days] == [1, *[0] * 11, 1, 3]


def test_where_clocks_are_half_an_hour_off_everybody_is_counted_in_their_day_and_hour(
    world: World,
) -> None:
    with world.engine.connect() as connection:
        where = venue_log.venue(connection, "cho-mau")._replace(timezone="Asia/Kolkata")
    day = where.today(NOW)
    (first, _), (midnight, _) = (
        day_bounds(each, where.zone) for each in (day - dt.timedelta(days=13), day)
    )
    for counter, at in enumerate(
        (first, midnight - 1, midnight, midnight + 3599, midnight + 3600), start=1
    ):
        store_one_scan(world.engine, world.market, counter=counter, at_ms=at * 1000)
    with world.engine.connect() as connection:
        before = venue_figures.before(connection, where, day)
        on = venue_figures.by_hour(connection, where, day, day)
    came = venue_figures.came(where, day, before, on)
    assert [count for _, count in came.days] == [1, *[0] * 11, 1, 3]
    assert came.hours[:3] == [2, 1, 0]


def test_a_neighbour_sees_none_of_it(world: World) -> None:
    assert world.browser("neighbour").get(PAGE).status_code == 404


def test_the_figures_are_written_as_the_reader_writes_them(world: World) -> None:
    browser = world.browser("manager")
    assert "thứ năm, 01/01/2026" in browser.get(PAGE).text.lower()
    assert "Thursday, 1 January 2026" in browser.get(f"{PAGE}?lang=en").text


def test_it_takes_few_queries_however_many_came(world: World) -> None:
    for counter in range(1, 40):
        store_one_scan(world.engine, world.market, counter=counter, at_ms=NOON_MS + counter)
    browser = world.browser("manager")
    browser.get(PAGE)
    asked: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
    browser.get(PAGE)
    queries = [each for each in asked if each not in ("BEGIN", "BEGIN IMMEDIATE")]
    assert 0 < len(queries) <= MOST_QUERIES, queries
