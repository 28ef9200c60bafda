"""Where a health certificate is asked for: what opens the way, for whom and how long."""

import pytest

from kiosk.credentials.payload import Payload
from kiosk.credentials.registry import recognise
from kiosk.hardware.ports import Answer
from kiosk.scanning.admission import Admission
from kiosk.scanning.decision import HINTS, Decision, Policy, decide
from kiosk.scanning.repeats import Repeats
from tests.kiosk import certificates, codes

STRICT = Policy(accept=frozenset({"card", "national", "bhyt"}), require_certificate=True)
OPEN = Policy(accept=STRICT.accept)


def _read(text: str) -> Payload:
    return recognise(text.encode(), codes.PROOFS).at(certificates.NOW_S)


def _decide(text: str, policy: Policy = STRICT, *, admitted: bool = False) -> Decision:
    repeats = Repeats(key=bytes(32), ttl_ms=120_000, limit=100)
    return decide(_read(text), policy=policy, repeats=repeats, now_ms=0, admitted=admitted)


@pytest.mark.parametrize("text", [certificates.HC1, certificates.NZCP])
@pytest.mark.parametrize("policy", [STRICT, OPEN])
@pytest.mark.parametrize("admitted", [False, True])
def test_a_certificate_alone_is_amber_and_asks_for_the_own_code(
    text: str, policy: Policy, admitted: bool
) -> None:
    decision = _decide(text, policy, admitted=admitted)
    assert decision == Decision(answer=Answer.AGAIN, reason="certificate_shown")
    assert "now show your own code" in decision.hint
    assert not decision.to_record


@pytest.mark.parametrize("text", [codes.CARD, codes.NATIONAL, codes.BHYT_NEW])
def test_the_own_code_is_green_only_after_a_certificate(text: str) -> None:
    assert _decide(text) == Decision(answer=Answer.AGAIN, reason="certificate_missing")
    assert _decide(text, admitted=True) == Decision(answer=Answer.GO, reason="accepted")
    assert _decide(text, OPEN) == Decision(answer=Answer.GO, reason="accepted")


def test_whoever_is_in_already_needs_no_certificate_again() -> None:
    repeats = Repeats(key=bytes(32), ttl_ms=120_000, limit=100)
    payload = _read(codes.CARD)
    repeats.remember(payload.keys, now_ms=0)
    decision = decide(payload, policy=STRICT, repeats=repeats, now_ms=1)
    assert decision == Decision(answer=Answer.GO, reason="repeat")


@pytest.mark.parametrize("fields", [{"exp": 1}, {"iat": 2**39}, {"dgc": None}])
def test_a_certificate_that_does_not_count_is_amber_with_its_reason(fields: dict[str, int]) -> None:
    text = certificates.hc1(certificates.sign1(certificates.hc1_claims(**fields)))
    decision = _decide(text, admitted=True)
    assert decision.answer is Answer.AGAIN
    assert decision.reason in ("expired", "not_yet_valid", "garbled")


@pytest.mark.parametrize("kind", ["place", "payment", "shc", "certificate", "url", "text"])
def test_other_codes_keep_their_own_reason(kind: str) -> None:
    assert _decide(codes.UNKNOWN[kind]).reason == kind


@pytest.mark.parametrize(
    "reason",
    [
        *("expired", "not_yet_valid", "forged", "unknown_signer", "not_entitled", "garbled"),
        *("revoked", "newer_version", "certificate_shown", "certificate_missing", "payment_like"),
    ],
)
def test_every_reason_has_its_words(reason: str) -> None:
    assert reason in HINTS


def test_the_way_is_open_for_a_minute_and_for_one() -> None:
    admission = Admission(ttl_ms=60_000)
    assert not admission.is_open(now_ms=0)
    admission.show(now_ms=1_000)
    assert admission.is_open(now_ms=1_000)
    assert admission.is_open(now_ms=60_999)
    assert not admission.is_open(now_ms=61_000)
    admission.show(now_ms=70_000)
    admission.use()
    assert not admission.is_open(now_ms=70_001)


def test_two_certificates_in_a_row_admit_one() -> None:
    admission = Admission(ttl_ms=60_000)
    admission.show(now_ms=0)
    admission.show(now_ms=30_000)
    assert admission.is_open(now_ms=80_000)
    admission.use()
    assert not admission.is_open(now_ms=80_001)
