"""What people ask about their own data, from the desk to the answer."""

import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from fleet_server import database
from fleet_server.auth import accounts
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Role
from fleet_server.fleet import area_import, areas
from fleet_server.fleet.units import Unit
from fleet_server.identity import links
from fleet_server.models import Credential, Link, Person, Pseudonym, RightsRequest
from fleet_server.privacy import clocks, rights
from tests.fleet_server.people import NOW, World, sign_in, signed_in, submit
from tests.fleet_server.web.counter import Counter
from tests.fleet_server.web.test_desk_cards import NAME, issued
from tests.support.queries import counted

PHONE, OTHERS_PHONE = "0900000001", "0900000002"
SEEN = {"document": "seen", "by": "phone", "number": PHONE}


@pytest.fixture
def clerk(desk: Counter) -> FlaskClient:
    """At a desk where somebody got a card, whom the vault finds by their phone."""
    client = desk.clerk()
    issued(client)
    desk.world.clock.now += 120  # the vault reads what has settled
    desk.vault.index()
    return client


def ask(clerk: FlaskClient, kind: str, **given: str) -> str:
    """The path of a request that was taken."""
    answer = submit(clerk, "/desk/requests", {"kind": kind, **SEEN, **given})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def row(desk: Counter) -> RightsRequest:
    with desk.world.engine.connect() as connection:
        query = select(RightsRequest.__table__).order_by(RightsRequest.id.desc()).limit(1)
        return connection.execute(query).one()  # type: ignore[return-value]


def test_somebody_is_found_and_sees_everything_and_who_looked(
    desk: Counter, clerk: FlaskClient
) -> None:
    path = ask(clerk, "view", words="muốn xem")
    page = clerk.get(path).text
    assert "Đã tìm thấy" in page
    assert NAME not in page
    told = submit(clerk, f"{path}/everything").text
    assert NAME in told
    assert PHONE in told
    assert "tìm thấy cho yêu cầu" in told
    actions = [line["action"] for line in desk.log()]
    assert actions[-2:] == ["vault.open", "right.shown"]
    assert not any(NAME in line["detail"] or PHONE in str(line) for line in desk.log())
    assert submit(clerk, f"{path}/finish", {"outcome": "done"}).status_code == 303
    assert row(desk).outcome == "done"
    assert submit(clerk, f"{path}/everything").status_code == 403


def test_a_copy_is_a_file_to_take_along(clerk: FlaskClient) -> None:
    answer = submit(clerk, f"{ask(clerk, 'copy')}/copy")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.data)["known"]["name"] == NAME


def test_nobody_is_an_answer_too(desk: Counter, clerk: FlaskClient) -> None:
    path = ask(clerk, "view", number="0911111111")
    assert "Không có gì được giữ" in clerk.get(path).text
    assert row(desk).outcome == "not_found"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"document": ""}, "giấy tờ"),
        ({"kind": ""}, "hãy chọn"),
        ({"kind": "steal"}, "hãy chọn"),
        ({"number": ""}, "hãy nhập số"),
        ({"number": "12ab"}, "10 chữ số"),
        ({"by": "document", "number": "123"}, "căn cước 12 chữ số"),
        ({"by": "card", "number": "f" * 32}, "hãy chọn loại số"),
        ({"words": "a" * 501}, "tối đa"),
    ],
)
def test_without_a_document_and_its_number_nothing_is_taken(
    desk: Counter, clerk: FlaskClient, given: dict[str, str], said: str
) -> None:
    answer = submit(clerk, "/desk/requests", {"kind": "view", **SEEN, **given})
    assert answer.status_code in (400, 403)
    assert said in answer.text
    assert given.get("number") or PHONE not in answer.text
    with desk.world.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(RightsRequest)) == 0


def test_where_the_vault_is_away_the_request_stands_and_the_person_is_found_later(
    world: World,
) -> None:
    clerk = signed_in(world.stranger(), Role.VISITOR_DESK)
    path = ask(clerk, "delete")
    page = clerk.get(path).text
    assert "kho danh tính" in page
    assert "Tìm người" in page
    clerk.get("/desk?lang=en")
    english = clerk.get(ask(clerk, "view")).text
    told = re.findall(r'<div class="note warn" role="status"><p>([^<]*)</p>', english)
    assert len(told) == 1
    assert "is written down" in told[0]
    assert told[0].isascii()
    answer = submit(clerk, f"{path}/identify", {**SEEN, "document": ""})
    assert answer.status_code == 400


def test_a_correction_is_sealed_and_wins(desk: Counter, clerk: FlaskClient) -> None:
    path = ask(clerk, "correct")
    assert submit(clerk, f"{path}/correct").status_code == 400
    answer = submit(clerk, f"{path}/correct", {"name": "Nguyễn Thị Mẫu Mực"})
    assert answer.status_code == 303
    told = submit(clerk, f"{path}/everything").text
    assert "Nguyễn Thị Mẫu Mực" in told
    assert not any("Mực" in str(line) for line in desk.log())


def test_restricting_and_lifting_are_confirmed(desk: Counter, clerk: FlaskClient) -> None:
    path = ask(clerk, "restrict")
    assert submit(clerk, f"{path}/restrict", {"confirm": "999"}).status_code == 400
    number = path.rpartition("/")[2]
    assert submit(clerk, f"{path}/restrict", {"confirm": number}).status_code == 303
    assert row(desk).outcome == "done"
    assert submit(clerk, f"{path}/lift").status_code == 400
    assert submit(clerk, f"{path}/lift", {"document": "seen"}).status_code == 303
    assert desk.log()[-1]["action"] == "right.lifted"


def test_deleting_is_confirmed_and_leaves_nothing(desk: Counter, clerk: FlaskClient) -> None:
    path = ask(clerk, "delete")
    assert submit(clerk, f"{path}/delete", {"confirm": "yes"}).status_code == 400
    number = path.rpartition("/")[2]
    assert submit(clerk, f"{path}/delete", {"confirm": f"right:{number}"}).status_code == 303
    with desk.world.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Credential)) == 0
    assert "Đã làm xong" in clerk.get(path).text
    assert desk.log()[-1]["action"] == "right.done"


def test_the_most_urgent_come_first_with_the_time_that_is_left(
    desk: Counter, clerk: FlaskClient
) -> None:
    ask(clerk, "view")
    ask(clerk, "delete")
    submit(clerk, f"{ask(clerk, 'restrict')}/acknowledge")
    desk.world.clock.now += 12 * 86_400
    clerk = signed_in(desk.world.stranger(), Role.VISITOR_DESK)
    page = clerk.get("/desk/requests").text
    assert page.index("Số 1</a>") < page.index("Số 3</a>")
    assert "quá hạn" in page
    assert "còn 3 ngày" in page


def test_a_desk_of_an_area_sees_what_was_asked_there(desk: Counter, clerk: FlaskClient) -> None:
    with desk.world.engine.execution_options(**database.WRITES).begin() as connection:
        areas.create(
            connection, code="01", name="N", level="province", parent=None, at_ms=0, actor="t"
        )
    path = ask(clerk, "view")
    there = signed_in(desk.world.stranger(), Role.VISITOR_DESK, area="01", login="quay-01")
    assert path not in there.get("/desk/requests").text
    for answer in (there.get(path), submit(there, f"{path}/everything")):
        assert answer.status_code == 404
    own = ask(there, "view")
    assert own in there.get("/desk/requests").text
    assert own in clerk.get("/desk/requests").text


def test_a_request_stays_with_its_desk_when_the_clerk_works_elsewhere(
    desk: Counter, clerk: FlaskClient
) -> None:
    with desk.world.engine.execution_options(**database.WRITES).begin() as connection:
        for code in ("01", "02"):
            areas.create(
                connection, code=code, name="N", level="province", parent=None, at_ms=0, actor="t"
            )
    here, there = desk.world.stranger(), desk.world.stranger()
    path = ask(signed_in(here, Role.VISITOR_DESK, area="01", login="quay-01"), "view")
    signed_in(there, Role.VISITOR_DESK, area="02", login="quay-02")
    with desk.world.engine.execution_options(**database.WRITES).begin() as connection:
        by = By("root", NOW * 1000)
        accounts.set_role(connection, by, "quay-01", Role.VISITOR_DESK, area="02")
        take = {"code": "03", "level": "province", "name": "Mới", "replaces": ("01",)}
        area_import.take(
            connection, {"03": Unit(line=2, **take)}, since=NOW, at_ms=NOW * 1000, actor="root"
        )
    sign_in(here, "quay-01")
    for elsewhere in (here, there):
        assert path not in elsewhere.get("/desk/requests").text
        assert elsewhere.get(path).status_code == 404
    after = signed_in(desk.world.stranger(), Role.VISITOR_DESK, area="03", login="quay-03")
    assert path in after.get("/desk/requests").text
    assert after.get(path).status_code == 200


@pytest.fixture
def mistaken(desk: Counter, clerk: FlaskClient) -> Callable[[], None]:
    """Two people taken for one by mistake, the asker for the other; call it to part them."""
    issued(clerk, {"name": "Trần Văn Khác", "phone": OTHERS_PHONE, "commune": ""})
    desk.world.clock.now += 120
    desk.vault.index()
    writing = desk.world.engine.execution_options(**database.WRITES)
    by = {"reason": "nhầm", "at_ms": NOW * 1000}
    with writing.begin() as connection:
        one, other = connection.scalars(select(Person.id).order_by(Person.id))
        links.link(connection, one, other, made_by="thu", **by)
        number = connection.scalar(select(Link.id))

    def part() -> None:
        with writing.begin() as connection:
            links.unlink(connection, number, undone_by="thu", **by)

    return part


def test_what_is_asked_while_two_are_taken_for_one_is_done_to_the_asker_alone(
    desk: Counter, clerk: FlaskClient, mistaken: Callable[[], None]
) -> None:
    mine = {"number": OTHERS_PHONE}
    deletion, view, rest = (ask(clerk, kind, **mine) for kind in ("delete", "view", "restrict"))
    correction = ask(clerk, "correct", **mine)
    assert submit(clerk, f"{correction}/correct", {"name": "Trần Văn Đúng"}).status_code == 303
    number = rest.rpartition("/")[2]
    assert submit(clerk, f"{rest}/restrict", {"confirm": number}).status_code == 303
    mistaken()
    with desk.world.engine.connect() as connection:
        one, other = connection.scalars(select(Person.id).order_by(Person.id))
        assert rights.restricted(connection, [one, other]) == {other}
    told = submit(clerk, f"{view}/everything").text
    assert "Trần Văn Đúng" in told
    assert NAME not in told
    number = deletion.rpartition("/")[2]
    assert submit(clerk, f"{deletion}/delete", {"confirm": number}).status_code == 303
    with desk.world.engine.connect() as connection:
        assert connection.scalars(select(Pseudonym.own_person_id)).all() == [one]
    assert NAME in submit(clerk, f"{ask(clerk, 'view')}/everything").text


def test_many_requests_are_asked_for_as_one(desk: Counter, clerk: FlaskClient) -> None:
    def take(count: int) -> None:
        with desk.world.engine.execution_options(**database.WRITES).begin() as connection:
            person = connection.scalar(select(Person.id))
            for _ in range(count):
                due = clocks.due("view", NOW, desk.settings.zone)
                ref = rights.ask(
                    connection, "view", words="", due=due, at_ms=NOW * 1000, actor="quay-1"
                )
                rights.found(connection, ref, f"P{person}", at_ms=NOW * 1000, actor="quay-1")

    take(1)
    clerk.get("/desk/requests")  # the browser is noted as seen, once a minute
    with counted(desk.world.engine) as few:
        clerk.get("/desk/requests")
    take(30)
    with counted(desk.world.engine) as many:
        clerk.get("/desk/requests")
    assert len(many) == len(few) <= 10
