"""What those who look after the kiosks see: trouble first, and no visitor."""

import re

from sqlalchemy import insert, select, update

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.fleet import areas
from fleet_server.models import Alarm, Kiosk, Outage, Posting, Presence, Venue
from fleet_server.web.fleet.kiosks import PAGE
from tests.fleet_server.people import NOW, World, signed_in
from tests.support.queries import counted
from tests.support.world import another_kiosk, store_one_scan
from wire import codec, presence
from wire.presence import About, Health


def hear(world: World, kiosk: str, *, ago_s: int = 5, state: str = presence.READY) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            insert(Presence).values(
                kiosk_id=connection.scalar(select(Kiosk.id).where(Kiosk.ref == kiosk)),
                state=state,
                session="s",
                since_ms=0,
                heard_ms=(NOW - ago_s) * 1000,
                health=codec.encode(Health(queue_depth=0, uptime_s=7200, synced=True, fps=15.0)),
                about=codec.encode(About(model="Pi 4", version="0.1.0", direction="in")),
            )
        )


def listed(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/fleet/kiosks/([^"]+)"', text)


def test_the_silent_come_first_with_since_when(world: World) -> None:
    another_kiosk(world.engine, world.market, kiosk="cho-mau-2")
    hear(world, "cho-mau-1")
    hear(world, "truong-mau-1", ago_s=7200)
    text = world.browser("operator").get("/fleet").text
    assert listed(text) == ["truong-mau-1", "cho-mau-2", "cho-mau-1"]
    assert "2 giờ trước" in text
    assert "Mất liên lạc" in text


def test_a_switched_off_one_is_not_called_silent(world: World) -> None:
    hear(world, "cho-mau-1", ago_s=60, state=presence.DISCONNECTED)
    hear(world, "truong-mau-1")
    text = world.browser("operator").get("/fleet?state=disconnected").text
    assert listed(text) == ["cho-mau-1"]


def test_filters_narrow_and_an_empty_list_says_what_to_do(world: World) -> None:
    browser = world.browser("operator")
    assert listed(browser.get("/fleet?venue=truong-mau").text) == ["truong-mau-1"]
    assert "fleet kiosk create" in browser.get("/fleet?area=99999").text


def test_who_works_in_an_area_sees_its_kiosks_only(world: World) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        areas.create(
            connection, code="01", name="Mẫu", level="province", parent=None, at_ms=1, actor="t"
        )
        here = areas.in_force(connection, "01")
        connection.execute(update(Venue).where(Venue.ref == "cho-mau").values(area_id=here))
    browser = signed_in(world.stranger(), Role.FLEET_OPERATOR, area="01")
    assert listed(browser.get("/fleet").text) == ["cho-mau-1"]
    assert browser.get("/fleet/kiosks/cho-mau-1").status_code == 200
    assert browser.get("/fleet/kiosks/truong-mau-1").status_code == 404


def test_long_lists_come_in_pages(world: World) -> None:
    for number in range(2, 2 * PAGE - 10):
        another_kiosk(world.engine, world.market, kiosk=f"cho-mau-{number}")
    browser = world.browser("operator")
    first = browser.get("/fleet").text
    assert len(listed(first)) == PAGE
    assert f"offset={PAGE}" in first
    rest = listed(browser.get(f"/fleet?offset={PAGE}").text)
    assert len(set(listed(first)) | set(rest)) == 2 * PAGE - 10


def test_a_kiosk_posted_nowhere_is_listed_and_a_revoked_one_is_not(world: World) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            update(Posting)
            .where(Posting.venue_id == world.school.venue_id)
            .values(valid_to=NOW - 5)
        )
        connection.execute(update(Kiosk).where(Kiosk.ref == "cho-mau-1").values(revoked_at=NOW - 5))
    text = world.browser("operator").get("/fleet").text
    assert listed(text) == ["truong-mau-1"]
    assert "Chưa đặt ở đâu" in text


def test_one_kiosk_says_what_it_last_said(world: World) -> None:
    hear(world, "cho-mau-1")
    text = world.browser("operator").get("/fleet/kiosks/cho-mau-1").text
    for told in ("Pi 4", "0.1.0", "2 giờ", "Cổng 1", "Hoạt động"):
        assert told in text
    missing = world.browser("operator").get("/fleet/kiosks/nobody")
    assert (missing.status_code, "nobody" in missing.text) == (404, True)


def test_no_visitor_is_seen(world: World) -> None:
    store_one_scan(world.engine, world.market)
    browser = world.browser("operator")
    for path in ("/fleet", "/fleet/kiosks/cho-mau-1"):
        assert "N***" not in browser.get(path).text
    assert browser.get("/venues/cho-mau").status_code == 403
    assert world.browser("manager").get("/fleet").status_code == 403


def test_the_bar_shows_what_one_may_open(world: World) -> None:
    operator, manager = world.browser("operator"), world.browser("manager")
    assert 'href="/fleet" aria-current="true"' in operator.get("/fleet").text
    assert "/coverage" in operator.get("/fleet").text
    text = manager.get("/", follow_redirects=True).text
    assert "cho-mau" in text
    assert "/fleet" not in text
    assert "/coverage" not in text


def test_a_kiosks_page_says_when_it_scanned_and_what_came_late(world: World) -> None:
    hear(world, "cho-mau-1")
    store_one_scan(
        world.engine, world.market, counter=1, at_ms=(NOW - 7200) * 1000, late_ms=3_600_000
    )
    store_one_scan(world.engine, world.market, counter=2, at_ms=(NOW - 60) * 1000)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            insert(Alarm).values(
                kind="camera",
                detail="no picture",
                raised_ms=NOW * 1000,
                kiosk_id=connection.scalar(select(Kiosk.id).where(Kiosk.ref == "cho-mau-1")),
            )
        )
    text = world.browser("operator").get("/fleet/kiosks/cho-mau-1").text
    assert "2 lượt, 1 đến trễ" in text
    assert "no picture" in text
    assert text.count('class="bar-fill"') == 1 + 1, "the key, and what came at once"
    other = world.browser("operator").get("/fleet/kiosks/truong-mau-1").text
    assert "0 lượt" in other
    assert "no picture" not in other


def test_one_kiosk_costs_the_same_in_a_large_fleet(world: World) -> None:
    browser = world.browser("operator")
    for number in range(2, 12):
        another_kiosk(world.engine, world.market, kiosk=f"cho-mau-{number}")
    browser.get("/fleet/kiosks/cho-mau-1")

    with counted(world.engine) as asked:
        assert browser.get("/fleet/kiosks/cho-mau-1").status_code == 200
        assert browser.get("/fleet").status_code == 200
    assert len(asked) < 16, "\n".join(asked)


def test_a_kiosks_page_says_when_it_was_away(world: World) -> None:
    hear(world, "cho-mau-1", ago_s=3600)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        kiosk = connection.scalar(select(Kiosk.id).where(Kiosk.ref == "cho-mau-1"))
        for days, state in ((1, presence.DISCONNECTED), (3, presence.READY), (9, presence.READY)):
            since_ms = (NOW - days * 86_400) * 1000
            until_ms = since_ms + 5_400_000
            connection.execute(
                insert(Outage).values(
                    kiosk_id=kiosk, since_ms=since_ms, until_ms=until_ms, state=state
                )
            )
    operator = world.browser("operator")
    text = operator.get("/fleet/kiosks/cho-mau-1").text
    assert "Những lần không nghe thấy: 3" in text, "today's and two of the last week"
    assert text.count('class="away"') == 3 + 1, "and the key"
    rows = re.findall(r'class="away" x="[^"]+" width="[^"]+" y="(\d+)"', text)
    assert rows == ["3", str(3 + 22), str(3 + 3 * 22)], "a line for each day, today's on top"
    assert text.index("tới giờ") < text.index("đã tắt")
    assert "1 giờ 30 phút" in text
    other = operator.get("/fleet/kiosks/truong-mau-1").text
    assert "Không lần nào quá 5 phút" in other
