"""Types of venues at an administrator's pages, and what a new one means for the rules."""

import re

import pytest
from sqlalchemy import select

from fleet_server.models import VenueType
from fleet_server.tracing import rulebook
from tests.fleet_server.people import World, submit
from tests.fleet_server.web.test_admin_people import administrator, last_line, make_areas
from tests.fleet_server.web.test_admin_places import terms
from tests.fleet_server.web.test_start import more_venues
from tests.support.queries import counted

AT = "/admin/venue-types"
STADIUM = {"code": "san-van-dong", "name_vi": "Sân vận động", "name_en": "Stadium"}


def row(page: str, name: str) -> list[str]:
    """The cells of the row of this name, without tags."""
    found = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', page, re.DOTALL)
    assert found is not None, page
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found[1], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in cells]


def codes(world: World) -> set[str]:
    with world.engine.connect() as connection:
        return set(connection.scalars(select(VenueType.code)))


def test_types_are_listed_with_their_venues_and_dwell(world: World) -> None:
    more_venues(world, 2)
    page = administrator(world).get(AT).text
    assert row(page, "Chợ") == ["Market", "market", "3", "60"]
    assert row(page, "Quán ăn, nhà hàng")[2] == "0"
    assert "như “Khác”" not in page
    assert "2026-1" in page
    assert page.index(">Khác</th>") > page.index(">Chợ</th>")


def test_a_new_type_is_as_other_until_a_rule_says_its_own(world: World) -> None:
    admin = administrator(world)
    assert submit(admin, AT, STADIUM).status_code == 303
    line = last_line(world)
    assert (line.actor, line.action, line.subject) == (
        "quan-tri",
        "venue_type.created",
        "san-van-dong",
    )
    other = row(admin.get(AT).text, "Khác")[3]
    assert row(admin.get(AT).text, "Sân vận động")[3] == f"{other} như “Khác”"
    manager = world.browser("manager")
    about = {"name": "Sân Mẫu", "kind": "san-van-dong", "capacity": ""}
    at = "/venues/cho-mau/settings"
    assert submit(manager, at, about, page="/account").status_code == 303
    assert "Sân vận động" in manager.get(at).text

    rules = admin.get("/admin/rules").text
    given = terms(rules)
    assert given["dwell-san-van-dong"] == other
    assert "<td>*</td>" in rules
    changed = {**given, "dwell-san-van-dong": "150", "version": "2026-2"}
    assert submit(admin, "/admin/rules", changed).status_code == 303
    assert row(admin.get(AT).text, "Sân vận động")[2:] == ["1", "150"]
    assert row(admin.get("/admin/rules").text, "Sân vận động") == ["150", "*"]
    with world.engine.connect() as connection:
        old, new = rulebook.listed(connection)
    assert "san-van-dong" not in old.terms.dwell_min
    assert new.terms.dwell_min["san-van-dong"] == 150


def test_a_rule_whose_form_is_older_than_a_type_is_asked_again(world: World) -> None:
    admin = administrator(world)
    given = terms(admin.get("/admin/rules").text)
    submit(admin, AT, STADIUM)
    answer = submit(admin, "/admin/rules", {**given, "version": "2026-2"})
    assert answer.status_code == 400
    assert "dwell-san-van-dong" in terms(answer.text)


def test_a_type_gets_other_names_and_keeps_its_code(world: World) -> None:
    admin = administrator(world)
    names = {"name_vi": "Chợ truyền thống", "name_en": "Wet market"}
    assert submit(admin, f"{AT}/market", names).status_code == 303
    assert last_line(world).action == "venue_type.renamed"
    assert row(admin.get(AT).text, "Chợ truyền thống")[:2] == ["Wet market", "market"]
    assert "Wet market" in admin.get(AT, query_string={"lang": "en"}).text
    assert submit(admin, f"{AT}/castle", names).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"code": "market"}, 409, "đã có"),
        ({"code": "Sân"}, 400, "a-z"),
        ({"code": "a" * 33}, 400, "32"),
        ({"name_vi": " "}, 400, "tên tiếng Việt"),
        ({"name_en": "x" * 101}, 400, "tên tiếng Anh"),
    ],
)
def test_a_type_that_does_not_fit_is_said_why_and_kept_in_the_form(
    world: World, wrong: dict[str, str], status: int, said: str
) -> None:
    before = codes(world)
    answer = submit(administrator(world), AT, STADIUM | {"name_en": "Arena"} | wrong)
    assert answer.status_code == status
    assert said in answer.text
    if "name_en" not in wrong:
        assert 'value="Arena"' in answer.text
    assert codes(world) == before


def test_an_administrator_of_an_area_reads_only(world: World) -> None:
    make_areas(world)
    local = administrator(world, area="01", login="quan-tri-01")
    page = local.get(AT).text
    assert row(page, "Chợ")[1] == "market"
    assert f'action="{AT}' not in page
    before = codes(world)
    assert submit(local, AT, STADIUM).status_code == 403
    assert submit(local, f"{AT}/market", {"name_vi": "x", "name_en": "x"}).status_code == 403
    assert codes(world) == before
    assert row(local.get(AT).text, "Chợ") == row(page, "Chợ")


def test_more_venues_ask_no_more(world: World) -> None:
    admin = administrator(world)
    admin.get(AT)
    with counted(world.engine) as few:
        admin.get(AT)
    more_venues(world, 50)
    with counted(world.engine) as many:
        admin.get(AT)
    assert len(many) == len(few) <= 6
