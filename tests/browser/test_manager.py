"""A venue's manager at work: searches the log, sets the venue up, tells a tracer; an operator."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.models import Outage
from tests.browser.doors import enter
from tests.fleet_server.api.test_v1 import passes
from tests.fleet_server.people import PEOPLE, World, add_account
from tests.fleet_server.web.test_fleet_kiosks import hear
from tests.fleet_server.web.test_start import more_venues
from tests.support.brokers import mosquitto
from tests.support.browser import Reader
from tests.support.ingest import IngestProcess, KioskClient, make_keys
from tests.support.programs import wait_until
from tests.support.records import make_batch, make_kiosk_record, tracing_part
from tests.support.world import NOON_MS, store_one_scan
from wire.presence import DISCONNECTED, ONLINE, READY

pytestmark = pytest.mark.slow
AT = "/venues/cho-mau"


def somebody(reader: Reader, world: World, who: str) -> Reader:
    role, venue = PEOPLE[who]
    login = add_account(world.app, role, venues=[venue] if venue else [])
    return enter(reader, world.app, login, role)


def test_a_manager_sets_the_venue_up(reader: Callable[..., Reader], world: World) -> None:
    passes(world, world.market, "a", (0, "in"), (30, "out"))
    passes(world, world.market, "b", (45, "in"))
    hear(world, "cho-mau-1")
    manager = somebody(reader(), world, "manager")
    page = manager.open(f"{AT}/settings")
    page.get_by_label("Sức chứa").fill("2")
    page.get_by_role("button", name="Ghi", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi")
    page.get_by_label("Thứ Hai").fill("06:00-18:00")
    page.get_by_role("button", name="Ghi giờ").click()
    expect(page.get_by_label("Thứ Hai")).to_have_value("06:00-18:00")
    page.locator("#gate-name").fill("Cổng sau")
    page.locator("#gate-ref").fill("cong-sau")
    page.locator("section", has_text="Thêm cửa").get_by_role("button", name="Thêm").click()
    expect(page.get_by_label("cong-sau")).to_have_value("Cổng sau")
    old = page.locator("form.row", has=page.get_by_label("p-1"))
    old.get_by_role("button", name="Ngừng dùng").click()
    expect(page.get_by_role("heading", name="Ngừng dùng")).to_be_visible()
    page = manager.open(f"{AT}/log")
    page.get_by_role("link", name="Ghi là người làm việc ở đây").first.click()
    page.get_by_label("Làm gì ở đây").fill("bán rau")
    page.get_by_role("button", name="Ghi", exact=True).click()
    expect(page.get_by_role("row", name="bán rau")).to_be_visible()
    manager.look(f"{AT}/staff", "venue-staff")
    manager.look(f"{AT}/settings", "venue-settings")
    manager.look(AT, "venue-capacity")


def test_a_manager_searches_exports_and_tells(reader: Callable[..., Reader], world: World) -> None:
    store_one_scan(world.engine, world.market, counter=1)
    store_one_scan(world.engine, world.market, counter=2, at_ms=NOON_MS - 3_600_000)
    manager = somebody(reader(), world, "manager")
    page = manager.open(f"{AT}/log")
    page.get_by_text("Tìm theo ngày, giờ, cửa").click()
    page.get_by_label("Từ", exact=True).fill("11:30")
    page.get_by_role("button", name="Tìm").click()
    expect(page.locator("#log tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename == "so-ra-vao-cho-mau-2026-01-01.xlsx"
    manager.look(f"{AT}/log?since=11:30", "venue-log-search")
    page = manager.open(f"{AT}/log?since=11:30")
    page.get_by_role("link", name="Báo truy vết về lượt").click()
    expect(page.get_by_label("Từ lúc")).to_have_value("2026-01-01T11:30")
    page.get_by_label("Chuyện gì").fill("khách ho nhiều, xin hướng dẫn")
    page.get_by_role("button", name="Báo", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Đã báo")
    manager.look(f"{AT}/tell", "venue-tell")

    tracer = somebody(reader(), world, "tracer")
    tracer.look("/told", "told")
    theirs = tracer.open("/told")
    theirs.get_by_placeholder("Đã làm gì").fill("đã gọi lại, không có dấu hiệu")
    theirs.get_by_role("button", name="Trả lời").click()
    expect(theirs.get_by_role("status")).to_contain_text("Đã trả lời")
    expect(manager.open(f"{AT}/tell").get_by_text("đã gọi lại")).to_be_visible()


def test_what_kiosks_send_through_a_broker_appears_in_the_log_by_itself(
    reader: Callable[..., Reader], world: World, sqlite_url: str, tmp_path: Path
) -> None:
    world.clock.now = time.time()
    keys = make_keys(tmp_path)

    def scan(counter: int, direction: str) -> bytes:
        now_ms = time.time_ns() // 1_000_000
        part = tracing_part(("card", f"{(counter + 1) // 2:032x}"), label="T*** V***")
        return make_kiosk_record(
            keys, counter=counter, part=part, wall_ms=now_ms, direction=direction
        )

    with (
        mosquitto() as broker,
        IngestProcess(tmp_path, broker.url, sqlite_url),
        KioskClient(broker) as kiosk,
    ):
        wait_until(lambda: ONLINE in [each.state for each in kiosk.server], what="the ingest")
        manager = somebody(reader(), world, "manager")
        page = manager.open(f"{AT}/log")
        expect(page.locator("#empty")).to_be_visible()
        kiosk.say("scans", make_batch([scan(1, "in"), scan(2, "out"), scan(3, "in")]))
        kiosk.receipted([1, 2, 3])
        rows = page.locator("#log tbody tr")
        expect(rows).to_have_count(3, timeout=20_000)
        expect(rows.first).to_contain_text("T*** V***")
        kiosk.say("scans", make_batch([scan(5, "in")]))
        expect(rows).to_have_count(4, timeout=20_000)
    world.clock.now = time.time()
    inside = manager.open(AT).locator(".stat", has_text="Đang ở trong")
    expect(inside).to_contain_text("2")


def test_who_runs_several_venues_chooses_and_a_tracer_searches(
    reader: Callable[..., Reader], world: World
) -> None:
    login = add_account(world.app, Role.VENUE_MANAGER, venues=["cho-mau", "truong-mau"])
    manager = enter(reader(), world.app, login, Role.VENUE_MANAGER)
    manager.look("/", "start")
    more_venues(world, 120)
    tracer = somebody(reader(), world, "tracer")
    tracer.look("/", "start-many")
    page = tracer.open("/")
    page.get_by_role("link", name="Trang sau").click()
    page.get_by_label("Tên hoặc mã địa điểm").fill("trường thử")
    page.get_by_role("button", name="Tìm").click()
    expect(page.get_by_text("Không có địa điểm nào khớp")).to_be_visible()
    page.get_by_label("Tên hoặc mã địa điểm").fill("Chợ thử 077")
    page.get_by_role("button", name="Tìm").click()
    page.get_by_role("link", name="cho-thu-077").click()
    expect(page.get_by_role("heading", name="Chợ thử 077")).to_be_visible()


def test_an_operator_looks_at_one_kiosk(reader: Callable[..., Reader], world: World) -> None:
    hear(world, "cho-mau-1")
    for counter in range(6):
        at_ms = NOON_MS - counter * 3_600_000
        store_one_scan(
            world.engine, world.market, counter=counter, at_ms=at_ms, late_ms=counter % 2 * 900_000
        )
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        for hours, state in ((10, READY), (36, DISCONNECTED), (60, DISCONNECTED)):
            since_ms = NOON_MS - hours * 3_600_000
            connection.execute(
                insert(Outage).values(
                    kiosk_id=world.market.kiosk_id,
                    since_ms=since_ms,
                    until_ms=since_ms + 4 * 3_600_000,
                    state=state,
                )
            )
    operator = somebody(reader(), world, "operator")
    operator.look("/fleet/kiosks/cho-mau-1", "fleet-kiosk-hours")
