"""What becomes of contacts, what is new since one last looked, and what is published."""

import pytest

from fleet_server.auth.permissions import Role
from fleet_server.cases.acting import Actor, BadWords, area_named
from fleet_server.cases.contact_list import Filter
from fleet_server.errors import NotKnown, Refused
from tests.fleet_server.cases.conftest import CASE, COLLEAGUE, SUPERVISOR, Office


@pytest.fixture
def seller(office: Office) -> str:
    ref = office.with_seller()
    office.desk().evaluate(CASE)
    return ref


def refs(office: Office, **which: str) -> list[str]:
    return [each.ref for each in office.desk().contacts(CASE, Filter(**which))]


def state(office: Office, ref: str) -> str:
    return next(each.state for each in office.desk().contacts(CASE) if each.ref == ref)


def test_everybody_is_to_be_called_at_first(office: Office, seller: str) -> None:
    assert {each.state for each in office.desk().contacts(CASE)} == {"to_call"}
    assert seller not in refs(office)


def test_who_answers_was_reached_and_who_does_not_is_called_again(
    office: Office, seller: str
) -> None:
    one, other = refs(office)[:2]
    office.desk().call(CASE, one, reachable=True, words="ở nhà")
    office.desk().call(CASE, other, reachable=False)
    assert (state(office, one), state(office, other)) == ("reached", "to_call")
    reachable = {each.ref: each.reachable for each in office.desk().contacts(CASE)}
    assert (reachable[one], reachable[other]) == (True, False)


def test_an_f2_becomes_an_f1_and_stays_one(office: Office, seller: str) -> None:
    second = refs(office, role="F2")[0]
    kept = office.desk().decide(CASE, second, "promoted", words="ngồi cùng bàn, bà ấy kể")
    assert kept is not None
    office.desk().evaluate(CASE)
    promoted = next(each for each in office.desk().contacts(CASE) if each.ref == second)
    assert (promoted.role, promoted.state) == ("F1", "promoted")


@pytest.mark.parametrize("to", ["dismissed", "handed_over"])
def test_nobody_is_set_aside_or_given_away_without_a_reason(
    office: Office, seller: str, to: str
) -> None:
    one = refs(office)[0]
    with pytest.raises(BadWords, match="a reason"):
        office.desk().decide(CASE, one, to, area="T01-02")
    assert state(office, one) == "to_call"


def test_who_is_handed_over_goes_to_an_area_and_is_still_seen_here(
    office: Office, seller: str
) -> None:
    one = refs(office)[0]
    with pytest.raises(BadWords, match="the area it is handed over to"):
        office.desk().decide(CASE, one, "handed_over", words="sống ở đó")
    with pytest.raises(NotKnown):
        office.desk().decide(CASE, one, "handed_over", words="sống ở đó", area="X9")
    office.desk().decide(CASE, one, "handed_over", words="sống ở đó", area="T01-03")
    assert refs(office, area="T01-03") == [one]
    assert refs(office, state="handed_over") == [one]


def test_a_state_nobody_knows_is_refused_with_those_there_are(office: Office, seller: str) -> None:
    with pytest.raises(BadWords, match="to_call, reached, promoted"):
        office.desk().decide(CASE, refs(office)[0], "lost", words="x")
    with pytest.raises(Refused, match="is an index person"):
        office.desk().call(CASE, seller, reachable=True)


def test_notes_stay_in_the_case_and_off_the_audit_log(office: Office, seller: str) -> None:
    one = refs(office)[0]
    office.desk().say(CASE, "dị ứng thuốc", person=one)
    office.desk(COLLEAGUE).say(CASE, "chợ đóng cửa từ thứ tư")
    noted = [each for each in office.desk().events(CASE) if each.kind == "noted"]
    assert [(each.by, each.person, each.words) for each in noted] == [
        ("truy-vet-1", one, "dị ứng thuốc"),
        ("truy-vet-2", "", "chợ đóng cửa từ thứ tư"),
    ]
    with pytest.raises(BadWords):
        office.desk().say(CASE, "  ")
    with pytest.raises(BadWords, match="one line"):
        office.desk().say(CASE, "hai\ndòng")


def test_each_sees_what_is_new_to_them(office: Office, seller: str) -> None:
    office.desk().changes(CASE)
    office.days.deliver()
    office.now_ms += 120_000
    office.desk().evaluate(CASE)
    mine, theirs = office.desk().changes(CASE), office.desk(COLLEAGUE).changes(CASE)
    assert mine.since_result is not None
    assert [gap.kiosk for gap in mine.gaps_closed] == ["cho-hai-ra"]
    assert mine.changed
    assert theirs.since_result is None
    assert len(theirs.added) == len(refs(office))
    again = office.desk().changes(CASE)
    assert [*again.added, *again.removed, *again.changed, *again.gaps_closed] == []


def test_who_is_gone_from_the_list_is_said(office: Office, seller: str) -> None:
    office.desk().changes(CASE)
    before = set(refs(office, role="F1"))
    for each in office.desk().milestones(CASE):
        if each.venue == "cho-mot":
            office.desk().decide_milestone(CASE, each.id, "rejected")
    office.desk().evaluate(CASE)
    found = office.desk().changes(CASE)
    assert {each.ref for each in found.removed} & before


def test_a_case_that_was_never_evaluated_says_what_to_do(office: Office) -> None:
    office.with_seller()
    with pytest.raises(NotKnown, match="fleet case evaluate"):
        office.desk().changes(CASE)


def test_a_notice_has_confirmed_places_and_nobody(office: Office, seller: str) -> None:
    with pytest.raises(Refused, match="no milestone is confirmed"):
        office.desk().notice(CASE)
    market = [each for each in office.desk().milestones(CASE) if each.venue == "cho-mot"]
    office.desk().decide_milestone(CASE, market[0].id, "confirmed")
    made = office.desk().notice(CASE)
    assert [each.place for each in made.places] == [market[0].place]
    (place,) = made.places
    assert place.start <= market[0].start
    assert place.end >= market[0].end
    for text in (made.vi, made.en):
        assert "Bán Mẫu" not in text
        assert seller not in text
        assert "P1" not in text


def test_a_tracer_elsewhere_sees_nothing_of_it(office: Office, seller: str) -> None:
    with office.engine.connect() as connection:
        ward = area_named(connection, "T01-02")
    stranger = Actor("truy-vet-9", Role.TRACER, ward)
    for ask in (
        lambda desk: desk.show(CASE),
        lambda desk: desk.contacts(CASE),
        lambda desk: desk.find(CASE, "phone", "0900000001", "xem"),
        lambda desk: desk.open_names(CASE, refs(office)[:1], "xem"),
        lambda desk: desk.exported(CASE, "x.csv", rows=1, sha256=""),
        lambda desk: desk.preview(CASE),
    ):
        with pytest.raises(NotKnown, match="no such case"):
            ask(office.desk(stranger))
    assert office.desk(stranger).listed() == []
    assert [each.ref for each in office.desk(SUPERVISOR).listed()] == [CASE]


def test_what_was_done_about_two_cards_is_told_of_the_one_person_they_are(
    office: Office, seller: str
) -> None:
    desk = office.desk()
    first, second = [each for each in desk.contacts(CASE) if each.role == "F1"][:2]
    desk.say(CASE, "gọi lần một", person=first.ref)
    desk.call(CASE, second.ref, reachable=False, words="máy bận")
    visitors = {each.ref: each.visitor for each in desk.evaluate(CASE)[1].contacts}
    link, _ = desk.link(CASE, visitors[first.ref], visitors[second.ref], "hai thẻ một người")
    (one,) = [each for each in desk.contacts(CASE) if each.ref in (first.ref, second.ref)]
    assert one.notes == 2
    assert [each.words for each in desk.events(CASE, person=one.ref)] == ["gọi lần một", "máy bận"]
    # The reference of before still leads there.
    other = ({first.ref, second.ref} - {one.ref}).pop()
    assert desk.events(CASE, person=other) == desk.events(CASE, person=one.ref)
    desk.unlink(CASE, link, "nhầm")
    assert [each.words for each in desk.events(CASE, person=second.ref)] == ["máy bận"]


def test_nobody_is_f2_through_who_was_set_aside(office: Office, seller: str) -> None:
    desk = office.desk()
    _, found = desk.evaluate(CASE)
    through = {e.index for each in found.contacts if each.role == "F2" for e in each.exposures}
    first = [each.ref for each in found.contacts if each.ref in through]
    assert first
    for ref in first:
        desk.decide(CASE, ref, "dismissed", words="chỉ đi ngang qua")
    _, after = desk.evaluate(CASE)
    still = {e.index for each in after.contacts if each.role == "F2" for e in each.exposures}
    assert not still & set(first)
    assert set(first) <= {each.ref for each in after.contacts}
    desk.decide(CASE, first[0], "to_call", words="có ngồi chung")
    _, again = desk.evaluate(CASE)
    assert first[0] in {e.index for c in again.contacts if c.role == "F2" for e in c.exposures}


def test_an_f2_made_f1_by_hand_stands_in_the_result_as_f1(office: Office, seller: str) -> None:
    desk = office.desk()
    second = refs(office, role="F2")[0]
    desk.changes(CASE)
    desk.decide(CASE, second, "promoted", words="ngồi cùng bàn")
    _, after = desk.evaluate(CASE)
    assert {each.ref: each.role for each in after.contacts}[second] == "F1"
    assert [each.ref for each in desk.changes(CASE).removed] == []
    _, exposures = desk.contact(CASE, second)
    assert exposures


def test_who_met_only_an_f1_after_all_is_f2_again(office: Office, seller: str) -> None:
    desk = office.desk()
    before = {each.ref: each.role for each in desk.contacts(CASE)}
    made = desk.add_milestone(CASE, seller, "benh-vien,2026-03-08T18:00,2026-03-08T19:00")
    desk.evaluate(CASE)
    assert {each.ref: each.role for each in desk.contacts(CASE)} != before
    desk.decide_milestone(CASE, made, "rejected", "nhầm ngày")
    _, after = desk.evaluate(CASE)
    assert {each.ref: each.role for each in after.contacts} == before
    assert {each.ref: each.role for each in desk.contacts(CASE)} == before


def test_who_is_exposed_no_more_leaves_under_both_references(office: Office, seller: str) -> None:
    desk = office.desk()
    _, found = desk.evaluate(CASE)
    at_one = [each for each in found.contacts if each.exposures[0].places == ["cho-mot"]][:2]
    desk.link(CASE, at_one[0].visitor, at_one[1].visitor, "hai thẻ một người")
    for each in desk.milestones(CASE):
        if each.venue == "cho-mot":
            desk.decide_milestone(CASE, each.id, "rejected")
    desk.evaluate(CASE)
    assert not {each.ref for each in at_one} & set(refs(office))


def test_nobody_is_f2_through_another_index_person(office: Office, seller: str) -> None:
    desk = office.desk()
    _, found = desk.evaluate(CASE)
    through = {e.index for each in found.contacts if each.role == "F2" for e in each.exposures}
    patient = next(each for each in found.contacts if each.ref in through)
    desk.add_index(CASE, patient.visitor, "dương tính")
    desk.evaluate(CASE)
    for each in desk.milestones(CASE):
        if each.person == patient.ref:
            desk.decide_milestone(CASE, each.id, "rejected", "cho mượn thẻ")
    _, after = desk.evaluate(CASE)
    assert patient.ref not in {e.index for each in after.contacts for e in each.exposures}
    listed = sum(each.role == "F2" for each in after.contacts)
    assert after.secondary_total == listed > 0
