"""What a visitor is answered."""

import pytest

from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.hardware.ports import Answer
from kiosk.scanning.decision import HINTS, UNKNOWN_HINT, Decision, Policy, decide
from kiosk.scanning.repeats import Repeats
from tests.kiosk import codes
from wire.records import StableKey

ALL = Policy(accept=frozenset({"card", "national", "cccd", "can_cuoc"}))
TICKETS = Policy(accept=ALL.accept, tickets=True)


def _decide(payload: Payload, policy: Policy = ALL, repeats: Repeats | None = None) -> Decision:
    repeats = repeats or Repeats(key=bytes(32), ttl_ms=120_000, limit=100)
    return decide(payload, policy=policy, repeats=repeats, now_ms=1000)


def _read(text: str) -> Payload:
    return recognise(text.encode(), codes.PROOFS)


@pytest.mark.parametrize("text", [codes.CARD, codes.NATIONAL, codes.CCCD, codes.CAN_CUOC])
def test_a_kind_the_policy_accepts_is_recorded(text: str) -> None:
    decision = _decide(_read(text))
    assert decision == Decision(answer=Answer.GO, reason="accepted")
    assert decision.to_record


@pytest.mark.parametrize("text", [codes.CARD, codes.NATIONAL, codes.CCCD, codes.CAN_CUOC])
def test_a_kind_the_policy_leaves_out_is_not_recorded(text: str) -> None:
    decision = _decide(_read(text), Policy(accept=frozenset(), tickets=True))
    assert decision == Decision(answer=Answer.AGAIN, reason="not_accepted")
    assert not decision.to_record


def test_a_repeat_is_told_go_without_a_new_record() -> None:
    repeats = Repeats(key=bytes(32), ttl_ms=120_000, limit=100)
    payload = _read(codes.CARD)
    repeats.remember(payload.keys, now_ms=0)
    decision = _decide(payload, repeats=repeats)
    assert decision == Decision(answer=Answer.GO, reason="repeat")
    assert not decision.to_record


def test_a_problem_is_the_reason_even_for_an_accepted_kind() -> None:
    forged = Payload(kind="card", keys=(StableKey("card", "00"),), problem="forged")
    assert _decide(forged) == Decision(answer=Answer.AGAIN, reason="forged")


@pytest.mark.parametrize("kind", ["url", "wifi", "vcard", "text"])
def test_a_ticket_is_recorded_only_where_the_policy_takes_tickets(kind: str) -> None:
    payload = _read(codes.UNKNOWN[kind])
    assert _decide(payload) == Decision(answer=Answer.AGAIN, reason=kind)
    assert _decide(payload, TICKETS) == Decision(answer=Answer.GO, reason="accepted")


@pytest.mark.parametrize("kind", ["certificate", "place", "payment", "enrol"])
def test_certificates_places_payments_and_set_up_codes_are_never_tickets(kind: str) -> None:
    decision = _decide(_read(codes.UNKNOWN[kind]), TICKETS)
    assert decision == Decision(answer=Answer.AGAIN, reason=kind)
    assert decision.hint != UNKNOWN_HINT


@pytest.mark.parametrize("data", [b"", b"   ", b"\xff\xfe\x00", b"a" * 8000])
def test_rubbish_is_shown_again(data: bytes) -> None:
    assert _decide(recognise(data, Proofs()), TICKETS).answer is Answer.AGAIN


def test_an_accepted_kind_without_a_key_is_not_recorded() -> None:
    assert _decide(Payload(kind="national")).answer is Answer.AGAIN


def test_every_hint_is_vietnamese_first_and_english_second() -> None:
    for hint in [*HINTS.values(), UNKNOWN_HINT]:
        vietnamese, _, english = hint.partition(" / ")
        assert vietnamese
        assert english.isascii()
