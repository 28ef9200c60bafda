"""New Zealand's passes: genuine or not, and why."""

from typing import Any

import pytest

from kiosk.credentials import nzcp, signers
from kiosk.credentials.payload import Payload
from kiosk.credentials.signers import Signers
from tests.kiosk.certificates import (
    DAY_S,
    NOW_S,
    NZ_KID,
    NZCP,
    OTHER_EC_KEY,
    PASS,
    SIGNERS,
    nzcp_claims,
)
from tests.kiosk.certificates import nzcp as code

KNOWN = signers.of(*SIGNERS)


def parse(text: str, known: Signers = KNOWN, *, now_s: float = NOW_S) -> Payload:
    payload = nzcp.parse(text, known)
    assert payload is not None
    return payload.at(now_s)


def test_a_genuine_pass_gives_a_verdict_and_a_date_and_nothing_else() -> None:
    assert parse(NZCP) == Payload(
        kind="nzcp",
        authentic=True,
        valid_from_s=NOW_S - 30 * DAY_S,
        valid_until_s=NOW_S + 30 * DAY_S,
    )


@pytest.mark.parametrize("days", [-31, 31])
def test_dates_count_by_the_callers_clock(days: int) -> None:
    expected = "expired" if days > 0 else "not_yet_valid"
    assert parse(NZCP, now_s=NOW_S + days * DAY_S).problem == expected


def test_another_key_is_forged_and_another_name_unknown() -> None:
    assert parse(code(nzcp_claims(), OTHER_EC_KEY)).problem == "forged"
    stranger = code(nzcp_claims(), protected={4: b"key-2", 1: -7})
    assert parse(stranger).problem == "unknown_signer"


def test_a_key_counts_for_its_own_issuer_only() -> None:
    assert parse(code(nzcp_claims(iss="did:web:evil.example"))).problem == "unknown_signer"
    assert parse(NZCP, signers.of(SIGNERS[0])).problem == "unknown_signer"


@pytest.mark.parametrize(
    "fields",
    [
        *({"iss": None}, {"iss": 7}, {"nbf": None}, {"exp": None}, {"exp": "x"}, {"vc": None}),
        *({"vc": {**PASS, "type": []}}, {"vc": {**PASS, "type": "PublicCovidPass"}}),
        *({"vc": {**PASS, "credentialSubject": 1}}, {"vc": []}),
    ],
)
def test_what_is_signed_but_no_pass_is_garbled(fields: dict[str, Any]) -> None:
    assert parse(code(nzcp_claims(**fields))).problem == "garbled"


@pytest.mark.parametrize(
    "text",
    [
        *("NZCP:/", "NZCP:/1/", "NZCP:/1", "NZCP:/1/a", "NZCP:/1/A", "NZCP:/x/AAAA"),
        *(NZCP[:-9], NZCP + "=", NZCP.replace("/1/", "/1//"), NZCP.replace("/1/", "/")),
    ],
)
def test_a_cut_code_is_garbled(text: str) -> None:
    assert parse(text).problem == "garbled"


def test_another_algorithm_is_garbled() -> None:
    assert parse(code(nzcp_claims(), protected={4: NZ_KID, 1: -37})).problem == "garbled"


def test_a_newer_version_is_named_and_another_text_is_no_pass() -> None:
    assert parse(NZCP.replace("/1/", "/2/")).problem == "newer_version"
    assert nzcp.parse("NZCOVIDTRACER:abc", KNOWN) is None
