"""What a manager does beside looking: searches, exports, settings, capacity, telling a tracer."""

import csv
import io

from openpyxl import load_workbook
from sqlalchemy import insert, select, update

from fleet_server import database
from fleet_server.auth.permissions import Role
from fleet_server.fleet import kiosks
from fleet_server.models import Area, AuditEntry, Venue
from fleet_server.privacy import remains, retention
from fleet_server.reports.venue_figures import Inside
from fleet_server.web.venue.overview import room
from tests.fleet_server.api.test_v1 import passes
from tests.fleet_server.people import NOW, World, signed_in, submit
from tests.support.world import NOON_MS, store_one_scan

AT = "/venues/cho-mau"
HOUR_MS = 3_600_000


def actions(world: World) -> list[str]:
    with world.engine.connect() as connection:
        return list(connection.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def done(world: World, path: str, data: dict[str, str], *, status: int = 303) -> str:
    """What the manager's page says after a form."""
    client = world.browser("manager")
    answer = submit(client, path, data, page="/account")
    assert answer.status_code == status, answer.text
    return client.get(answer.location).text if status == 303 else answer.text


def test_the_log_is_searched_by_day_time_gate_and_way(world: World) -> None:
    store_one_scan(world.engine, world.market, counter=1)
    store_one_scan(world.engine, world.market, counter=2, at_ms=NOON_MS - HOUR_MS)
    manager = world.browser("manager")

    def rows(query: str) -> int:
        page = manager.get(f"{AT}/log?{query}")
        assert page.status_code == 200
        return page.text.count("<tr data-at=")

    assert rows("") == 2
    assert rows("since=11:30") == 1
    assert rows("until=11:00") == 1
    assert rows("since=11:00&until=12:00") == 2
    assert rows("day=2025-12-31") == 0
    assert rows("way=out") == 0
    assert rows("gate=nowhere") == 0
    assert 'id="live"' in manager.get(f"{AT}/log").text
    assert 'id="live"' not in manager.get(f"{AT}/log?since=11:30").text
    assert "Không có lượt nào khớp" in manager.get(f"{AT}/log?way=out").text
    for bad in ("day=yesterday", "way=up", "since=noon"):
        assert manager.get(f"{AT}/log?{bad}").status_code == 400


def test_what_was_searched_for_is_taken_along_and_on_record(world: World) -> None:
    for counter in range(3):
        store_one_scan(
            world.engine, world.market, counter=counter, at_ms=NOON_MS - counter * HOUR_MS
        )
    manager = world.browser("manager")
    answer = manager.get(f"{AT}/log.csv?since=11:00")
    assert answer.mimetype == "text/csv"
    lines = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert len(lines) == 3
    assert lines[0][1] == "Khách / Visitor"
    book = load_workbook(io.BytesIO(manager.get(f"{AT}/log.xlsx").data))
    assert book.worksheets[0].max_row == 4
    assert actions(world).count("venue.log_exported") == 2
    assert manager.get(f"{AT}/log.pdf").status_code == 404
    assert world.browser("tracer").get(f"{AT}/log.csv").status_code == 403
    assert world.browser("neighbour").get(f"{AT}/log.csv").status_code == 404


def test_a_manager_changes_name_kind_and_capacity(world: World) -> None:
    about = {"name": "Chợ Mẫu mới", "kind": "shop", "capacity": "150"}
    page = done(world, f"{AT}/settings", about)
    assert 'value="Chợ Mẫu mới"' in page
    assert 'value="150"' in page
    assert [each for each in actions(world) if each.startswith("venue.")] == [
        "venue.name",
        "venue.type",
        "venue.capacity",
    ]
    done(world, f"{AT}/settings", about)
    assert actions(world).count("venue.name") == 1, "what is as it was is not written again"
    page = done(world, f"{AT}/settings", about | {"capacity": "many"}, status=400)
    assert 'value="many"' in page
    assert 'role="alert"' in page
    page = done(world, f"{AT}/settings", about | {"kind": "castle"}, status=404)
    assert 'role="alert"' in page
    today = world.browser("manager").get(AT).text
    assert "Sức chứa" in today
    assert "Còn chỗ" in today


def test_opening_hours_are_set_for_the_whole_week(world: World) -> None:
    week = {"mon": "06:00-11:00, 15:00-20:00", "sat": "19:00-02:00"}
    page = done(world, f"{AT}/settings/hours", week)
    assert 'value="06:00-11:00, 15:00-20:00"' in page
    assert 'value="19:00-02:00"' in page
    page = done(world, f"{AT}/settings/hours", {"tue": "from six"}, status=400)
    assert 'value="from six"' in page
    page = done(world, f"{AT}/settings/hours", {"tue": "06:00-12:00, 11:00-13:00"}, status=400)
    assert "overlap" in page


def test_gates_and_rooms_are_added_and_renamed(world: World) -> None:
    page = done(world, f"{AT}/settings/gate", {"ref": "cong-sau", "name": "Cổng sau"})
    assert 'value="Cổng sau"' in page
    rename = {"ref": "cong-sau", "name": "Cổng chợ cá", "do": "rename"}
    assert 'value="Cổng chợ cá"' in done(world, f"{AT}/settings/gate", rename)
    page = done(world, f"{AT}/settings/room", {"ref": "Phòng 1", "name": "Phòng 1"}, status=400)
    assert 'role="alert"' in page
    done(world, f"{AT}/settings/room", {"ref": "phong-1", "name": "Phòng 1"})
    assert done(world, f"{AT}/settings/gate", {"ref": "cong-sau", "name": "x"}, status=409)
    assert done(world, f"{AT}/settings/roof", {"ref": "mai", "name": "Mái"}, status=404)


def test_a_retired_gate_stands_apart_and_stays_in_the_log(world: World) -> None:
    store_one_scan(world.engine, world.market)
    page = done(world, f"{AT}/settings/gate", {"ref": "cong-1", "do": "retire"}, status=409)
    assert "trạm cho-mau-1 đang đặt ở đó" in page
    assert page.count('value="cong-1"') == 1, "the form for another gate stays empty"
    assert "gate.retired" not in actions(world)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        place = kiosks.Place("truong-mau", "in", gate="cong-1")
        kiosks.move(connection, ref="cho-mau-1", place=place, at_ms=NOW * 1000, actor="t")
    page = done(world, f"{AT}/settings/gate", {"ref": "cong-1", "do": "retire"})
    assert "<h3>Ngừng dùng</h3>" in page
    assert 'id="gate-cong-1"' not in page
    manager = world.browser("manager")
    log = manager.get(f"{AT}/log?gate=cong-1").text
    assert log.count("<tr data-at=") == 1
    assert '<option value="cong-1" selected>Cổng 1 (ngừng dùng)</option>' in log
    neighbours = world.browser("neighbour").get("/venues/truong-mau/settings").text
    assert "<h3>Ngừng dùng</h3>" not in neighbours, "its gate of the same reference stays"
    again = {"ref": "cong-1", "name": "Cổng mới"}
    assert "đã có" in done(world, f"{AT}/settings/gate", again, status=409)
    assert done(world, f"{AT}/settings/gate", {"ref": "cong-1", "do": "retire"}, status=409)
    page = done(world, f"{AT}/settings/gate", {"ref": "cong-1", "do": "take-back"})
    assert 'id="gate-cong-1"' in page
    assert "<h3>Ngừng dùng</h3>" not in page
    assert [each for each in actions(world) if each.startswith("gate.")] == [
        "gate.retired",
        "gate.taken_back",
    ]


def test_a_room_where_a_kiosk_stands_is_not_retired(world: World) -> None:
    place = kiosks.Place("cho-mau", "both", room="p-1")
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        kiosks.move(connection, ref="cho-mau-1", place=place, at_ms=NOW * 1000, actor="t")
    retire = {"ref": "p-1", "do": "retire"}
    assert "cho-mau-1" in done(world, f"{AT}/settings/room", retire, status=409)
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        kiosks.revoke(connection, ref="cho-mau-1", reason="hỏng", at_ms=NOW * 1000, actor="t")
    assert "<h3>Ngừng dùng</h3>" in done(world, f"{AT}/settings/room", retire)
    assert done(world, f"{AT}/settings/room", {"ref": "p-9", "do": "retire"}, status=404)


def test_a_venues_own_dwell_goes_before_its_kinds(world: World) -> None:
    assert "1 giờ" in world.browser("manager").get(f"{AT}/settings").text
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(update(Venue).where(Venue.ref == "cho-mau").values(dwell_min=20))
    assert "20 phút" in world.browser("manager").get(f"{AT}/settings").text


def test_an_operator_sets_up_a_venue_and_sees_no_visitor(world: World) -> None:
    operator = world.browser("operator")
    page = operator.get(f"{AT}/settings").text
    assert "Giờ mở cửa" in page
    assert f'href="{AT}/log"' not in page
    assert operator.get(f"{AT}/log").status_code == 403


def test_a_manager_tells_a_tracer_and_sees_the_answer(world: World) -> None:
    passes(world, world.market, "a", (0, "in"))
    told = {"since": "2026-01-01T11:00", "until": "2026-01-01T12:00", "words": "khách ho nhiều"}
    page = done(world, f"{AT}/tell", told)
    assert "khách ho nhiều" in page
    assert "chờ trả lời" in page
    page = done(world, f"{AT}/tell", told | {"until": "2026-01-01T10:00"}, status=400)
    assert "khách ho nhiều" in page
    done(world, f"{AT}/tell", told | {"words": " "}, status=400)
    done(world, f"{AT}/tell", told | {"since": "2026-01-02T11:00"}, status=400)

    tracer = world.browser("tracer")
    assert 'class="badge warn">1<' in tracer.get("/cases").text
    assert "khách ho nhiều" in tracer.get("/told").text
    answer = submit(tracer, "/told/1", {"words": "đưa vào ca CA-1"}, page="/account")
    assert answer.status_code == 303
    assert submit(tracer, "/told/1", {"words": "lần nữa"}, page="/account").status_code == 409
    assert "đưa vào ca CA-1" in world.browser("manager").get(f"{AT}/tell").text
    assert "khách ho" not in world.browser("neighbour").get("/venues/truong-mau/tell").text
    with world.engine.connect() as connection:
        details = " ".join(connection.scalars(select(AuditEntry.detail)))
    assert "ho nhiều" not in details


def test_a_tracer_of_another_area_hears_nothing(world: World) -> None:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        connection.execute(
            insert(Area).values(
                code="T02", level="province", name="Tỉnh Khác", name_en="", valid_from=0
            )
        )
    told = {"since": "2026-01-01T11:00", "until": "2026-01-01T12:00", "words": "khách ho nhiều"}
    done(world, f"{AT}/tell", told)
    far = signed_in(world.stranger(), Role.TRACER, area="T02")
    assert "khách ho" not in far.get("/told").text
    assert submit(far, "/told/1", {"words": "x"}, page="/account").status_code == 404


def test_what_was_told_goes_with_its_days(world: World) -> None:
    told = {"since": "2026-01-01T11:00", "until": "2026-01-01T12:00", "words": "khách ho nhiều"}
    done(world, f"{AT}/tell", told)
    later = (NOW + 40 * 86_400) * 1000
    kept = retention.limit(later, 30)
    with world.engine.connect() as connection:
        assert remains.older(connection, kept)["venue_reports"] == 1
    retention.run(world.engine, keep_days=30, now_ms=later, actor="root")
    with world.engine.connect() as connection:
        assert "venue_reports" not in remains.older(connection, kept)


def test_whether_there_is_room_is_said_no_surer_than_it_is_known() -> None:
    inside = Inside(at=0, certain=5, expected=8, possible=12)
    assert room(inside, None) is None
    said = [room(inside, capacity) for capacity in (5, 8, 12, 13)]
    assert [words[1] for words in said if words] == [
        "Certainly full",
        "Probably full",
        "Possibly full",
        "There is room",
    ]
