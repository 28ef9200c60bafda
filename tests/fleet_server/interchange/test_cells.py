"""No cell is a formula, and no cell hides what it says."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet_server.interchange.cells import MAX_CELL, plain, safe
from tests.fleet_server.interchange import hostile

TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("=+-@;\"' \t\r\n＝＋－＠\u200d"), st.characters())
)


@pytest.mark.parametrize("name", hostile.NAMES)
def test_no_hostile_name_is_a_formula(name: str) -> None:
    assert not hostile.dangerous(safe(name))


@given(TEXTS)
@example(";;=1")
@example("\u037e=1")
def test_no_text_is_a_formula_and_guarding_twice_changes_nothing(text: str) -> None:
    once = safe(text)
    assert not hostile.dangerous(once)
    assert safe(once) == once
    once.encode()


@pytest.mark.parametrize(
    "text",
    [
        "Nguyễn Văn Thử",
        "Quán cà phê Thử, số 1/2 (tầng 3)",
        "a-b",
        "8:00 – 9:00",
        "x = 1",
        "0900000000",
        "Đ'Thử",
        "",
        "😀",
    ],
)
def test_what_no_spreadsheet_misreads_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_a_phone_number_stays_readable() -> None:
    assert safe("+84900000000") == "'+84900000000"


def test_lines_become_one_and_direction_marks_go() -> None:
    assert safe("Nguyễn\nVăn\tThử") == "Nguyễn Văn Thử"
    assert safe("Thử \u202etxt.exe") == "Thử txt.exe"
    assert safe("Th\x00ử\ufeff") == "Thử"


def test_letters_are_composed() -> None:
    assert plain("Thu\u031b\u0309") == "Thử"


@pytest.mark.parametrize("letter", ["ả", "😀", "="])
def test_what_is_too_long_is_cut_and_shows_it(letter: str) -> None:
    cut = safe(letter * 40_000)
    assert cut.endswith("…")
    assert MAX_CELL - 2 < len(cut.encode("utf-16-le")) // 2 <= MAX_CELL


def test_a_long_row_of_semicolons_and_quotes_takes_no_time() -> None:
    safe(';"' * 200_000)
    safe('"' * 200_000 + "=")
