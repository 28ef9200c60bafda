"""Both layouts of the health-insurance card."""

import pytest

from kiosk.credentials import bhyt
from kiosk.credentials.payload import Payload
from kiosk.credentials.registry import recognise
from tests.kiosk.codes import BHYT_NEW, BHYT_OLD, PROOFS
from wire.records import IdentityPart, StableKey

NAME = "Nguyễn Văn Mẫu"
HEX = NAME.encode().hex()


def parse(text: str) -> Payload:
    payload = bhyt.parse(text)
    assert payload is not None
    return payload


def with_field(text: str, at: int, value: str) -> str:
    parts = text.split("|")
    parts[at] = value
    return "|".join(parts)


def test_the_new_card_names_its_holder_by_ten_digits() -> None:
    assert parse(BHYT_NEW) == Payload(
        kind="bhyt",
        keys=(StableKey("bhyt", "0100000001"),),
        label="N*** V*** M***",
        identity=IdentityPart(name=NAME, birth="1990-01-01", sex="male", insurance="0100000001"),
    )


def test_the_old_card_is_the_same_person_by_its_last_ten_digits() -> None:
    old = parse(with_field(BHYT_OLD, 0, "gd4010100000001"))
    assert old.keys == parse(BHYT_NEW).keys
    assert old.identity == IdentityPart(
        name=NAME, birth="1990-01-01", sex="male", address=NAME, insurance="0100000001"
    )


@pytest.mark.parametrize("text", [BHYT_OLD, BHYT_NEW])
def test_hexadecimal_may_be_upper_or_lower_case(text: str) -> None:
    assert parse(with_field(text, 1, HEX.upper())) == parse(with_field(text, 1, HEX.lower()))


@pytest.mark.parametrize(
    ("birth", "read"), [("1990", "1990"), ("31/12/1989", "1989-12-31"), ("31/02/1990", "1990")]
)
def test_a_birth_is_a_date_or_a_year(birth: str, read: str) -> None:
    identity = parse(with_field(BHYT_NEW, 2, birth)).identity
    assert identity is not None
    assert identity.birth == read


def test_sex_is_one_or_two() -> None:
    identity = parse(with_field(BHYT_OLD, 3, "2")).identity
    assert identity is not None
    assert identity.sex == "female"


@pytest.mark.parametrize("text", [BHYT_OLD, BHYT_NEW])
@pytest.mark.parametrize("empty", ["-", ""])
def test_a_hyphen_is_empty(text: str, empty: str) -> None:
    identity = parse(with_field(text, 4, empty)).identity
    assert identity is not None
    assert identity.address == ""


def test_the_shortest_old_card_ends_after_its_date_of_issue() -> None:
    text = f"GD4010100000001|{HEX}|1990|1|{HEX}|01 - 001|01/01/2021|31/12/2021|01/01/2021|$"
    assert parse(text).problem == ""


@pytest.mark.parametrize(
    "text",
    [
        *(BHYT_OLD[:-2], BHYT_NEW[:-2], BHYT_NEW.replace("|4|", "|"), BHYT_NEW[:-1]),
        *(with_field(BHYT_NEW, 1, each) for each in (HEX[:-1], "", "-", "xyz", "ff", "c328")),
        *(with_field(BHYT_NEW, 1, each.encode().hex()) for each in ("\x00", "a\nb")),
        *(with_field(BHYT_NEW, 2, each) for each in ("", "01011990", "1/1/1990", "1790")),
        *(with_field(BHYT_NEW, 3, each) for each in ("", "0", "Nam")),
        *(with_field(BHYT_OLD, 6, each) for each in ("2021", "01012021")),
        *(with_field(BHYT_OLD, 4, each) for each in ("ff", "c328")),
    ],
)
def test_a_damaged_card_is_misread_and_names_nobody(text: str) -> None:
    payload = parse(text)
    assert (payload.problem, payload.keys, payload.identity) == ("misread", (), None)


@pytest.mark.parametrize("text", ["GD4010000000000", "0000000000", "9999999999"])
def test_a_placeholder_makes_no_one_person_of_many(text: str) -> None:
    assert parse(with_field(BHYT_OLD, 0, text)).problem in ("inconsistent", "misread")


def test_a_misdecoded_name_is_no_strangers_name() -> None:
    mojibake = NAME.encode().decode("cp1252", "replace").replace("\ufffd", "°")
    assert parse(with_field(BHYT_NEW, 1, mojibake.encode().hex())).problem == "encoding"


@pytest.mark.parametrize(
    "text", ["0100000001", "0100000001|a|b", "0100000001|" + "|".join("abcdefgh"), "GD401|" * 9]
)
def test_another_text_is_no_insurance_card(text: str) -> None:
    assert bhyt.parse(text) is None


def test_a_damaged_card_never_becomes_a_ticket() -> None:
    for text in (BHYT_OLD, BHYT_NEW):
        for end in range(len(text) // 2, len(text)):
            assert not recognise(text[:end].encode(), PROOFS).ticket
