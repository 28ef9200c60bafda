"""Milestones: built from scans, told, corrected, confirmed, rejected; what they do to the list."""

import pytest

from fleet_server.cases.contact_list import Filter
from fleet_server.cases.results import MilestoneSeen
from fleet_server.errors import NotKnown, Refused
from fleet_server.tracing.handmade import BadStay
from tests.fleet_server.cases.conftest import CASE, Office

LUNCH = "elsewhere:Quán Bà Ước,2026-03-06T11:30,2026-03-06T12:30"


@pytest.fixture
def seller(office: Office) -> str:
    ref = office.with_seller()
    office.desk().evaluate(CASE)
    return ref


def at_market(office: Office) -> list[MilestoneSeen]:
    return [each for each in office.desk().milestones(CASE) if each.venue == "cho-mot"]


def test_scans_make_milestones_that_wait_for_somebodys_word(office: Office, seller: str) -> None:
    found = office.desk().milestones(CASE)
    assert {each.state for each in found} == {"proposed"}
    assert {each.source for each in found} == {"scans"}
    assert {each.person for each in found} == {seller}
    assert [each.start for each in found] == sorted(each.start for each in found)


def test_what_a_kiosk_saw_and_she_denies_counts_no_more(office: Office, seller: str) -> None:
    met = {each.ref for each in office.desk().contacts(CASE, Filter(role="F1"))}
    for each in at_market(office):
        office.desk().decide_milestone(CASE, each.id, "rejected", "cho con mượn thẻ")
    _, after = office.desk().evaluate(CASE)
    left = [each for each in after.contacts if each.role == "F1"]
    assert met
    assert all("cho-mot" not in exposure.places for each in left for exposure in each.exposures)
    assert len(left) < len(met)
    # Nor does it come back by itself.
    assert {each.state for each in at_market(office)} == {"rejected"}


def test_a_rejected_one_can_be_confirmed_after_all(office: Office, seller: str) -> None:
    first = at_market(office)[0]
    office.desk().decide_milestone(CASE, first.id, "rejected")
    office.desk().decide_milestone(CASE, first.id, "confirmed", "bà ấy nhớ ra")
    kept = next(each for each in at_market(office) if each.id == first.id)
    assert (kept.state, kept.decided_by) == ("confirmed", "truy-vet-1")


def test_a_confirmed_one_stays_when_scans_arrive_late(office: Office, seller: str) -> None:
    second = [each for each in office.desk().milestones(CASE) if each.venue == "cho-hai"]
    assert second
    office.desk().decide_milestone(CASE, second[0].id, "confirmed")
    office.days.deliver()
    office.now_ms += 120_000
    office.desk().evaluate(CASE)
    now = {each.id: each for each in office.desk().milestones(CASE)}
    assert now[second[0].id].end == second[0].end
    # The other day's was nobody's word yet: it reads as the scans read now.
    assert second[1].id not in now


def test_a_correction_stands_in_its_place_and_the_first_is_kept(
    office: Office, seller: str
) -> None:
    first = at_market(office)[0]
    made = office.desk().correct_milestone(
        CASE, first.id, "cho-mot,2026-03-06T06:00,closing", "ở lại đến lúc đóng cửa"
    )
    now = {each.id: each for each in office.desk().milestones(CASE)}
    assert first.id not in now
    assert (now[made].source, now[made].state) == ("by_hand", "confirmed")
    everything = {each.id: each for each in office.desk().milestones(CASE, all_of_them=True)}
    assert everything[first.id].state == "replaced"
    with pytest.raises(Refused, match="another one stands in its place"):
        office.desk().decide_milestone(CASE, first.id, "confirmed")


def test_a_place_without_a_kiosk_is_a_milestone_too(office: Office, seller: str) -> None:
    made = office.desk().add_milestone(CASE, seller, LUNCH, "phỏng vấn")
    told = next(each for each in office.desk().milestones(CASE) if each.id == made)
    assert (told.venue, told.place, told.note) == ("", "Quán Bà Ước", "phỏng vấn")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cho-mot", "VENUE,FROM,TO"),
        ("cho-mot,2026-03-06T12:00,2026-03-06T11:00", "expected an end after"),
        ("cho-mot,sáng,trưa", "no time"),
    ],
)
def test_what_cannot_be_read_is_said_and_changes_nothing(
    office: Office, seller: str, text: str, said: str
) -> None:
    before = office.desk().milestones(CASE, all_of_them=True)
    with pytest.raises((BadStay, ValueError), match=said):
        office.desk().add_milestone(CASE, seller, text)
    with pytest.raises((BadStay, ValueError), match=said):
        office.desk().correct_milestone(CASE, before[0].id, text)
    assert office.desk().milestones(CASE, all_of_them=True) == before


def test_an_unknown_venue_is_no_place_without_a_kiosk(office: Office, seller: str) -> None:
    with pytest.raises(NotKnown, match="cho-ba"):
        office.desk().add_milestone(CASE, seller, "cho-ba,2026-03-06T11:00,2026-03-06T12:00")


def test_only_index_persons_have_milestones(office: Office, seller: str) -> None:
    contact = office.desk().contacts(CASE)[0].ref
    with pytest.raises(Refused, match="no index person"):
        office.desk().add_milestone(CASE, contact, LUNCH)
    with pytest.raises(NotKnown, match="not in this case"):
        office.desk().decide_milestone(CASE, 999_999, "confirmed")


def two_cards(office: Office) -> list[str]:
    desk = office.opened()
    return [
        desk.find(CASE, kind, number, "tìm F0")[0]
        for kind, number in (("insurance", "DN4010179000001"), ("phone", "0900000001"))
    ]


def test_two_index_persons_may_share_an_f1_through_whom_somebody_is_f2(office: Office) -> None:
    desk = office.desk()
    index = [desk.add_index(CASE, card, "dương tính").ref for card in two_cards(office)]
    _, found = desk.evaluate(CASE)
    sources = [[exposure.index for exposure in each.exposures] for each in found.contacts]
    assert set(index) in [set(each) for each in sources]
    assert found.secondary_total == sum(each.role == "F2" for each in found.contacts)
    assert all(len(each) == len(set(each)) for each in sources)
    assert "F2" in {each.role for each in found.contacts}


def test_what_was_settled_for_two_cards_holds_when_they_are_one_persons(office: Office) -> None:
    desk, cards = office.desk(), two_cards(office)
    first, second = (desk.add_index(CASE, card, "dương tính").ref for card in cards)
    desk.evaluate(CASE)
    assert {each.person for each in at_market(office)} == {first, second}
    for each in at_market(office):
        desk.decide_milestone(CASE, each.id, "rejected", "cho mượn thẻ")
    desk.add_milestone(CASE, second, LUNCH)
    desk.link(CASE, *cards, "cùng một người")
    _, after = desk.evaluate(CASE)
    assert len(after.index) == 1
    assert {each.person for each in desk.milestones(CASE)} == {after.index[0].ref}
    assert {each.state for each in at_market(office)} == {"rejected"}
    met = [place for each in after.contacts for e in each.exposures for place in e.places]
    assert met
    assert "cho-mot" not in met
    assert "Quán Bà Ước" in {each.place for each in desk.milestones(CASE)}


def test_where_a_mistaken_index_person_was_is_published_nowhere(
    office: Office, seller: str
) -> None:
    desk = office.desk()
    mistaken = desk.evaluate(CASE)[1].contacts[0].visitor
    ref = desk.add_index(CASE, mistaken, "dương tính").ref
    desk.add_milestone(CASE, ref, LUNCH)
    desk.decide_milestone(CASE, at_market(office)[0].id, "confirmed")
    assert "Quán Bà Ước" in {place.place for place in desk.notice(CASE).places}
    desk.remove_index(CASE, ref, "nhầm người")
    desk.evaluate(CASE)
    assert "Quán Bà Ước" not in {place.place for place in desk.notice(CASE).places}
    assert {each.person for each in desk.milestones(CASE)} == {seller}
    # Should it be true after all, nothing has to be told again.
    desk.add_index(CASE, mistaken, "dương tính thật")
    assert "Quán Bà Ước" in {each.place for each in desk.milestones(CASE)}


def test_what_was_corrected_is_not_proposed_again(office: Office, seller: str) -> None:
    desk, first = office.desk(), at_market(office)[0]
    made = desk.correct_milestone(CASE, first.id, "cho-mot,2026-03-06T06:00,closing")
    made = desk.correct_milestone(CASE, made, "cho-mot,2026-03-06T06:15,closing")
    before = desk.milestones(CASE)
    desk.evaluate(CASE)
    assert desk.milestones(CASE) == before
    # Without the correction the scans count again, and are asked about again.
    desk.decide_milestone(CASE, made, "rejected", "nhớ nhầm")
    desk.evaluate(CASE)
    assert first.start in {each.start for each in at_market(office) if each.state == "proposed"}
    desk.decide_milestone(CASE, made, "confirmed", "đúng rồi")
    desk.evaluate(CASE)
    assert {each.id for each in desk.milestones(CASE)} == {each.id for each in before}
