"""Our own card: signed or not taken."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.credentials import card as kiosk_card
from kiosk.credentials.payload import Payload
from tests.kiosk.codes import CARD, CARD_KEY, CARD_KEYS
from wire import card
from wire.records import StableKey


def parse(text: str) -> Payload:
    payload = kiosk_card.parse(text, CARD_KEYS)
    assert payload is not None
    return payload


def test_a_card_names_itself_and_nothing_personal() -> None:
    payload = parse(CARD)
    assert payload == Payload(
        kind="card",
        keys=(StableKey("card", bytes(range(16)).hex()),),
        label="card ***0e0f",
        authentic=True,
    )


@pytest.mark.parametrize("at", [5, 40, 100, 142, 146])
def test_one_wrong_character_is_misread_and_not_forged(at: int) -> None:
    wrong = "A" if CARD[at] != "A" else "B"
    assert parse(CARD[:at] + wrong + CARD[at + 1 :]).problem == "misread"


@pytest.mark.parametrize("text", [CARD[:-1], CARD + "A", CARD.lower(), "TRAM1", "TRAM1 hello"])
def test_a_cut_or_changed_code_is_misread(text: str) -> None:
    payload = parse(text)
    assert (payload.kind, payload.problem, payload.keys) == ("card", "misread", ())


def test_a_card_of_another_fleet_is_of_an_unknown_signer() -> None:
    stranger = card.encode(bytes(16), dt.date(2025, 1, 2), Ed25519PrivateKey.generate())
    assert parse(stranger).problem == "unknown_signer"
    without_keys = kiosk_card.parse(CARD, {})
    assert without_keys is not None
    assert (without_keys.kind, without_keys.problem) == ("card", "unknown_signer")


def test_a_card_that_claims_our_key_without_its_signature_is_forged() -> None:
    other = Ed25519PrivateKey.generate()
    forged = card.encode(bytes(16), dt.date(2025, 1, 2), other)
    claimed = {card.key_id(other.public_key()): CARD_KEY.public_key()}
    payload = kiosk_card.parse(forged, claimed)
    assert payload is not None
    assert (payload.problem, payload.authentic, payload.keys) == ("forged", False, ())


def test_a_card_of_a_later_version_says_so() -> None:
    assert parse("TRAM2" + "A" * 142).problem == "newer_version"


def test_a_text_about_trams_is_no_card() -> None:
    assert kiosk_card.parse("Trạm 1", CARD_KEYS) is None
    assert kiosk_card.parse("TRAM2 goes to the harbour", CARD_KEYS) is None


def test_a_revoked_card_is_named_and_no_longer_keyed() -> None:
    taken_back = frozenset({bytes(range(16)).hex()})
    assert kiosk_card.parse(CARD, CARD_KEYS, taken_back) == Payload(kind="card", problem="revoked")
    other = card.encode(bytes(16), dt.date(2025, 1, 2), CARD_KEY)
    payload = kiosk_card.parse(other, CARD_KEYS, taken_back)
    assert payload is not None
    assert payload.problem == ""
