"""Codes typed by scanners set to whatever layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.credentials.payload import Payload
from kiosk.hardware.ports import Typed
from kiosk.scanning.layouts import KEYS, LAYOUTS
from kiosk.scanning.reader import Reading
from kiosk.scanning.spelling import Speller, spell
from tests.kiosk import codes
from tests.kiosk.strokes import Stroke, press, typed

layouts = pytest.mark.parametrize("layout", list(LAYOUTS))


def read(strokes: list[Stroke], *, told: str = "us", speller: Speller | None = None) -> Reading:
    speller = speller or Speller(codes.PROOFS, layout=told)
    return speller.read(Typed(strokes=tuple(strokes), taken_ns=0))


def payload(strokes: list[Stroke], *, told: str = "us") -> Payload:
    found = read(strokes, told=told).payload
    assert found is not None
    return found


@layouts
@pytest.mark.parametrize("told", list(LAYOUTS))
@pytest.mark.parametrize(
    "text", [*codes.PERSONAL, codes.certificates.HC1], ids=lambda text: text[:8]
)
def test_every_kind_is_read_whatever_layout_scanner_and_kiosk_are_set_to(
    layout: str, told: str, text: str
) -> None:
    found = payload(typed(text + "\n", layout=layout), told=told)
    straight = Speller(codes.PROOFS, layout="us").read(
        Typed(strokes=tuple(typed(text)), taken_ns=0)
    )
    assert not found.problem
    assert found == straight.payload
    assert found.keys or found.authentic


@layouts
def test_a_card_scanned_with_caps_lock_on_is_read(layout: str) -> None:
    assert payload(typed(codes.CARD, layout=layout, caps=True)).authentic


def test_an_inverted_name_is_put_right() -> None:
    found = payload(typed(codes.CCCD, caps=True))
    assert found.identity is not None
    assert found.identity.name == "Nguyễn Văn Mẫu"


def test_caps_lock_pressed_within_a_code_counts() -> None:
    strokes = press("CAPSLOCK") + typed("abc") + press("CAPSLOCK") + typed("d1")
    assert spell(strokes, LAYOUTS["us"]) == b"ABCd1"


@pytest.mark.parametrize("alt", ["unicode", "utf-8"])
def test_vietnamese_letters_come_as_numbers(alt: str) -> None:
    found = payload(typed(codes.CCCD, alt=alt))
    assert found.identity is not None
    assert found.identity.name == "Nguyễn Văn Mẫu"


def test_a_windows_number_is_its_letter() -> None:
    strokes = [(KEYS["LEFTALT"], True)]
    for digit in "0233":
        strokes += press(f"KP{digit}")
    strokes.append((KEYS["LEFTALT"], False))
    assert spell([*strokes, *typed("a")], LAYOUTS["us"]) == "éa".encode()


@pytest.mark.parametrize("number", ["55296", "1114112", "9999999"])
def test_a_number_of_no_character_is_a_lost_one(number: str) -> None:
    strokes = [(KEYS["LEFTALT"], True)]
    for digit in number:
        strokes += press(f"KP{digit}")
    strokes.append((KEYS["LEFTALT"], False))
    assert spell(strokes, LAYOUTS["us"]) == "\ufffd".encode()
    assert payload(strokes).kind == "garbled"


def test_a_card_with_a_lost_key_is_misread_and_not_taken() -> None:
    found = payload(typed(codes.CARD[:40] + codes.CARD[41:]))
    assert (found.kind, found.keys) == ("card", ())
    assert found.problem


def test_the_layout_a_card_proved_is_tried_first_from_then_on() -> None:
    speller = Speller(codes.PROOFS, layout="us")
    read(typed(codes.CARD, layout="de"), speller=speller)
    code = read(typed("https://vé.example/?a=y-z", layout="de", alt="utf-8"), speller=speller).code
    assert code is not None
    assert code.data.decode() == "https://vé.example/?a=y-z"


def test_a_scanner_that_is_only_alive_read_nothing() -> None:
    assert read([]).code is None
    assert read(press("ENTER")).code is None


@layouts
@given(text=st.text(max_size=40))
def test_what_is_typed_is_what_is_spelled(layout: str, text: str) -> None:
    spelled = spell(typed(text, layout=layout, alt="utf-8"), LAYOUTS[layout])
    assert spelled == text.encode()


@given(
    strokes=st.lists(
        st.tuples(
            st.one_of(st.sampled_from(sorted(KEYS.values())), st.integers(0, 767)), st.booleans()
        ),
        max_size=80,
    )
)
def test_whatever_is_typed_is_answered(strokes: list[Stroke]) -> None:
    reading = read(strokes)
    assert (reading.code is None) == (reading.payload is None)


@layouts
def test_no_key_gives_two_characters_and_letters_have_capitals(layout: str) -> None:
    for key in LAYOUTS[layout].values():
        assert all(len(char) <= 1 for char in key)
    letters = {
        key.plain for key in LAYOUTS[layout].values() if key.is_letter and key.plain.isascii()
    }
    assert letters == set("abcdefghijklmnopqrstuvwxyz")
