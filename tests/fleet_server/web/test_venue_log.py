"""Today's log of a venue."""

import html
import re

import pytest
from sqlalchemy import insert

from fleet_server import database
from fleet_server.models import Scan
from fleet_server.reports import venue_log
from tests.fleet_server.people import World
from tests.support.world import DAY_MS, NOON_MS, store_companions, store_one_scan

LOG = "/venues/cho-mau/log"


def labels_of(text: str) -> list[str]:
    return re.findall(r'<td class="anywhere"><strong>(.*?)</strong>', text)


def times_of(text: str) -> list[str]:
    found = re.findall(r'<td class="nowrap"><time[^>]*>(.*?)</time>', text)
    return [re.sub(r"<[^>]*>", "", time) for time in found]


def test_an_empty_log_says_what_will_come(world: World) -> None:
    text = world.browser("manager").get(LOG).text
    assert "Hôm nay chưa có lượt nào" in text
    assert "01/01/2026" in text


def test_it_shows_time_gate_direction_and_the_masked_label(world: World) -> None:
    store_one_scan(world.engine, world.market)
    store_one_scan(world.engine, world.market, counter=2, at_ms=NOON_MS + 61_000, direction="out")
    store_one_scan(world.engine, world.market, counter=3, at_ms=NOON_MS + 62_000, direction="odd")
    text = world.browser("manager").get(LOG).text
    assert times_of(text) == ["12:01:02", "12:01:01", "12:00:00"]
    assert labels_of(text) == ["N*** V*** M***"] * 3
    assert text.count("Cổng 1 · Phòng 1") == 3
    assert re.findall(r"</span> (Vào|Ra|Qua)\b", text) == ["Qua", "Ra", "Vào"]
    assert re.findall(r"<dd>(\d+)</dd>", text) == ["1", "1", "1"]
    english = world.browser("manager").get(f"{LOG}?lang=en").text
    assert re.findall(r"</span> (In|Out|Through)\b", english) == ["Through", "Out", "In"]


def test_it_names_nobody_and_gives_no_reference(world: World) -> None:
    store_one_scan(world.engine, world.market)
    browser = world.browser("manager")
    for path in (LOG, f"{LOG}/new?after=0"):
        assert not re.search(r"\bP\d+\b|person|credential|pseudonym", browser.get(path).text)


def test_it_is_of_the_venues_own_day_only(world: World) -> None:
    midnight = NOON_MS - DAY_MS // 2
    for counter, at_ms in enumerate(
        (midnight - 1, midnight, midnight + DAY_MS - 1, midnight + DAY_MS), start=1
    ):
        store_one_scan(world.engine, world.market, counter=counter, at_ms=at_ms)
    store_one_scan(world.engine, world.school, at_ms=NOON_MS)
    assert times_of(world.browser("manager").get(LOG).text) == ["23:59:59", "00:00:00"]


def test_an_estimated_time_is_marked(world: World) -> None:
    scan_id = store_one_scan(world.engine, world.market)
    assert "≈" not in world.browser("manager").get(LOG).text
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        row = connection.execute(Scan.__table__.select().where(Scan.id == scan_id)).one()
        changed = dict(row._mapping) | {"counter": 2, "synced": False, "latest_ms": NOON_MS + 5000}
        del changed["id"]
        connection.execute(insert(Scan).values(**changed))
    assert world.browser("manager").get(LOG).text.count("≈") == 1


def test_what_arrived_since_comes_without_reload(world: World) -> None:
    first = store_one_scan(world.engine, world.market)
    browser = world.browser("manager")
    assert f'data-last="{first}"' in browser.get(LOG).text
    assert times_of(browser.get(f"{LOG}/new?after={first}").text) == []
    # Delivered late: earlier in time, later in arrival.
    late = store_one_scan(world.engine, world.market, counter=2, at_ms=NOON_MS - 60_000)
    text = browser.get(f"{LOG}/new?after={first}").text
    assert times_of(text) == ["11:59:00"]
    assert f'data-last="{late}"' in text
    assert re.findall(r"<dd>(\d+)</dd>", text) == ["2", "0"]


def test_older_lines_are_on_further_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue_log, "PAGE", 3)
    for counter in range(1, 9):
        at_ms = NOON_MS + 1000 * (counter // 2)
        store_one_scan(world.engine, world.market, counter=counter, at_ms=at_ms)
    browser, path, seen = world.browser("manager"), LOG, []
    for _ in range(3):
        text = browser.get(path).text
        seen += re.findall(r'data-id="(\d+)"', text)
        found = re.search(r'<p><a href="([^"]*before=[^"]*)"', text)
        path = html.unescape(found[1]) if found else ""
    assert path == ""
    assert len(seen) == len(set(seen)) == 8


def test_who_reads_on_after_midnight_reads_on_in_the_same_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venue_log, "PAGE", 1)
    first, _ = (
        store_one_scan(world.engine, world.market, counter=counter, at_ms=NOON_MS + counter)
        for counter in (1, 2)
    )
    text = world.browser("manager").get(LOG).text
    (older,) = re.findall(r'<p><a href="([^"]*before=[^"]*)"', text)
    (sheet,) = re.findall(r'href="([^"]+log\.csv[^"]*)"', text)
    world.clock.now += 86_400
    browser = world.browser("manager")
    assert f'data-id="{first}"' in browser.get(html.unescape(older)).text
    assert len(browser.get(html.unescape(sheet)).text.splitlines()) == 3


@pytest.mark.parametrize("query", ["?before=x", "?before=1", "?before=1-", "?before=-1-2"])
def test_a_page_that_makes_no_sense_is_refused(world: World, query: str) -> None:
    assert world.browser("manager").get(LOG + query).status_code == 400


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 19])
def test_a_place_in_the_log_that_makes_no_sense_is_refused(world: World, after: str) -> None:
    assert world.browser("manager").get(f"{LOG}/new?after={after}").status_code == 400


def test_a_hostile_label_stays_text(world: World) -> None:
    scan_id = store_one_scan(world.engine, world.market)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        row = connection.execute(Scan.__table__.select().where(Scan.id == scan_id)).one()
        changed = dict(row._mapping) | {"counter": 2, "label": "<script>alert(1)</script>"}
        del changed["id"]
        connection.execute(insert(Scan).values(**changed))
    text = world.browser("manager").get(LOG).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_companions_stand_beside_their_scan_and_count_as_people(world: World) -> None:
    for counter, direction in ((1, "in"), (2, "out"), (3, "in")):
        store_one_scan(world.engine, world.market, counter=counter, direction=direction)
    for counter, of, change in ((4, 1, 1), (5, 1, 1), (6, 2, 1), (7, 3, 1), (8, 3, -1)):
        store_companions(world.engine, world.market, of=of, change=change, counter=counter)
    text = world.browser("manager").get(LOG).text
    assert re.findall(r'<span class="companions"[^>]*>(.*?)</span>', text) == ["+1", "+2"]
    assert re.findall(r"<dd>(\d+)</dd>", text) == ["4", "2"]


def test_companions_that_come_later_come_without_reload(world: World) -> None:
    first = store_one_scan(world.engine, world.market)
    browser, now_ms = world.browser("manager"), int(world.clock.now * 1000)
    store_companions(world.engine, world.market, of=1, counter=2, at_ms=now_ms)
    text = browser.get(f"{LOG}/new?after={first}").text
    assert re.findall(r'data-id="(\d+)"', text) == [str(first)]
    assert ">+1</span>" in text
    assert f'data-last="{first}"' in text
    world.clock.now += 600
    assert "+1" not in browser.get(f"{LOG}/new?after={first}").text
