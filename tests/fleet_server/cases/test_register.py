"""Cases are opened, confirmed by a second person, worked on by those of the area, and closed."""

import pytest
from sqlalchemy import select

from fleet_server.auth.permissions import Role
from fleet_server.cases.acting import Actor
from fleet_server.errors import NotKnown, Refused
from fleet_server.fleet.references import Taken, Unfit
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.models import AuditEntry
from fleet_server.times import BadTime
from tests.fleet_server.cases.conftest import CASE, LAB, SUPERVISOR, TRACER, Office


def test_who_opened_a_case_does_not_confirm_it(office: Office) -> None:
    office.desk(SUPERVISOR).begin(CASE, lab_ref=LAB)
    with pytest.raises(Refused, match="second person"):
        office.desk(SUPERVISOR).confirm_lab(CASE, LAB)
    with pytest.raises(Refused, match=r"cases\.decide"):
        office.desk(TRACER).confirm_lab(CASE, LAB)
    assert office.desk().show(CASE).lab_confirmed_by is None


def test_another_number_than_the_one_it_was_opened_with_is_refused_and_on_record(
    office: Office,
) -> None:
    desk = office.desk()
    desk.begin(CASE, lab_ref=LAB)
    with pytest.raises(Refused, match="ask the laboratory"):
        office.desk(SUPERVISOR).confirm_lab(CASE, "XN-99")
    assert [each.kind for each in desk.events(CASE)] == ["lab_differs"]


def test_a_changed_laboratory_reference_is_confirmed_again(office: Office) -> None:
    office.opened()
    desk = office.desk()
    desk.amend(CASE, lab_ref="XN-2")
    assert desk.show(CASE).lab_confirmed_by is None


def test_who_wrote_the_laboratory_reference_down_does_not_confirm_it(office: Office) -> None:
    office.desk().begin(CASE)
    office.desk(SUPERVISOR).amend(CASE, lab_ref=LAB)
    with pytest.raises(Refused, match="a second person confirms"):
        office.desk(SUPERVISOR).confirm_lab(CASE, LAB)
    office.desk().amend(CASE, lab_ref="XN-2")
    office.desk(SUPERVISOR).confirm_lab(CASE, "XN-2")
    assert office.desk().show(CASE).lab_confirmed_by == SUPERVISOR.name


def test_nobody_is_looked_for_without_a_laboratory_reference(office: Office) -> None:
    desk = office.desk()
    desk.begin(CASE)
    with pytest.raises(NotPermitted, match="laboratory reference"):
        desk.find(CASE, "phone", "0900000001", "xem thử")


def test_no_name_is_opened_before_the_reference_is_confirmed(office: Office) -> None:
    desk = office.desk()
    desk.begin(CASE, lab_ref=LAB)
    ref = desk.add_index(CASE, desk.find(CASE, "phone", "0900000001", "tìm F0")[0], "F0").ref
    with pytest.raises(NotPermitted, match="no second person has confirmed"):
        desk.open_names(CASE, [ref], "gọi")


def test_a_case_of_another_area_is_as_good_as_unknown(office: Office) -> None:
    desk = office.desk()
    desk.begin(CASE, lab_ref=LAB, area="T01-01")
    with office.engine.connect() as connection:
        from fleet_server.fleet import areas

        here = areas.in_force(connection, "T01")
        there = areas.in_force(connection, "T02")
    near = office.desk(Actor("gan", Role.TRACER, here))
    far = office.desk(Actor("xa", Role.TRACER, there))
    assert near.show(CASE).area == "T01-01"
    assert [each.ref for each in near.listed()] == [CASE]
    assert far.listed() == []
    for what in (
        lambda: far.show(CASE),
        lambda: far.find(CASE, "phone", "0900000001", "xem thử"),
        lambda: far.open_names(CASE, ["ABCDEF"], "xem thử"),
        lambda: far.evaluate(CASE),
    ):
        with pytest.raises(NotKnown, match="no such case"):
            what()
    with pytest.raises(NotKnown, match="outside your area"):
        far.begin("CA-2", area="T01-01")


def test_somebody_without_the_role_gets_nowhere(office: Office) -> None:
    office.opened()
    for role in (Role.VENUE_MANAGER, Role.FLEET_OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR):
        desk = office.desk(Actor("ai-do", role))
        for what in (
            lambda desk=desk: desk.show(CASE),
            lambda desk=desk: desk.begin("CA-9"),
            lambda desk=desk: desk.listed(),
        ):
            with pytest.raises(Refused, match="may not"):
                what()


def test_nothing_in_a_closed_case_changes(office: Office) -> None:
    ref = office.with_seller()
    desk = office.desk()
    desk.close(CASE, "hết dịch")
    assert desk.show(CASE).closed_at is not None
    for what in (
        lambda: desk.say(CASE, "thêm"),
        lambda: desk.evaluate(CASE),
        lambda: desk.open_names(CASE, [ref], "xem lại"),
    ):
        with pytest.raises(Refused, match="is closed"):
            what()


@pytest.mark.parametrize("ref", ["", " CA", "right:1", "x" * 65, "a\nb"])
def test_a_reference_that_cannot_stand_on_record_is_refused(office: Office, ref: str) -> None:
    with pytest.raises(Unfit, match="expected 1 to 64"):
        office.desk().begin(ref)


def test_a_reference_is_given_once(office: Office) -> None:
    office.opened()
    with pytest.raises(Taken):
        office.desk().begin(CASE)


def test_a_case_without_a_window_says_what_is_missing(office: Office) -> None:
    desk = office.desk()
    desk.begin(CASE, lab_ref=LAB)
    desk.add_index(CASE, desk.find(CASE, "phone", "0900000001", "tìm F0")[0], "F0")
    with pytest.raises(BadTime, match="onset"):
        desk.evaluate(CASE)
    with pytest.raises(BadTime, match="has not been yet"):
        desk.amend(CASE, onset_at=4_000_000_000)


def test_a_link_stands_on_the_log_under_its_case(office: Office) -> None:
    office.with_seller()
    with office.engine.connect() as connection:
        linked = connection.scalars(
            select(AuditEntry.case_ref).where(AuditEntry.action == "persons.linked")
        ).all()
    assert linked == [CASE]


def test_who_is_no_index_person_after_all_is_a_contact_like_others(office: Office) -> None:
    office.with_seller()
    desk = office.desk()
    _, found = desk.evaluate(CASE)
    mistaken = next(each for each in found.contacts if each.role == "F1")
    desk.add_index(CASE, mistaken.visitor, "dương tính")
    desk.evaluate(CASE)
    assert mistaken.ref not in {each.ref for each in desk.contacts(CASE)}
    desk.remove_index(CASE, mistaken.ref, "nhầm người")
    _, after = desk.evaluate(CASE)
    assert {(each.ref, each.role) for each in after.contacts} == {
        (each.ref, each.role) for each in found.contacts
    }
    listed = {each.ref: each for each in desk.contacts(CASE)}
    assert (listed[mistaken.ref].role, listed[mistaken.ref].state) == ("F1", "to_call")


def test_two_cards_of_a_mistaken_index_person_are_taken_out_at_once(office: Office) -> None:
    desk = office.opened()
    cards = [
        desk.find(CASE, kind, number, "tìm F0")[0]
        for kind, number in (("insurance", "DN4010179000001"), ("phone", "0900000001"))
    ]
    for card in cards:
        desk.add_index(CASE, card, "dương tính")
    desk.link(CASE, *cards, "cùng một người")
    (one,) = desk.show(CASE).index
    desk.remove_index(CASE, one.ref, "nhầm người")
    assert desk.show(CASE).index == []


def test_a_mistaken_index_person_is_the_contact_of_before(office: Office) -> None:
    office.with_seller()
    desk = office.desk()
    _, found = desk.evaluate(CASE)
    second = next(each for each in found.contacts if each.role == "F2")
    desk.decide(CASE, second.ref, "promoted", words="ngồi cùng bàn, bà ấy kể")
    desk.add_index(CASE, second.visitor, "dương tính")
    desk.evaluate(CASE)
    desk.remove_index(CASE, second.ref, "nhầm người")
    for _ in range(2):
        (now,) = [each for each in desk.contacts(CASE) if each.ref == second.ref]
        assert (now.role, now.state) == ("F1", "promoted")
        desk.evaluate(CASE)


def test_a_preview_of_a_window_that_ends_before_it_begins_is_refused(office: Office) -> None:
    office.with_seller()
    now = office.now_ms // 1000
    with pytest.raises(BadTime, match="a time before"):
        office.desk().preview(CASE, since=now, until=now - 3600)
