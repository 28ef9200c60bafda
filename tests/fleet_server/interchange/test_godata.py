"""Files for Go.Data, against the layout it publishes."""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_server.interchange import godata
from fleet_server.interchange.godata_layout import (
    CERTAINTY,
    COLUMNS,
    CONFIRMED,
    DURATION,
    GENDER,
    LONG,
    RESIDENCE,
    RISK,
    TYPES,
    duration,
)
from fleet_server.interchange.records import Role
from tests.fleet_server.interchange import hostile, layouts
from tests.fleet_server.interchange.case import (
    CASE,
    EXPOSURES,
    FAR,
    INDEX,
    MARKET,
    MILESTONES,
    NEAR,
    PEOPLE,
    ZONE,
    lines,
    named,
)

ROLES: tuple[Role, ...] = ("F0", "F1", "F2")


def read(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    found = json.loads(b"".join(pieces))
    assert isinstance(found, list)
    return found


def people(role: Role) -> list[dict[str, Any]]:
    return read(godata.persons(CASE, PEOPLE, role=role, zone=ZONE, shape="json"))


def test_every_column_is_one_go_data_has() -> None:
    assert set(COLUMNS["F0"]) <= layouts.GODATA_CASE
    assert set(COLUMNS["F1"]) <= layouts.GODATA_CONTACT
    assert set(COLUMNS["F2"]) <= layouts.GODATA_CONTACT
    assert set(COLUMNS["event"]) <= layouts.GODATA_EVENT
    numbered = {re.sub(r"\[\d\]", "[]", column) for column in COLUMNS["relationship"]}
    assert numbered <= layouts.GODATA_RELATIONSHIP


@pytest.mark.parametrize("kind", ["F0", "F1", "F2", "event", "relationship"])
def test_every_column_go_data_demands_is_there(kind: Role) -> None:
    given = {re.split(r"[\[.]", column)[0] for column in COLUMNS[kind]}
    assert layouts.GODATA_REQUIRED[kind] <= given


def test_every_value_is_one_go_data_has() -> None:
    used = {
        *CERTAINTY.values(),
        *RISK.values(),
        *GENDER.values(),
        *(kind for _, kind in DURATION),
        LONG,
        CONFIRMED,
        RESIDENCE,
    } - {""}
    assert used <= layouts.GODATA_VALUES
    assert set(TYPES.values()) == layouts.GODATA_TYPES


def test_the_layout_agrees_with_the_values_go_data_spells_out() -> None:
    assert layouts.GODATA_SPELLED <= layouts.GODATA_VALUES


def test_an_index_person_is_a_confirmed_case() -> None:
    (case,) = people("F0")
    assert case == {
        "id": "p-0",
        "visualId": "p-0",
        "type": "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE",
        "firstName": "Thử",
        "lastName": "Nguyễn Văn",
        "gender": "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE",
        "dob": "1990-02-03",
        "dateOfReporting": "2026-01-06",
        "classification": "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED",
        "dateOfOnset": "2026-01-04",
        "addresses": [
            {
                "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE",
                "addressLine1": "Số 1, đường Thử",
                "locationId": "00001",
                "phoneNumber": "0900000000",
            }
        ],
    }


def test_contacts_and_their_contacts_are_files_of_their_own() -> None:
    assert [each["visualId"] for each in people("F1")] == ["p-1", "p-2"]
    assert [each["visualId"] for each in people("F2")] == ["p-3"]
    near = people("F1")[0]
    assert near["riskLevel"].endswith("RISK_LEVEL_3_HIGH")
    assert near["dateOfLastContact"] == "2026-01-06"
    assert near["dob"] is None, "a year is no date of birth"


def test_who_has_no_name_goes_by_the_reference() -> None:
    assert [each["firstName"] for each in people("F1")] == ["Mẫu", "p-2"]


def test_the_first_record_of_json_has_every_property() -> None:
    for role in ROLES:
        heads = {re.split(r"[\[.]", column)[0] for column in COLUMNS[role]}
        assert all(set(each) == heads for each in people(role))


def test_no_record_is_an_empty_array() -> None:
    assert read(godata.persons(CASE, [], role="F0", zone=ZONE, shape="json")) == []


def test_milestones_are_events_with_their_times_told() -> None:
    market, night = read(godata.events(CASE, MILESTONES, zone=ZONE, shape="json"))
    assert market["name"] == "Chợ Thử"
    assert market["address"] == {"addressLine1": "Số 2, đường Thử", "locationId": "00001"}
    assert (market["date"], market["endDate"]) == ("2026-01-05", "2026-01-05")
    assert market["dateApproximate"] is True
    assert market["description"] == (
        "2026-01-05 08:30 → 2026-01-05 09:30 (từ / from 2026-01-05 08:30 – 2026-01-05 08:30, "
        "đến / to 2026-01-05 08:30 – 2026-01-05 10:30), từ quét mã / from scans"
    )
    assert (night["date"], night["endDate"]) == ("2026-01-05", "2026-01-06")
    assert night["dateApproximate"] is False
    assert night["description"].endswith("đã xác nhận / confirmed. Đã gọi")


def test_a_relationship_has_its_source_and_its_target() -> None:
    first, second, third, *events = read(
        godata.relationships(EXPOSURES, MILESTONES, zone=ZONE, shape="json")
    )
    assert first["persons"] == [
        {"id": "p-0", "type": "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE", "source": True},
        {"id": "p-1", "type": "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT", "target": True},
    ]
    assert first["contactDate"] == "2026-01-06"
    assert first["contactDateEstimated"] is False
    assert first["certaintyLevelId"].endswith("_3_HIGH")
    assert first["exposureDurationId"].endswith("_SHORT_MINUTES")
    assert first["exposureTypeId"] is None, "a door does not see how they met"
    assert first["comment"].endswith("1800 s; Chợ Thử; =Quán")
    assert second["certaintyLevelId"].endswith("_1_LOW")
    assert second["contactDateEstimated"] is True
    assert [person["type"][-7:] for person in third["persons"]] == ["CONTACT", "CONTACT"]
    assert third["persons"][1]["type"].endswith("CONTACT_OF_CONTACT")
    assert [event["persons"][1]["id"] for event in events] == ["m-1", "m-2"]
    assert all(event["persons"][1]["type"].endswith("TYPE_EVENT") for event in events)


def test_csv_says_the_same_under_the_models_names() -> None:
    (case,) = named(godata.persons(CASE, PEOPLE, role="F0", zone=ZONE, shape="csv"))
    assert tuple(case) == COLUMNS["F0"]
    assert case["addresses[].phoneNumber"] == "0900000000"
    first, *_ = named(godata.relationships(EXPOSURES, zone=ZONE, shape="csv"))
    assert (first["persons[0].source"], first["contactDateEstimated"]) == ("true", "false")
    assert first["comment"].endswith("Chợ Thử; '=Quán")


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        (0, "VERY_SHORT_SECONDS"),
        (59, "VERY_SHORT_SECONDS"),
        (60, "SHORT_MINUTES"),
        (3_600, "MEDIUM_HOURS"),
        (86_400, "LONG_DAYS"),
    ],
)
def test_a_duration_has_its_kind(seconds: int, kind: str) -> None:
    assert duration(seconds).endswith(kind)


@pytest.mark.parametrize("name", hostile.NAMES)
def test_a_hostile_name_is_one_plain_line(name: str) -> None:
    person = msgspec.structs.replace(NEAR, first_name=name, last_name=name, address=name)
    (found,) = read(godata.persons(CASE, [person], role="F1", zone=ZONE, shape="json"))
    assert hostile.visible(found["firstName"] or "")
    rows = lines(godata.persons(CASE, [person], role="F1", zone=ZONE, shape="csv"))
    assert not any(hostile.dangerous(cell) for row in rows for cell in row)


@pytest.mark.slow
@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_cell_of_any_file_is_a_formula(text: str, other: str) -> None:
    persons = [
        msgspec.structs.replace(
            each, ref=other, first_name=text, last_name=other, phone=text, address=other, birth=text
        )
        for each in (INDEX, NEAR, FAR)
    ]
    stay = msgspec.structs.replace(MARKET, ref=text, place=other, address=text, notes=other)
    contact = msgspec.structs.replace(EXPOSURES[0], source_ref=text, places=(text, other))
    files = [
        *(godata.persons(CASE, persons, role=role, zone=ZONE, shape="csv") for role in ROLES),
        godata.events(CASE, [stay], zone=ZONE, shape="csv"),
        godata.relationships([contact], [stay], zone=ZONE, shape="csv"),
    ]
    for file in files:
        rows = lines(file)
        assert len(rows) >= 2
        assert not any(hostile.dangerous(cell) for row in rows for cell in row)


def test_records_are_asked_for_one_by_one() -> None:
    asked = 0

    def endless() -> Iterable[object]:
        nonlocal asked
        while True:
            asked += 1
            yield NEAR

    pieces = godata.persons(CASE, endless(), role="F1", zone=ZONE, shape="json")  # type: ignore[arg-type]
    for _ in range(10):
        next(iter(pieces))
    assert asked == 10
