"""Numbers as people read them out."""

import contextlib
import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.identity import numbers
from fleet_server.identity.numbers import BadNumber
from kiosk.credentials import fields
from wire import card
from wire.records import StableKey

SIGNER = Ed25519PrivateKey.generate()
KEYS = {card.key_id(SIGNER.public_key()): SIGNER.public_key()}
TEXT = card.encode(bytes(range(16)), dt.date(2026, 1, 5), SIGNER)
ID = bytes(range(16)).hex()


@pytest.mark.parametrize(
    ("kind", "text", "keys"),
    [
        ("document", "001 090 000 001", ["cccd:001090000001", "qid:001090000001"]),
        ("document", "001.090.000.001", ["cccd:001090000001", "qid:001090000001"]),
        ("document", "160000000000000001", ["qid:160000000000000001"]),
        ("document", "012 345 678", ["cmnd:012345678"]),
        ("phone", "0900000000", ["phone:0900000000"]),
        ("phone", "+84 900 000 000", ["phone:0900000000"]),
        ("phone", "84900000000", ["phone:0900000000"]),
        ("phone", "(0169) 000 0000", ["phone:0390000000"]),
        ("phone", "0123 000 0000", ["phone:0830000000"]),
        ("phone", "024 3000 0000", ["phone:02430000000"]),
        ("insurance", "0123456789", ["bhyt:0123456789"]),
        ("insurance", "DN 4 01 0123456789", ["bhyt:0123456789"]),
        ("insurance", "dn4010123456789", ["bhyt:0123456789"]),
        ("card", ID, [f"card:{ID}"]),
        ("card", f" {ID.upper()}\n", [f"card:{ID}"]),
        ("card", TEXT, [f"card:{ID}"]),
        ("card", TEXT.lower(), [f"card:{ID}"]),
    ],
)
def test_a_number_is_found_however_it_is_written(kind: str, text: str, keys: list[str]) -> None:
    wanted = [StableKey(*key.split(":")) for key in keys]
    assert list(numbers.stable_keys(kind, text, KEYS)) == wanted


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("document", "abc", "digits"),
        ("document", "", "digits"),
        ("document", "1234", "12 digits"),
        ("insurance", "12345", "10 digits"),
        ("insurance", "DN40101234567X9", "10 digits"),
        ("card", "TRAM1ABCDEFG", "32 hex digits"),
        ("card", TEXT[:-1] + ("A" if TEXT[-1] != "A" else "B"), "misread"),
        ("phone", "12345", "10 digits"),
        ("phone", "+1 202 555 0100", "10 digits"),
        ("name", "Nguyễn Văn Mẫu", "document, insurance, card, phone"),
        ("document", "1" * 500, "200"),
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(kind: str, text: str, told: str) -> None:
    with pytest.raises(BadNumber, match=told) as problem:
        numbers.stable_keys(kind, text, KEYS)
    assert len(text) < 5 or text not in str(problem.value)


def test_a_card_of_another_fleet_is_not_looked_for() -> None:
    theirs = card.encode(bytes(16), dt.date(2026, 1, 5), Ed25519PrivateKey.generate())
    with pytest.raises(BadNumber, match="card"):
        numbers.stable_keys("card", theirs, KEYS)


@given(st.from_regex(r"[A-Za-z]{2}[0-9]{13}|[0-9]{10}", fullmatch=True))
def test_insurance_numbers_mean_the_same_here_and_at_the_door(code: str) -> None:
    at_the_door = fields.insurance_number(code)
    if at_the_door:
        assert numbers.stable_keys("insurance", code, {}) == (StableKey("bhyt", at_the_door),)


@given(st.sampled_from(["document", "insurance", "card", "phone"]), st.text(max_size=250))
def test_any_text_is_a_number_or_refused(kind: str, text: str) -> None:
    with contextlib.suppress(BadNumber):
        assert numbers.stable_keys(kind, text, KEYS)
