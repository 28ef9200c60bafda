"""The codes on ID cards."""

import unicodedata

import pytest

from kiosk.credentials import cccd
from kiosk.credentials.payload import Payload
from tests.kiosk.codes import CAN_CUOC, CCCD, NATIONAL
from wire.records import IdentityPart, StableKey


def code(
    *,
    number: str = "001090000001",
    old: str = "",
    name: str = "Nguyễn Văn Mẫu",
    birth: str = "01011990",
    sex: str = "Nam",
    address: str = "Số 1, Phường Thử, Quận Mẫu, Hà Nội",
    issued: str = "01012022",
    more: str = "",
) -> str:
    return "|".join((number, old, name, birth, sex, address, issued)) + more


def parse(text: str) -> Payload:
    payload = cccd.parse(text)
    assert payload is not None
    return payload


def test_seven_fields_are_a_chip_id_card() -> None:
    assert parse(CCCD) == Payload(
        kind="cccd",
        keys=(StableKey("cccd", "001090000001"),),
        label="N*** V*** M***",
        identity=IdentityPart(
            name="Nguyễn Văn Mẫu",
            birth="1990-01-01",
            sex="male",
            address="Số 1, Phường Thử, Quận Mẫu, Hà Nội",
            document="001090000001",
        ),
    )


def test_eleven_fields_are_an_id_card_of_2024() -> None:
    payload = parse(CAN_CUOC)
    assert (payload.kind, payload.label) == ("can_cuoc", "T*** T*** T***")
    assert payload.identity is not None
    assert (payload.identity.birth, payload.identity.sex) == ("2002-12-31", "female")


def test_the_same_number_on_both_cards_is_the_same_key() -> None:
    assert parse(code()).keys == parse(code(more="||||")).keys


@pytest.mark.parametrize(
    ("number", "birth", "sex"),
    [
        *(("001090000001", "01011990", "Nam"), ("001190000001", "01011990", "Nữ")),
        *(("001205000001", "01012005", "Nam"), ("001305000001", "01012005", "Nữ")),
        *(("001190000001", "01011990", "NỮ"), ("001190000001", "01011990", "nu")),
        *(("001190000001", "00001990", "Nữ"), ("001190000001", "1990", "Nữ")),
        ("001190000001", "01011990", unicodedata.normalize("NFD", "Nữ")),
    ],
)
def test_number_birth_and_sex_agree(number: str, birth: str, sex: str) -> None:
    payload = parse(code(number=number, birth=birth, sex=sex))
    assert payload.problem == ""
    assert payload.identity is not None
    assert payload.identity.birth.startswith(birth[-4:])


@pytest.mark.parametrize(
    ("number", "birth", "sex"),
    [
        ("001190000001", "01011990", "Nam"),
        ("001090000001", "01011990", "Nữ"),
        ("001090000001", "01011991", "Nam"),
        ("001090000001", "01012090", "Nam"),
        ("001290000001", "01011990", "Nam"),
    ],
)
def test_a_number_that_contradicts_birth_or_sex_is_refused(
    number: str, birth: str, sex: str
) -> None:
    payload = parse(code(number=number, birth=birth, sex=sex))
    assert (payload.problem, payload.keys, payload.identity) == ("inconsistent", (), None)


@pytest.mark.parametrize(
    "text",
    [
        code(number="00109000000"),
        code(number="00109000000x"),
        code(birth="1990-01-01"),
        code(sex="X"),
        code(name=""),
        code(name="12345"),
        code(old="12"),
        code(issued="2022"),
    ],
)
def test_a_wrong_field_is_misread(text: str) -> None:
    payload = parse(text)
    assert (payload.kind, payload.problem, payload.keys) == ("cccd", "misread", ())


@pytest.mark.parametrize("text", [NATIONAL, "a|b|c|d|e|f|g", CCCD + "|", "1|2|3|4|5|6|7|8|9|10|11"])
def test_other_texts_with_pipes_are_no_id_card(text: str) -> None:
    assert cccd.parse(text) is None


@pytest.mark.parametrize("name", ["NguyÃªn VÄƒn MÃ¡ÂºÂ«u", "阮文", "Nguyá»…n"])
def test_a_misdecoded_name_is_no_strangers_name(name: str) -> None:
    payload = parse(code(name=name))
    assert (payload.problem, payload.keys, payload.identity) == ("encoding", (), None)


@pytest.mark.parametrize("name", ["Đỗ Ổi", "Y Thử Êban", "K’Mẫu", "Nguyễn Thị Thử"])
def test_names_as_they_are_written_here_are_taken(name: str) -> None:
    assert parse(code(name=name)).problem == ""
