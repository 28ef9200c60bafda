"""What every parser promises, whatever the bytes: for tests and for fuzzing."""

import zlib
from collections.abc import Callable, Mapping
from typing import Final

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.credentials import (
    base45,
    bhyt,
    card,
    cccd,
    cose,
    hc1,
    national,
    nzcp,
    payment,
    place,
    text,
    unknown,
)
from kiosk.credentials.payload import Payload
from kiosk.credentials.registry import matches, recognise
from tests.kiosk.certificates import HC1, NOW_S, NZCP, hc1_claims, nzcp_claims, sign1
from tests.kiosk.certificates import nzcp as nzcp_code
from tests.kiosk.codes import PERSONAL, PROOFS, UNKNOWN
from wire import codec, revocations, trust
from wire.card import key_id
from wire.errors import WireError
from wire.records import TracingPart

NAMELESS: Final = (
    *("garbled", "empty", "hc1", "nzcp", "shc", "certificate", "place", "payment", "payment_like"),
    *("enrol", "document"),
)
"""Kinds that name no visitor and are no tickets."""
KINDS: Final = (*NAMELESS, *unknown.TICKETS, "card", "national", "cccd", "can_cuoc", "bhyt")
PROBLEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "card": ("misread", "unknown_signer", "forged", "revoked", "newer_version"),
    "national": ("misread", "inconsistent", "encoding"),
    "cccd": ("misread", "inconsistent", "encoding"),
    "can_cuoc": ("misread", "inconsistent", "encoding"),
    "bhyt": ("misread", "inconsistent", "encoding"),
    **dict.fromkeys(
        ("hc1", "nzcp"),
        (
            *("garbled", "forged", "unknown_signer", "not_entitled", "newer_version"),
            *("expired", "not_yet_valid"),
        ),
    ),
}
"""The problems each kind declares; other kinds have none."""
ROOT: Final = Ed25519PrivateKey.from_private_bytes(b"root" * 8)


def check(payload: Payload) -> None:
    """Assert what every payload promises, whatever it was read from."""
    assert payload.kind in KINDS
    assert not payload.problem or payload.problem in PROBLEMS[payload.kind]
    assert payload.ticket == (payload.kind in unknown.TICKETS)
    if payload.problem or payload.kind in NAMELESS:
        assert payload.keys == ()
        assert payload.identity is None
        assert payload.label == ""
    else:
        assert payload.keys
    if payload.problem:
        assert not payload.authentic
    if payload.authentic:
        assert payload.kind in ("card", "hc1", "nzcp")
    part = TracingPart(kind=payload.kind, keys=list(payload.keys), label=payload.label)
    assert codec.decode(codec.encode(part), TracingPart) == part, "the server refuses this"


def _recognise(data: bytes) -> None:
    payload = recognise(data, PROOFS)
    check(payload)
    check(payload.at(NOW_S))
    read = text.to_text(data)
    if read is not None:
        assert len(matches(read.strip(), PROOFS)) <= 1


def _text_parser(parse: Callable[[str], Payload | None]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        payload = parse(data.decode("utf-8", "replace"))
        if payload is not None:
            check(payload)
            check(payload.at(NOW_S))

    return run


def _hc1_envelope(data: bytes) -> None:
    """Past base45 and zlib, where random texts never come."""
    payload = hc1.parse("HC1:" + base45.encode(zlib.compress(data, 1)), PROOFS.signers)
    assert payload is not None
    check(payload.at(NOW_S))


def _hc1_claims(data: bytes) -> None:
    """Past the signature as well: what a signer whose key was stolen could write."""
    _hc1_envelope(sign1(data))


def _nzcp_claims(data: bytes) -> None:
    payload = nzcp.parse(nzcp_code(data), PROOFS.signers)
    assert payload is not None
    check(payload.at(NOW_S))


def _cose(data: bytes) -> None:
    try:
        envelope = cose.parse(data)
        cose.claims(envelope.payload)
    except cose.Garbled:
        return


def _signed_documents(data: bytes) -> None:
    public = ROOT.public_key()
    for verify in (
        lambda raw: trust.verify(raw, public),
        lambda raw: revocations.verify(raw, {key_id(public): public}),
    ):
        try:
            verify(data)
        except WireError:
            continue


PARSERS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "recognise": _recognise,
    "card": _text_parser(lambda data: card.parse(data, PROOFS.card_keys, PROOFS.revoked)),
    "national": _text_parser(national.parse),
    "cccd": _text_parser(cccd.parse),
    "bhyt": _text_parser(bhyt.parse),
    "payment": _text_parser(payment.parse),
    "place": _text_parser(place.parse),
    "hc1": _text_parser(lambda data: hc1.parse(data, PROOFS.signers)),
    "nzcp": _text_parser(lambda data: nzcp.parse(data, PROOFS.signers)),
    "hc1-envelope": _hc1_envelope,
    "hc1-claims": _hc1_claims,
    "nzcp-claims": _nzcp_claims,
    "cose": _cose,
    "signed-documents": _signed_documents,
}
"""Every parser by name: takes any bytes, returns when all is as declared, raises otherwise."""


def seeds(parser: str) -> list[bytes]:
    """Made-up inputs that get far into `parser`."""
    envelope = sign1(hc1_claims())
    by_parser = {
        "cose": [envelope, sign1(hc1_claims(), tags=()), sign1(hc1_claims(), tags=(18, 61))],
        "hc1-envelope": [envelope, sign1(hc1_claims(), protected={}, unprotected={1: -7})],
        "hc1-claims": [cbor2.dumps(hc1_claims()), cbor2.dumps(hc1_claims(nbf=1.5))],
        "nzcp-claims": [cbor2.dumps(nzcp_claims())],
        "signed-documents": [
            trust.sign(trust.TrustStore(version=1), ROOT),
            revocations.sign(revocations.of(["00" * 16], version=1, issued_ms=0), ROOT),
        ],
    }
    codes = [*PERSONAL, HC1, NZCP, *UNKNOWN.values()]
    return by_parser.get(parser) or [code.encode() for code in codes]
