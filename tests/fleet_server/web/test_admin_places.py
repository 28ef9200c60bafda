"""Areas, rules, roles and settings at an administrator's pages."""

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from fleet_server.auth.permissions import GRANTS, Permission, Role
from fleet_server.models import Area
from fleet_server.tracing import rulebook
from fleet_server.web.role_words import PERMISSIONS
from tests.fleet_server.people import ORIGIN, World, add_account, submit, token_of
from tests.fleet_server.web.test_admin_people import administrator, last_line, make_areas
from tests.support.queries import counted

LIST = (
    "code,level,name,name_en,parent,replaces\n"
    "01,province,Nơi 01,,,\n"
    "00004,commune,Phường Mới,New Ward,01,00008\n"
    "00012,commune,Xã Thêm,,01,\n"
)
BEFORE = (
    "code,level,name,name_en,parent,replaces\n"
    "01,province,Nơi 01,,,\n00004,commune,Nơi 00004,,01,\n00008,commune,Phường Cũ,,01,\n"
)


def look(client: FlaskClient, content: str | bytes, **given: str) -> TestResponse:
    """What a list would change."""
    raw = content if isinstance(content, bytes) else content.encode()
    data = {"csrf_token": token_of(client), "list": (io.BytesIO(raw), "units.csv"), **given}
    return client.post("/admin/areas/preview", data=data, headers=ORIGIN)


def hidden(page: str) -> str:
    found = re.search(r'<textarea name="list" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, page
    return found[1]


def count(world: World) -> int:
    with world.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Area)) or 0


def test_a_list_is_looked_at_then_taken(world: World) -> None:
    admin = administrator(world)
    first = look(admin, BEFORE, since="2025-01-01")
    assert count(world) == 0
    taken = submit(admin, "/admin/areas", {"list": hidden(first.text), "since": "2025-01-01"})
    assert taken.status_code == 303
    assert count(world) == 3
    page = look(admin, LIST, since="2025-07-01").text
    assert "00012" in page
    assert "00008" in page
    assert count(world) == 3
    submit(admin, "/admin/areas", {"list": hidden(page), "since": "2025-07-01"})
    assert (last_line(world).actor, last_line(world).action) == ("quan-tri", "areas.imported")
    merged = admin.get("/admin/areas/00008").text
    assert "Đã kết thúc" in merged
    assert "/admin/areas/00004" in merged
    renamed = admin.get("/admin/areas/00004").text
    assert "Phường Mới" in renamed
    assert "Nơi 00004" in renamed
    inside = admin.get("/admin/areas/01").text
    assert "Xã Thêm" in inside
    assert "Phường Cũ" not in inside


@pytest.mark.parametrize(
    ("content", "given", "said"),
    [
        ("code,level\n1,x\n", {}, "thiếu cột"),
        (LIST, {}, "no such area was ever written down"),
        (b"code,\xff\xfe", {}, "không phải UTF-8"),
        (LIST, {"since": "tomorrow"}, "tomorrow"),
    ],
)
def test_a_list_that_does_not_fit_is_told_by_line_and_nothing_written(
    world: World, content: str | bytes, given: dict[str, str], said: str
) -> None:
    answer = look(administrator(world), content, **given)
    assert answer.status_code == 400
    assert said in answer.text
    assert count(world) == 0


def test_areas_are_found_by_code_and_by_name(world: World) -> None:
    admin = administrator(world)
    make_areas(world)
    assert "/admin/areas/00004" in admin.get("/admin/areas?text=00004").text
    assert "/admin/areas/79" in admin.get("/admin/areas?text=nơi 79".replace(" ", "%20")).text
    assert "/admin/areas/79" in admin.get("/admin/areas?text=NOI+79").text
    assert "Không tìm thấy" in admin.get("/admin/areas?text=%25").text
    tops = admin.get("/admin/areas").text
    assert "/admin/areas/01" in tops
    assert "/admin/areas/00004" not in tops
    assert admin.get("/admin/areas/99").status_code == 404


def test_only_administrators_of_everything_change_what_holds_everywhere(world: World) -> None:
    make_areas(world)
    local = administrator(world, area="01", login="quan-tri-01")
    before = count(world)
    assert look(local, BEFORE).status_code == 403
    assert submit(local, "/admin/areas", {"list": BEFORE}).status_code == 403
    assert submit(local, "/admin/rules", {"version": "2026-2"}).status_code == 403
    assert count(world) == before
    assert "Nhập danh mục" not in local.get("/admin/areas").text


def terms(page: str) -> dict[str, str]:
    """What the form says before anybody changes it."""
    form = page[page.index('action="/admin/rules"') :]
    found = dict(re.findall(r'name="([a-z_-]+)" type="number" value="(\d+)"', form))
    assert len(found) > 10
    return found


def test_a_new_version_is_in_force_and_the_old_one_as_it_was(world: World) -> None:
    admin = administrator(world)
    given = terms(admin.get("/admin/rules").text)
    with world.engine.connect() as connection:
        (before,) = rulebook.listed(connection)
    changed = {**given, "linger_min": "25", "dwell-market": "70", "version": "2026-2"}
    assert submit(admin, "/admin/rules", changed).status_code == 303
    with world.engine.connect() as connection:
        old, new = rulebook.listed(connection)
    assert old == before
    assert (new.version, new.made_by) == ("2026-2", "quan-tri")
    assert (new.terms.linger_min, new.terms.dwell_min["market"]) == (25, 70)
    assert new.terms.days_before == old.terms.days_before
    page = admin.get("/admin/rules").text
    assert page.index("2026-2") < page.index("2026-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "2026-1"},
        {"version": "mới nhất"},
        {"linger_min": "-1"},
        {"linger_min": ""},
        {"days_before": "999"},
        {"dwell-market": "²"},
    ],
)
def test_a_rule_that_makes_no_sense_is_not_written(world: World, wrong: dict[str, str]) -> None:
    admin = administrator(world)
    given = {**terms(admin.get("/admin/rules").text), "look_back_days": "9", "version": "2026-2"}
    answer = submit(admin, "/admin/rules", {**given, **wrong})
    assert answer.status_code == 400
    assert 'name="look_back_days" type="number" value="9"' in answer.text
    with world.engine.connect() as connection:
        assert len(rulebook.listed(connection)) == 1


def test_the_table_of_roles_counts_who_is_where(world: World) -> None:
    make_areas(world)
    for login in ("a", "b"):
        add_account(world.app, Role.TRACER, login=login, area="00004")
    add_account(world.app, Role.VENUE_MANAGER, login="c", venues=["cho-mau"])
    admin = administrator(world)
    page = admin.get("/admin/roles").text
    assert '/admin?role=tracer&amp;area=00004">2<' in page
    assert "Theo địa điểm" in page
    local = administrator(world, area="79", login="quan-tri-79")
    assert "00004" not in local.get("/admin/roles").text


def test_every_permission_has_words() -> None:
    assert set(PERMISSIONS) == set(Permission) == frozenset().union(*GRANTS.values())


def test_settings_are_shown_with_where_they_stand(world: World) -> None:
    page = administrator(world).get("/admin/settings").text
    for words in ("privacy.retention_days", "fleet.toml", "mặc định"):
        assert words in page


def test_no_page_asks_more_for_more_areas(world: World) -> None:
    make_areas(world)
    admin = administrator(world)
    rows = "".join(f"{number:05},commune,Xã {number},,01,\n" for number in range(100, 160))
    paths = ("/admin/areas", "/admin/areas/01", "/admin/areas?text=n", "/admin/roles")
    admin.get("/admin")  # the browser is noted as seen, once a minute

    def asked() -> list[int]:
        out = []
        for path in paths:
            with counted(world.engine) as sent:
                admin.get(path)
            out.append(len(sent))
        return out

    few = asked()
    listed = hidden(look(admin, "code,level,name,name_en,parent,replaces\n" + rows).text)
    assert submit(admin, "/admin/areas", {"list": listed}).status_code == 303
    assert asked() == few
    assert max(few) <= 10
