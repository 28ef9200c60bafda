"""Names, dates of birth and phone numbers as other programs want them."""

import pytest

from fleet_server.interchange.people import Birth, birth, dialled, split


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Nguyễn Văn Thử", "Thử", "Nguyễn Văn"),
        ("  Trần   Thử ", "Thử", "Trần"),
        ("Thử", "Thử", ""),
        ("", "", ""),
    ],
)
def test_the_last_word_is_the_given_name(name: str, first: str, last: str) -> None:
    assert split(name) == (first, last)


@pytest.mark.parametrize(
    ("text", "known", "date"),
    [
        ("1990-02-03", Birth(1990, 2, 3), "1990-02-03"),
        ("1990-02", Birth(1990, 2), ""),
        ("1990", Birth(1990), ""),
        ("1990-**-**", Birth(1990), ""),
        ("1990-02-**", Birth(1990, 2), ""),
        ("1990-13-40", Birth(1990), ""),
        ("1990-02-31", Birth(1990, 2), ""),
        ("0000-01-01", Birth(), ""),
        ("****", Birth(), ""),
        ("", Birth(), ""),
    ],
)
def test_of_a_birth_only_what_is_known_is_told(text: str, known: Birth, date: str) -> None:
    assert birth(text) == known
    assert birth(text).date == date


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+84 900 000 000", "0900000000"),
        ("+84900000000", "0900000000"),
        ("0900.000.000", "0900000000"),
        ("+1 (555) 0100", "0015550100"),
        ("", ""),
    ],
)
def test_a_number_is_as_it_is_dialled(phone: str, number: str) -> None:
    assert dialled(phone) == number
