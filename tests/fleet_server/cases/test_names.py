"""Few names alone, more with a second person; the vault holds to it whoever asks."""

import pytest
from sqlalchemy import func, select, update

from fleet_server import database
from fleet_server.cases.acting import Actor
from fleet_server.cases.contact_list import Filter
from fleet_server.errors import NotKnown, Refused, VaultAway
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.models import AuditEntry, OpenedName
from tests.fleet_server.cases.conftest import (
    CASE,
    COLLEAGUE,
    NAMES_PER_DAY,
    SUPERVISOR,
    Office,
)


@pytest.fixture
def people(office: Office) -> list[str]:
    """References of all contacts of an evaluated case."""
    office.with_seller()
    desk = office.desk()
    desk.evaluate(CASE)
    return [each.ref for each in desk.contacts(CASE)]


def test_as_many_as_one_may_are_opened_alone(office: Office, people: list[str]) -> None:
    named = office.desk().open_names(CASE, people[:NAMES_PER_DAY], "gọi")
    assert len(named) == NAMES_PER_DAY
    assert all(each.part.name for each in named)


def test_opening_the_same_again_counts_once(office: Office, people: list[str]) -> None:
    for _ in range(3):
        office.desk().open_names(CASE, people[:NAMES_PER_DAY], "gọi lại")


def test_many_small_requests_come_to_the_same_limit(office: Office, people: list[str]) -> None:
    for ref in people[:NAMES_PER_DAY]:
        office.desk().open_names(CASE, [ref], "gọi")
    with pytest.raises(NotPermitted, match="a second person approves"):
        office.desk().open_names(CASE, [people[NAMES_PER_DAY]], "gọi thêm")
    # Midnight changes nothing; a day later the first are no longer counted.
    office.now_ms += 86_000_000
    with pytest.raises(NotPermitted):
        office.desk().open_names(CASE, [people[NAMES_PER_DAY]], "gọi thêm")
    office.now_ms += 500_000
    office.desk().open_names(CASE, [people[NAMES_PER_DAY]], "gọi thêm")


def test_above_the_limit_a_second_person_approves(office: Office, people: list[str]) -> None:
    opening = office.desk().ask_names(CASE, people, "gọi cả danh sách")
    with pytest.raises(NotPermitted, match="is asked, not approved"):
        office.desk().open_names(CASE, people, "gọi", opening)
    with pytest.raises(Refused, match=r"cases\.decide"):
        office.desk(COLLEAGUE).decide_opening(CASE, opening, approve=True)
    office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)
    assert len(office.desk().open_names(CASE, people, "gọi", opening)) == len(people)
    # Approved for whom it was asked for, and for nobody else.
    with pytest.raises(NotPermitted, match="asked for by"):
        office.desk(COLLEAGUE).open_names(CASE, people, "gọi", opening)
    office.now_ms += 86_400_000
    with pytest.raises(NotPermitted, match="more than 24 hours ago"):
        office.desk().open_names(CASE, people, "gọi", opening)


def test_who_asked_does_not_approve(office: Office, people: list[str]) -> None:
    opening = office.desk(SUPERVISOR).ask_names(CASE, people, "gọi")
    with pytest.raises(Refused, match="who asked does not approve"):
        office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)


def test_what_was_approved_covers_nobody_else(office: Office, people: list[str]) -> None:
    opening = office.desk().ask_names(CASE, people[:12], "gọi")
    office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)
    with pytest.raises(NotPermitted, match="approved for other persons"):
        office.desk().open_names(CASE, people[:13], "gọi", opening)


def test_a_refused_request_opens_nothing(office: Office, people: list[str]) -> None:
    opening = office.desk().ask_names(CASE, people, "gọi")
    office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=False, reason="chưa cần")
    with pytest.raises(NotPermitted, match="refused"):
        office.desk().open_names(CASE, people, "gọi", opening)
    with pytest.raises(Refused, match="refused already"):
        office.desk(SUPERVISOR).decide_opening(CASE, opening, approve=True)


def test_broken_glass_opens_at_once_and_waits_for_its_review(
    office: Office, people: list[str]
) -> None:
    opening = office.desk().break_glass(CASE, people, "gọi ngay", "giám sát không nghe máy")
    assert len(office.desk().open_names(CASE, people, "gọi ngay", opening)) == len(people)
    with pytest.raises(Refused, match="not reviewed"):
        office.desk().close(CASE, "")
    with pytest.raises(Refused):
        office.desk().review_opening(CASE, opening, "tự xem")
    office.desk(SUPERVISOR).review_opening(CASE, opening, "đúng, không thể chờ")
    (seen,) = office.desk().openings(CASE)
    assert (seen.state, seen.review_until is not None) == ("reviewed", True)
    office.desk().close(CASE, "")


def test_only_people_of_the_case_are_opened_for_it(office: Office, people: list[str]) -> None:
    visitor = office.days.buyer(1)
    with office.engine.connect() as connection:
        row = select(OpenedName.id)
        assert connection.scalar(row) is None
    client = office.desk().vault
    office.desk().begin("CA-KHAC", lab_ref="XN-2")
    office.desk(SUPERVISOR).confirm_lab("CA-KHAC", "XN-2")
    with pytest.raises(NotPermitted, match="not in this case"):
        client.open([visitor], case="CA-KHAC", purpose="xem thử", actor="truy-vet-1")
    with pytest.raises(NotKnown):
        office.desk().open_names(CASE, ["ZZZZZZ"], "gọi")


def test_every_name_every_refusal_and_every_miss_is_on_record(
    office: Office, people: list[str]
) -> None:
    office.desk().open_names(CASE, people[:3], "gọi")
    with pytest.raises(NotPermitted):
        office.desk().open_names(CASE, people, "gọi hết")
    with office.engine.connect() as connection:
        lines = connection.execute(
            select(AuditEntry.__table__)
            .where(AuditEntry.action == "vault.open")
            .order_by(AuditEntry.id)
        ).all()
    assert [line.subject != "" for line in lines] == [True, True, True, False]
    assert '"refused":true' in lines[-1].detail
    assert {(line.case_ref, line.actor) for line in lines} == {(CASE, "truy-vet-1")}


def test_with_the_vault_away_nothing_is_lost(
    office: Office, people: list[str], tmp_path: object
) -> None:
    from pathlib import Path

    desk = office.desk()
    away = desk.__class__(
        desk.engine,
        VaultClient(Path(str(tmp_path)) / "nobody.sock"),
        desk.actor,
        desk.now_ms,
        desk.zone,
        desk.privacy,
    )
    for what in (
        lambda: away.open_names(CASE, people[:1], "gọi"),
        lambda: away.decide(CASE, people[0], "promoted"),
        lambda: away.find(CASE, "phone", "0900000001", "tìm"),
    ):
        with pytest.raises(VaultAway, match="the vault does not answer"):
            what()
    assert office.desk().contacts(CASE)[0].state == "to_call"
    office.desk().decide(CASE, people[0], "promoted")
    assert office.desk().contacts(CASE, Filter(state="promoted"))[0].ref == people[0]


def test_somebody_who_restricted_their_data_is_not_opened(
    office: Office, people: list[str]
) -> None:
    from sqlalchemy import insert

    from fleet_server.models import CasePerson, RestrictedPerson, RightsRequest

    with office.engine.execution_options(**database.WRITES).begin() as connection:
        person = connection.scalar(select(CasePerson.person_id).where(CasePerson.ref == people[0]))
        request = connection.scalar(
            insert(RightsRequest)
            .values(kind="restrict", asked_ms=0, asked_by="t", words="", acknowledge_by=1)
            .values(due_by=1, outcome="", detail="", person_id=person)
            .returning(RightsRequest.id)
        )
        connection.execute(
            insert(RestrictedPerson).values(person_id=person, since_ms=0, request_id=request)
        )
    first, second = office.desk().open_names(CASE, people[:2], "gọi")
    assert (first.restricted, first.part.name) == (True, "")
    assert (second.restricted, bool(second.part.name)) == (False, True)


def test_two_requests_at_once_do_not_pass_the_limit_together(
    office: Office, people: list[str]
) -> None:
    import threading

    desk, wrong = office.desk(), []

    def ask(some: list[str]) -> None:
        try:
            desk.open_names(CASE, some, "gọi")
        except NotPermitted:
            wrong.append(some)

    threads = [
        threading.Thread(target=ask, args=(people[start : start + 6],)) for start in (0, 6, 12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.engine.connect() as connection:
        opened = connection.scalar(select(func.count(OpenedName.person_id.distinct())))
    assert opened == 6
    assert len(wrong) == 2


def test_what_was_opened_is_never_rewritten(office: Office, people: list[str]) -> None:
    office.desk().open_names(CASE, people[:1], "gọi")
    with (
        pytest.raises(Exception, match="never changed"),
        office.engine.execution_options(**database.WRITES).begin() as connection,
    ):
        connection.execute(update(OpenedName).values(actor="nguoi-khac"))


def test_an_actor_of_the_machine_is_somebody_too(office: Office, people: list[str]) -> None:
    office.desk(Actor("root")).open_names(CASE, people[:2], "gọi")


def test_what_was_approved_holds_when_links_make_one_of_two(
    office: Office, people: list[str]
) -> None:
    desk = office.desk()
    visitors = {each.ref: each.visitor for each in desk.evaluate(CASE)[1].contacts}
    one, other = people[:2]
    openings = {ref: desk.ask_names(CASE, [ref], "gọi") for ref in (one, other)}
    desk.link(CASE, visitors[one], visitors[other], "hai thẻ một người")
    (stands,) = {one, other} & {each.ref for each in desk.contacts(CASE)}
    assert [desk.opening_people(CASE, each) for each in openings.values()] == [[stands]] * 2


def test_a_request_about_nobody_who_is_still_there_says_so(
    office: Office, people: list[str]
) -> None:
    desk = office.desk()
    opening = desk.ask_names(CASE, people[:2], "gọi")
    for each in desk.milestones(CASE):
        desk.decide_milestone(CASE, each.id, "rejected")
    desk.evaluate(CASE)
    with pytest.raises(NotKnown, match="nobody it was asked for"):
        desk.opening_people(CASE, opening)
