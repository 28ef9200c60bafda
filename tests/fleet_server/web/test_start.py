"""The first page: one's only venue, or a list to choose and search in."""

import re
import unicodedata

import pytest
from sqlalchemy import insert, select

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.fleet import registry
from fleet_server.models import Venue, VenueType
from tests.fleet_server.people import World, signed_in
from tests.support.queries import counted


def more_venues(world: World, count: int, *, since: int = 0) -> None:
    """`Chợ thử 000` and so on (from the number `since`), without gates or kiosks."""
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        kind = connection.scalar(select(VenueType.id).where(VenueType.code == "market"))
        values = [
            {"ref": f"cho-thu-{number:03}", "name": f"Chợ thử {number:03}"}
            | {"type_id": kind, "timezone": "Asia/Ho_Chi_Minh", "created_at": 1}
            for number in range(since, since + count)
        ]
        connection.execute(insert(Venue), values)


def listed(text: str) -> list[str]:
    return re.findall(r'<a href="/venues/([a-z0-9-]+)"><span>', text)


def test_who_runs_one_venue_is_led_to_its_day(world: World) -> None:
    answer = world.browser("manager").get("/")
    assert (answer.status_code, answer.location) == (303, "/venues/cho-mau")


def test_who_runs_several_chooses_and_needs_no_search(world: World) -> None:
    browser = signed_in(world.stranger(), Role.VENUE_MANAGER, venues=["cho-mau", "truong-mau"])
    text = browser.get("/").text
    assert listed(text) == ["cho-mau", "truong-mau"]
    assert 'name="q"' not in text
    assert listed(browser.get("/?q=truong").text) == ["truong-mau"]


def test_a_tracer_reaches_every_venue_page_by_page(world: World) -> None:
    more_venues(world, 230)
    browser, found, path = world.browser("tracer"), [], "/"
    while path:
        text = browser.get(path).text
        found.append(listed(text))
        onward = re.search(r'<a href="([^"]+)" rel="next">', text)
        path = onward.group(1) if onward else ""
    assert [len(each) for each in found] == [100, 100, 32]
    assert len({ref for each in found for ref in each}) == 232


@pytest.mark.parametrize(
    "name", ["Chợ Đông Ba ẤP 2", unicodedata.normalize("NFD", "Chợ Đông Ba ẤP 2")]
)
def test_a_venue_is_found_however_its_name_is_typed(world: World, name: str) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        registry.rename(connection, venue="truong-mau", name=name, at_ms=1, actor="root")
    browser = world.browser("tracer")
    typed = ("chợ đông ba", "CHỢ ĐÔNG", "cho dong ba", "ấp 2", "Đông")
    for words in (*typed, *(unicodedata.normalize("NFD", each) for each in typed)):
        assert listed(browser.get("/", query_string={"q": words}).text) == ["truong-mau"], words
    assert not listed(browser.get("/?q=dung").text)


def test_venues_are_found_by_name_and_reference(world: World) -> None:
    more_venues(world, 120)
    browser = world.browser("tracer")
    assert listed(browser.get("/", query_string={"q": "Chợ thử 077"}).text) == ["cho-thu-077"]
    assert listed(browser.get("/?q=THU-04").text) == [f"cho-thu-04{digit}" for digit in range(10)]
    for none in ("%", "_", "nowhere"):
        text = browser.get("/", query_string={"q": none}).text
        assert listed(text) == []
        assert "Không có địa điểm nào khớp" in text
    text = browser.get("/?q=thu").text
    assert re.search(r'href="/\?offset=100&amp;q=thu" rel="next"', text)


def test_a_search_finds_nothing_beyond_ones_own(world: World) -> None:
    browser = signed_in(world.stranger(), Role.VENUE_MANAGER, venues=["cho-mau", "truong-mau"])
    more_venues(world, 3)
    assert listed(browser.get("/?q=cho-").text) == ["cho-mau"]
    alone = world.browser("manager")
    assert listed(alone.get("/?q=truong").text) == []


def test_many_venues_ask_the_database_no_more_than_few(world: World) -> None:
    browser = world.browser("tracer")
    browser.get("/")
    with counted(world.engine) as few:
        browser.get("/")
    more_venues(world, 150)
    with counted(world.engine) as many:
        browser.get("/")
    assert len(many) == len(few) < 10


def test_a_tracers_work_comes_first(world: World) -> None:
    text = world.browser("tracer").get("/").text
    main = text[text.index("<main") :]
    assert main.index('href="/cases"') < main.index('href="/told"') < main.index("/venues/")
    several = signed_in(world.stranger(), Role.VENUE_MANAGER, venues=["cho-mau", "truong-mau"])
    assert "/cases" not in several.get("/").text
