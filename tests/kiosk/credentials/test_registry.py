"""Whatever the bytes: one payload, of one kind, and no exception."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import MAX_BYTES, matches, recognise
from tests.kiosk.certificates import HC1, NZCP
from tests.kiosk.codes import (
    BHYT_NEW,
    BHYT_OLD,
    CAN_CUOC,
    CARD,
    CCCD,
    NATIONAL,
    PERSONAL,
    PROOFS,
    UNKNOWN,
)
from tests.kiosk.credentials.checks import check

ALL = (*PERSONAL, BHYT_NEW, HC1, NZCP, *UNKNOWN.values())
NOTHING = Proofs()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((CARD, "card"), (NATIONAL, "national"), (CCCD, "cccd"), (CAN_CUOC, "can_cuoc")),
        *((BHYT_OLD, "bhyt"), (BHYT_NEW, "bhyt"), (HC1, "hc1"), (NZCP, "nzcp")),
        *((text, kind) for kind, text in UNKNOWN.items()),
        *(("", "empty"), (" \r\n", "empty")),
    ],
)
def test_each_kind_is_recognised_by_its_shape(text: str, kind: str) -> None:
    payload = recognise(text.encode(), PROOFS)
    assert (payload.kind, payload.problem) == (kind, "")
    check(payload)


def test_blanks_and_line_ends_around_a_code_do_not_matter() -> None:
    assert recognise(f" {CCCD}\r\n".encode(), NOTHING) == recognise(CCCD.encode(), NOTHING)


def test_a_name_in_a_wrong_encoding_is_garbled_and_not_a_strangers_name() -> None:
    payload = recognise(
        NATIONAL.replace("NGUYEN", "NGUYỄN").encode("cp1258", "replace") + b"\xc3", NOTHING
    )
    assert payload.kind == "garbled"
    assert not payload.ticket


def test_a_mojibake_id_card_is_repaired() -> None:
    text = CCCD.replace("Nguyễn Văn Mẫu", "Nông Ý").replace(
        "Số 1, Phường Thử, Quận Mẫu, Hà Nội", "X"
    )
    mojibake = text.encode().decode("latin-1").encode()
    assert recognise(mojibake, NOTHING) == recognise(text.encode(), NOTHING)


def test_more_than_a_code_can_hold_is_garbled() -> None:
    assert recognise(b"1" * (MAX_BYTES + 1), NOTHING).kind == "garbled"
    assert recognise(b"1" * MAX_BYTES, NOTHING).kind == "text"


@pytest.mark.parametrize("text", ALL)
def test_a_code_matches_at_most_one_format(text: str) -> None:
    assert len(matches(text, PROOFS)) <= 1


NUMBERS = ("001090000001", "160000000000000001", "0100000001", "01011990", "1990-01-01", "0", "1")
WORDS = (
    "HC1:",
    "NZCP:/1/",
    "000201",
    "5303704",
    "6304",
    "4e67",
    "$",
    "TRAM1",
    "NGUYEN VAN MAU",
    "Nam",
    "Nữ",
    "|",
    "||",
    "<",
    "*",
    "-",
    "\x00",
    "",
)
PIECES = st.one_of(st.sampled_from(NUMBERS + WORDS), st.text(max_size=8))


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None)
@given(st.lists(PIECES, max_size=18), st.sampled_from(["|", "<", ""]))
def test_texts_put_together_from_telling_pieces_match_one_format_at_most(
    pieces: list[str], glue: str
) -> None:
    text = glue.join(pieces)
    assert len(matches(text, PROOFS)) <= 1
    check(recognise(text.encode("utf-8", "replace"), PROOFS))


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(PERSONAL), st.integers(0, 200), st.characters(codec="utf-8"))
def test_a_personal_code_with_one_wrong_character_never_becomes_a_ticket(
    text: str, at: int, char: str
) -> None:
    at %= len(text)
    payload = recognise((text[:at] + char + text[at + 1 :]).encode(), PROOFS)
    if at == 0 and text == CARD:
        return  # without its first letter it is no card's code, and there is nothing personal in it
    if char == "|" or text[at] == "|" or (text == CARD and at < 5):
        return  # another number of fields: see the test of unknown documents
    assert not payload.ticket, payload.kind


def test_a_payload_does_not_show_its_content_in_its_label() -> None:
    for text in ALL:
        payload = recognise(text.encode(), PROOFS)
        for word in text.replace("|", " ").replace("<", " ").split():
            if len(word) > 3 and "*" not in word:
                assert word not in payload.label
    assert {field.name for field in dataclasses.fields(Payload)} >= {"label", "keys", "identity"}
