"""Tuesday, two in the afternoon: from the laboratory's call to a call list."""

from fleet_server.cases.contact_list import Filter
from tests.fleet_server.cases.conftest import CASE, LAB, SUPERVISOR, Office
from tests.support.market_days import CALLED_MS


def test_the_first_hour_of_a_case(office: Office) -> None:
    desk = office.desk()
    desk.begin(CASE, lab_ref=LAB, onset=CALLED_MS // 1000 - 2 * 86_400)
    office.desk(SUPERVISOR).confirm_lab(CASE, LAB)

    # What the laboratory gives: the old insurance code, an ID number never shown, a telephone.
    by_insurance = desk.find(CASE, "insurance", "DN4010179000001", "tìm F0")
    assert desk.find(CASE, "document", "001179000001", "tìm F0") == []
    by_phone = desk.find(CASE, "phone", "+84 900 000 001", "tìm F0")
    assert len(by_insurance) == len(by_phone) == 1
    assert by_insurance != by_phone

    # Two cards, one person; her stays are the union of both.
    desk.link(CASE, by_insurance[0], by_phone[0], "bà ấy đọc số của cả hai thẻ")
    index = desk.add_index(CASE, by_insurance[0], "dương tính, phòng xét nghiệm gọi 14:00")

    # Counts before anybody is listed; the silent kiosk is in view from the start.
    preview = desk.preview(CASE)
    assert (preview.counts.A, preview.counts.B, preview.counts.C) == (10, None, 5)
    assert [gap.kiosk for gap in preview.gaps] == ["cho-hai-ra"]

    number, first = desk.evaluate(CASE)
    places = {each.venue for each in desk.milestones(CASE)}
    assert places == {"cho-mot", "cho-hai", "benh-vien"}
    assert {each.person for each in desk.milestones(CASE)} == {index.ref}
    assert sum(each.role == "F1" for each in first.contacts) == 24
    # The fourth regular met two who never met her.
    through = {each.exposures[0].index for each in first.contacts if each.role == "F2"}
    assert len(through) == 2

    # She says: on Tuesday I was still there when you called; and on Friday I lunched at Bà Ước's.
    tuesday = desk.milestones(CASE)[-1]
    desk.correct_milestone(CASE, tuesday.id, "cho-mot,2026-03-10T05:30,2026-03-10T14:00")
    desk.add_milestone(
        CASE, index.ref, "elsewhere:Quán Bà Ước,2026-03-06T11:30,2026-03-06T12:30", "phỏng vấn"
    )
    again, second = desk.evaluate(CASE)
    assert again > number
    tiers = {each.visitor: each.exposures[0].tier for each in second.contacts}
    was = {each.visitor: each.exposures[0].tier for each in first.contacts}
    assert {ref for ref in tiers if tiers[ref] < was.get(ref, "Z")}, "nobody's exposure got surer"

    # Who changed since I last looked.
    office.desk(SUPERVISOR).changes(CASE)
    assert desk.changes(CASE).since_result is None
    assert office.desk().changes(CASE).added == []

    # Whom to call, by commune; names are opened on record, and the address says which commune.
    people = [each.ref for each in desk.contacts(CASE, Filter(role="F1", tier="A"))][:8]
    named = desk.open_names(CASE, people, "gọi F1")
    assert all(each.part.phone.startswith("09000001") for each in named)
    by_ref = {each.ref: each for each in desk.contacts(CASE)}
    for each in named:
        contact = by_ref[each.ref]
        assert contact.area_source == "address"
        assert contact.area_name in each.part.address

    # The silent kiosk comes back with what it saw; the open case says what is different.
    assert office.days.deliver() > 0
    office.now_ms += 120_000
    desk = office.desk()
    desk.evaluate(CASE)
    changed = desk.changes(CASE)
    assert [gap.kiosk for gap in changed.gaps_closed] == ["cho-hai-ra"]
    assert changed.changed
    assert all("cho-hai" in each.now.places for each in changed.changed)

    # Decisions keep the ground they stand on.
    call_first, set_aside = people[0], desk.contacts(CASE, Filter(tier="C"))[0].ref
    desk.call(CASE, call_first, reachable=True, words="ở nhà, không sốt")
    kept = desk.decide(CASE, set_aside, "dismissed", words="ngồi ngoài cổng, đeo khẩu trang")
    assert kept is not None
    frozen = desk.result(CASE, kept, office.sign.public_key())
    assert frozen.content["contact"] == set_aside
    assert frozen.content["exposures"][0]["meetings"][0]["other"]["scans"]
    states = desk.show(CASE).contacts
    assert (states["reached"], states["dismissed"]) == (1, 1)
