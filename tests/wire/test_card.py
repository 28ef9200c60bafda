import datetime as dt
import string

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from wire import card
from wire.errors import BadSignature, Malformed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {card.key_id(KEY.public_key()): KEY.public_key()}
TEXT = card.encode(bytes(range(16)), dt.date(2026, 11, 22), KEY)


@given(st.binary(min_size=16, max_size=16), st.dates(dt.date(2020, 1, 1), dt.date(2199, 6, 6)))
def test_a_card_says_what_it_was_made_with(card_id: bytes, issued: dt.date) -> None:
    text = card.encode(card_id, issued, KEY)
    assert card.decode(text, KEYS) == (card_id.hex(), issued, card.key_id(KEY.public_key()))


def test_a_card_is_the_documented_shape() -> None:
    assert card.PATTERN.fullmatch(TEXT)
    assert len(TEXT) == 147


def test_a_card_stays_a_small_symbol() -> None:
    symbol = segno.make_qr(TEXT, error="m")
    assert symbol.mode == "alphanumeric"
    assert symbol.version is not None
    assert int(symbol.version) <= 8


@pytest.mark.parametrize("at", range(len(TEXT)))
def test_one_wrong_character_anywhere_is_a_typo_and_not_a_forgery(at: int) -> None:
    for wrong in string.ascii_uppercase + string.digits:
        if wrong != TEXT[at]:
            with pytest.raises(Malformed):
                card.decode(TEXT[:at] + wrong + TEXT[at + 1 :], KEYS)


def test_two_swapped_neighbours_are_a_typo() -> None:
    for at in range(5, len(TEXT) - 1):
        if TEXT[at] != TEXT[at + 1]:
            swapped = TEXT[:at] + TEXT[at + 1] + TEXT[at] + TEXT[at + 2 :]
            with pytest.raises(Malformed):
                card.decode(swapped, KEYS)


@pytest.mark.parametrize("text", ["", "TRAM1", TEXT[:-1], TEXT + "A", TEXT.lower(), " " + TEXT])
def test_a_cut_or_padded_text_is_no_card(text: str) -> None:
    with pytest.raises(Malformed):
        card.decode(text, KEYS)


def test_a_card_of_another_fleet_is_told_from_a_typo() -> None:
    stranger = Ed25519PrivateKey.generate()
    text = card.encode(bytes(16), dt.date(2026, 1, 1), stranger)
    with pytest.raises(BadSignature, match="does not know"):
        card.decode(text, KEYS)


def test_a_card_signed_by_a_key_that_only_borrows_a_known_id_is_a_forgery() -> None:
    stranger = Ed25519PrivateKey.generate()
    text = card.encode(bytes(16), dt.date(2026, 1, 1), stranger)
    keys = {card.key_id(stranger.public_key()): KEY.public_key()}
    with pytest.raises(BadSignature, match="not this fleet's"):
        card.decode(text, keys)


@pytest.mark.parametrize(
    ("card_id", "issued"),
    [(bytes(15), dt.date(2026, 1, 1)), (bytes(16), dt.date(2019, 12, 31))],
    ids=["short id", "before 2020"],
)
def test_a_card_that_could_not_be_read_back_is_not_made(card_id: bytes, issued: dt.date) -> None:
    with pytest.raises(ValueError, match="16-byte id"):
        card.encode(card_id, issued, KEY)
