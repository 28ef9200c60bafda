"""Files for SORMAS, against the layout it publishes."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_server.interchange import sormas
from fleet_server.interchange.records import CaseRecord, PersonRecord
from fleet_server.interchange.sormas import Area, Contact
from tests.fleet_server.interchange import hostile, layouts
from tests.fleet_server.interchange.case import (
    AT,
    CASE,
    INDEX,
    MARKET,
    MILESTONES,
    NEAR,
    PEOPLE,
    UNNAMED,
    ZONE,
    lines,
    named,
)

AREA = Area(region="Hà Nội", communities={"00001": "Phường Thử"})
DATES = ("reportDateTime", "firstContactDate", "lastContactDate", "startDate", "endDate")


def contact(person: PersonRecord = NEAR, *, case: CaseRecord = CASE) -> dict[str, str]:
    file = sormas.contacts(case, [Contact(person, AT)], area=AREA, zone=ZONE)
    return named(file, headers=2)[0]


def test_contacts_have_the_class_over_the_property() -> None:
    classes, columns, *rows = lines(
        sormas.contacts(CASE, [Contact(NEAR, AT), Contact(UNNAMED)], area=AREA, zone=ZONE)
    )
    assert set(classes) == {layouts.SORMAS_CONTACT_CLASS}
    assert set(layouts.SORMAS_CONTACT_HEADER) <= set(columns)
    assert len(classes) == len(columns) == len(rows[0]) == len(rows[1])
    for column in columns:
        head, _, rest = column.partition(".")
        known = layouts.SORMAS_CONTACT
        if head == "person":
            head, _, rest = rest.partition(".")
            known = layouts.SORMAS_PERSON
        assert head in known, column
        assert not rest or (head == "address" and rest in layouts.SORMAS_LOCATION)


def test_events_have_the_class_over_the_property() -> None:
    classes, columns, *_ = lines(sormas.events(CASE, MILESTONES, area=AREA, zone=ZONE))
    for kind, column in zip(classes, columns, strict=True):
        starts = next(start for start in layouts.SORMAS_EVENT_CLASSES if column.startswith(start))
        assert kind == layouts.SORMAS_EVENT_CLASSES[starts]
        head, _, rest = column.partition(".")
        assert head in layouts.SORMAS_EVENT
        assert not rest or rest in layouts.SORMAS_LOCATION


def test_participants_have_the_class_over_the_property() -> None:
    classes, columns, *rows = lines(sormas.participants(PEOPLE, area=AREA))
    assert set(classes) == {layouts.SORMAS_PARTICIPANT_CLASS}
    assert set(layouts.SORMAS_PARTICIPANT_HEADER) <= set(columns)
    assert len(rows) == len(PEOPLE)


def test_older_releases_get_no_class_row() -> None:
    first, *_ = lines(sormas.contacts(CASE, [Contact(NEAR)], area=AREA, zone=ZONE, class_row=False))
    assert first[0] == "caseIdExternalSystem"


def test_a_contact_was_identified_by_an_app_sormas_does_not_know() -> None:
    row = contact()
    assert row["contactIdentificationSource"] == "TRACING_APP"
    assert (row["tracingApp"], row["tracingAppDetails"]) == ("OTHER", "Trạm")
    assert row["contactProximity"] == ""


def test_every_value_is_one_sormas_has() -> None:
    rows = [
        *(contact(person) for person in PEOPLE),
        *named(sormas.events(CASE, MILESTONES, area=AREA, zone=ZONE), headers=2),
    ]
    for row in rows:
        for name, values in layouts.SORMAS_ENUMS.items():
            assert row.get(name, next(iter(values))) in values
        for name in DATES:
            assert re.fullmatch(f"({layouts.SORMAS_DATE})?", row.get(name, ""))


def test_the_district_is_made_up_since_there_is_none() -> None:
    row = contact()
    assert (row["region"], row["district"]) == ("Hà Nội", sormas.PSEUDO_DISTRICT)
    assert row["person.address.district"] == sormas.PSEUDO_DISTRICT


def test_a_commune_sormas_does_not_know_stays_empty() -> None:
    assert contact(NEAR)["community"] == ""
    assert contact(INDEX)["community"] == "Phường Thử"


def test_days_are_local_and_several_are_said_to_be() -> None:
    row = contact()
    assert (row["firstContactDate"], row["lastContactDate"]) == ("01/05/2026", "01/06/2026")
    assert row["multiDayContact"] == "true"
    once = contact(UNNAMED)
    assert (once["firstContactDate"], once["multiDayContact"]) == ("", "false")


def test_dates_can_be_of_another_language() -> None:
    file = sormas.contacts(CASE, [Contact(NEAR)], area=AREA, zone=ZONE, date="%d.%m.%Y")
    assert named(file, headers=2)[0]["reportDateTime"] == "06.01.2026"


def test_of_a_birth_only_what_is_known_is_told() -> None:
    row = contact()
    birth = [row[f"person.birthdate{part}"] for part in ("DD", "MM", "YYYY")]
    assert birth == ["", "", "1985"]
    assert contact(INDEX)["person.birthdateMM"] == "2"


def test_who_has_no_name_goes_by_the_reference() -> None:
    row = contact(UNNAMED)
    assert (row["person.firstName"], row["person.lastName"]) == ("p-2", "p-2")
    assert row["person.sex"] == "UNKNOWN"


def test_another_disease_is_told_in_words() -> None:
    row = contact(case=msgspec.structs.replace(CASE, disease="Sởi"))
    assert (row["disease"], row["diseaseDetails"]) == ("OTHER", "Sởi")
    assert contact()["disease"] == "CORONAVIRUS"


def test_a_confirmed_milestone_is_an_event_and_another_a_signal() -> None:
    market, night = named(sormas.events(CASE, MILESTONES, area=AREA, zone=ZONE), headers=2)
    assert (market["eventStatus"], night["eventStatus"]) == ("SIGNAL", "EVENT")
    assert market["eventTitle"] == "Chợ Thử"
    assert market["eventLocation.community"] == "Phường Thử"
    assert (market["endDate"], night["endDate"]) == ("", "01/06/2026")
    assert market["eventDesc"].startswith("p-0: 2026-01-05 08:30 → 2026-01-05 09:30")


@pytest.mark.parametrize("name", hostile.NAMES)
def test_a_hostile_name_trips_neither_sormas_nor_a_spreadsheet(name: str) -> None:
    person = msgspec.structs.replace(NEAR, first_name=name, last_name=name, address=name)
    stay = msgspec.structs.replace(MARKET, place=name, notes=name, address=name)
    case = msgspec.structs.replace(CASE, ref=name)
    small, default, big = layouts.SORMAS_LIMITS
    for file in (
        sormas.contacts(case, [Contact(person)], area=AREA, zone=ZONE),
        sormas.events(case, [stay], area=AREA, zone=ZONE),
        sormas.participants([person], area=AREA),
    ):
        content = b"".join(file)
        assert b"\\" not in content
        assert not any(
            line.startswith(layouts.SORMAS_COMMENT) for line in content.decode().splitlines()
        )
        for row in named([content], headers=2):
            assert not any(map(hostile.dangerous, row.values()))
            for column, cell in row.items():
                limit = default if column.endswith(("Name", "Title")) else small
                assert len(cell) <= (big if column == "eventDesc" else limit)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_cell_of_any_file_is_a_formula(text: str, other: str) -> None:
    person = msgspec.structs.replace(
        NEAR, ref=other, first_name=text, last_name=other, phone=text, address=other, birth=text
    )
    stay = msgspec.structs.replace(MARKET, ref=text, place=other, address=text, notes=other)
    case = msgspec.structs.replace(CASE, ref=text, disease=other)
    area = Area(region=text, district=other)
    for file in (
        sormas.contacts(case, [Contact(person)], area=area, zone=ZONE),
        sormas.events(case, [stay], area=area, zone=ZONE),
        sormas.participants([person], area=area),
    ):
        rows = lines(file)
        assert len(rows) == 3
        assert not any(hostile.dangerous(cell) for row in rows for cell in row)
