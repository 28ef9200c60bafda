"""EU-style certificates: genuine or not, and why; and that nothing of them is kept."""

import datetime as dt
import os
import time
import zlib
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from kiosk.credentials import base45, cose, hc1, signers
from kiosk.credentials.payload import Payload
from kiosk.credentials.signers import Signers
from tests.kiosk.certificates import (
    DAY_S,
    DGC,
    EC_KEY,
    HC1,
    KID,
    NOW_S,
    OTHER_EC_KEY,
    SIGNERS,
    hc1_claims,
    sign1,
    signer,
)
from tests.kiosk.certificates import hc1 as code

KNOWN = signers.of(*SIGNERS)


def parse(text: str, known: Signers = KNOWN, *, now_s: float = NOW_S) -> Payload:
    payload = hc1.parse(text, known)
    assert payload is not None
    return payload.at(now_s)


def problem(raw: bytes, known: Signers = KNOWN) -> str:
    return parse(code(raw), known).problem


def test_a_genuine_certificate_gives_a_verdict_and_a_date_and_nothing_else() -> None:
    assert parse(HC1) == Payload(
        kind="hc1",
        authentic=True,
        valid_from_s=NOW_S - 30 * DAY_S,
        valid_until_s=NOW_S + 30 * DAY_S,
    )


def test_another_text_is_no_certificate() -> None:
    for text in ("", "HC", "HC1", "hc1:ABC", "HC2:ABC", "TRAM1"):
        assert hc1.parse(text, KNOWN) is None


def test_without_a_trust_store_the_signer_is_unknown() -> None:
    assert parse(HC1, Signers()).problem == "unknown_signer"


def test_a_changed_claim_is_forged() -> None:
    claims = hc1_claims()
    raw = sign1(claims)
    moved = cbor2.dumps(NOW_S + 30 * DAY_S)
    assert raw.count(moved) == 1
    assert problem(raw.replace(moved, cbor2.dumps(NOW_S + 31 * DAY_S))) == "forged"


def test_a_strangers_signature_under_a_known_name_is_forged() -> None:
    assert problem(sign1(hc1_claims(), OTHER_EC_KEY)) == "forged"


@pytest.mark.parametrize("size", [0, 1, 63, 65, 96, 256])
def test_a_signature_of_another_length_is_forged(size: int) -> None:
    message = cbor2.loads(sign1(hc1_claims())).value
    raw = cbor2.dumps([*message[:3], bytes(size)])
    assert problem(raw) == "forged"


@pytest.mark.parametrize(
    ("now_s", "expected"),
    [
        (NOW_S - 30 * DAY_S - 1, "not_yet_valid"),
        (NOW_S - 30 * DAY_S, ""),
        (NOW_S + 30 * DAY_S + 0.9, ""),
        (NOW_S + 30 * DAY_S + 1, "expired"),
    ],
)
def test_dates_count_by_the_callers_clock(now_s: float, expected: str) -> None:
    payload = parse(HC1, now_s=now_s)
    assert payload.problem == expected
    assert payload.authentic == (expected == "")


def test_the_later_of_issue_and_not_before_is_the_first_day() -> None:
    raw = sign1(hc1_claims(nbf=NOW_S + DAY_S))
    assert problem(raw) == "not_yet_valid"
    assert parse(code(raw), now_s=NOW_S + DAY_S).problem == ""


def test_a_certificate_counts_no_longer_than_its_signer() -> None:
    young = signers.of(signer(not_before_s=NOW_S - DAY_S, not_after_s=NOW_S + DAY_S))
    payload = parse(HC1, young)
    assert (payload.valid_from_s, payload.valid_until_s) == (NOW_S - DAY_S, NOW_S + DAY_S)
    assert parse(HC1, young, now_s=NOW_S + 2 * DAY_S).problem == "expired"
    assert parse(HC1, signers.of(signer(not_after_s=0))).problem == ""


def test_dates_may_be_fractions_of_a_second() -> None:
    assert parse(code(sign1(hc1_claims(iat=NOW_S - 0.5, exp=NOW_S + 1.5)))).problem == ""


@pytest.mark.parametrize(
    "value", [None, "soon", True, -1, float("nan"), float("inf"), 2**40, 2**70, [], 1e300, b""]
)
@pytest.mark.parametrize("field", ["exp", "iat", "nbf"])
def test_a_date_that_is_none_is_garbled(field: str, value: Any) -> None:
    if value is None and field != "exp":
        assert problem(sign1(hc1_claims(**{field: value}))) == ""
    else:
        assert problem(sign1(hc1_claims(**{field: value}))) == "garbled"


@pytest.mark.parametrize("bits", [2048, 3072])
def test_rsa_signers_are_verified_by_pss(bits: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    raw = sign1(hc1_claims(), key)
    assert problem(raw, signers.of(signer(key))) == ""
    assert problem(raw[:-1] + bytes([raw[-1] ^ 1]), signers.of(signer(key))) == "forged"


def test_keys_of_one_name_are_all_tried() -> None:
    """Eight bytes of a digest collide, by chance or on purpose."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for order in (1, -1):
        crowd = signers.of(*[signer(OTHER_EC_KEY), signer(key), signer(EC_KEY)][::order])
        assert problem(sign1(hc1_claims()), crowd) == ""
        assert problem(sign1(hc1_claims(), key), crowd) == ""


def test_an_algorithm_is_not_swapped() -> None:
    """A key for ES256 never verifies what says it is PS256."""
    raw = sign1(hc1_claims(), protected={1: -37, 4: KID})
    assert problem(raw) == "unknown_signer"
    for algorithm in (-8, 0, None, "ES256", 2**70):
        assert problem(sign1(hc1_claims(), protected={1: algorithm, 4: KID})) == "unknown_signer"


def test_the_key_id_may_stand_in_either_header_and_the_protected_one_goes_first() -> None:
    claims = hc1_claims()
    assert problem(sign1(claims, protected={1: -7}, unprotected={4: KID})) == ""
    assert problem(sign1(claims, protected={}, unprotected={1: -7, 4: KID})) == ""
    both = {"protected": {1: -7, 4: b"another!"}, "unprotected": {4: KID}}
    assert problem(sign1(claims, **both)) == "unknown_signer"
    assert problem(sign1(claims, protected={1: -7})) == "unknown_signer"
    assert problem(sign1(claims, protected={1: -7, 4: "text"})) == "garbled"


@pytest.mark.parametrize("tags", [(), (18,), (18, 61)])
def test_an_envelope_may_be_tagged_or_not(tags: tuple[int, ...]) -> None:
    assert problem(sign1(hc1_claims(), tags=tags)) == ""


@pytest.mark.parametrize("tags", [(17,), (18, 61, 61), (98,)])
def test_another_envelope_is_garbled(tags: tuple[int, ...]) -> None:
    assert problem(sign1(hc1_claims(), tags=tags)) == "garbled"


def test_a_signer_vouches_only_for_what_it_may() -> None:
    raw = sign1(hc1_claims())
    assert problem(raw, signers.of(signer(uses=["vaccination", "test"]))) == ""
    assert problem(raw, signers.of(signer(uses=["recovery"]))) == "not_entitled"


ENTRY = DGC["v"]


@pytest.mark.parametrize(
    "dgc",
    [
        *(None, [], "", 7, {}, {**DGC, "v": []}, {**DGC, "v": [7]}, {**DGC, "v": {}}),
        *({**DGC, "t": ENTRY}, {**DGC, "v": [*ENTRY, *ENTRY]}, {**DGC, "ver": 1}),
        *({**DGC, "nam": None}, {k: v for k, v in DGC.items() if k != "dob"}),
    ],
)
def test_what_is_signed_but_no_single_certificate_is_garbled(dgc: Any) -> None:
    assert problem(sign1({**hc1_claims(), -260: {1: dgc}})) == "garbled"


@pytest.mark.parametrize("empty", [None, []])
def test_empty_groups_beside_the_one_do_not_matter(empty: Any) -> None:
    assert problem(sign1(hc1_claims(dgc={**DGC, "t": empty, "r": empty}))) == ""


@pytest.mark.parametrize(
    "text", ["HC1:", "HC1:A", "HC1:GGW", "HC1::::", "HC1:a", "HC1:6BFOXN", HC1[:-1], HC1[:-40]]
)
def test_a_cut_code_is_garbled(text: str) -> None:
    assert parse(text).problem == "garbled"


def test_a_newer_version_is_named() -> None:
    assert parse("HC2:" + HC1[4:]).problem == "newer_version"


def test_a_bomb_is_not_unpacked() -> None:
    """What would fill the memory is given up at the first bytes beyond an envelope's size."""
    bomb = "HC1:" + base45.encode(zlib.compress(bytes(3_000_000), 9))
    began = time.perf_counter()
    assert parse(bomb).problem == "garbled"
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize(
    "raw",
    [
        b"\x81" * 400 + b"\x00",
        b"\xa1\x00" * 400 + b"\x00",
        b"\xd2" * 400 + b"\x80",
        b"\xc2\x59\x3f\x00" + b"\xff" * 0x3F00,
        b"\x9b" + b"\xff" * 8,
        b"\xbb" + b"\xff" * 8,
        b"\x5b" + b"\x7f" * 8,
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x23\x63(*)",
        b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
        os.urandom(200),
    ],
    ids=[
        *("arrays", "maps", "tags", "integer", "array", "map", "bytes"),
        "cycle",
        "re",
        "float",
        "?",
    ],
)
def test_hostile_cbor_is_garbled_at_once(raw: bytes) -> None:
    began = time.perf_counter()
    assert problem(raw) == "garbled"
    assert problem(sign1(raw)) == "garbled"
    assert time.perf_counter() - began < 0.1


def test_the_bytes_that_are_signed_are_those_of_the_standard() -> None:
    for size in (0, 23, 24, 255, 256, 5000):
        envelope = cose.Envelope(
            protected=bytes(size % 300), algorithm=-7, kid=b"", payload=bytes(size), signature=b""
        )
        expected = cbor2.dumps(["Signature1", envelope.protected, b"", envelope.payload])
        assert envelope.to_be_signed == expected


def test_p384_signers_are_taken_too() -> None:
    key = ec.derive_private_key(384, ec.SECP384R1())
    message = cbor2.loads(sign1(hc1_claims())).value
    envelope = cose.parse(cbor2.dumps(message))
    r, s = decode_dss_signature(key.sign(envelope.to_be_signed, ec.ECDSA(SHA256())))
    raw = cbor2.dumps([*message[:3], r.to_bytes(48) + s.to_bytes(48)])
    assert problem(raw, signers.of(signer(key))) == ""


def test_nothing_of_a_certificate_is_in_its_payload() -> None:
    shown = repr(parse(HC1))
    for word in ("Nguy", "NGUYEN", "1990", "840539006", "VN", HC1[4:20]):
        assert word not in shown


@given(st.binary(max_size=300))
def test_base45_is_undone(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


@pytest.mark.parametrize(
    ("text", "raw"), [("BB8", b"AB"), ("%69 VD92EX0", b"Hello!!"), ("UJCLQE7W581", b"base-45")]
)
def test_base45_as_the_standard_shows_it(text: str, raw: bytes) -> None:
    assert base45.decode(text) == raw
    assert base45.encode(raw) == text


@pytest.mark.parametrize("text", ["A", "BB8A", "GGW", ":::", "::", "é00", "bb8", "B B\n"])
def test_what_is_not_base45_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base45|ascii"):
        base45.decode(text)


def test_a_date_beyond_the_calendar_does_not_matter() -> None:
    payload = parse(code(sign1(hc1_claims(exp=2**40 - 1))), signers.of(signer(not_after_s=0)))
    assert payload.problem == ""
    with pytest.raises((ValueError, OverflowError)):
        dt.datetime.fromtimestamp(payload.valid_until_s or 0, dt.UTC)
