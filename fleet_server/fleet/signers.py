"""Entries of the trust store, made from what the issuers of health certificates publish. Pure."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet_server.errors import FleetError
from wire import trust
from wire.trust import TrustedSigner

KID_BYTES: Final = 8
_USE: Final = re.compile(
    rb"\x06(?:\x0b\x2b\x06\x01\x04\x01|\x0c\x2b\x06\x01\x04\x01\x00)\x8e\x37\x8f\x65\x01([\x01-\x03])"
)
"""The key usages of signers, 1.3.6.1.4.1.1847.2021.1.N as DER; the first signers had a 0 too many.

Looked for in the bytes: signers are about whose other extensions strict readers stumble over.
"""
_USES: Final = {b"\x01": trust.TEST, b"\x02": trust.VACCINATION, b"\x03": trust.RECOVERY}
_PEM: Final = b"-----BEGIN CERTIFICATE-----"


class BadSigner(FleetError, ValueError):
    """What an issuer published is no signer a kiosk could use. Says what was expected."""


def entry_from_certificate(certificate: bytes) -> TrustedSigner:
    """The hc1 signer that `certificate` (DER, PEM, or DER in base64) makes known.

    Its key id, dates, country and what it may vouch for are the certificate's own. Whether to
    believe it is for the one who puts it into the trust store. Raises BadSigner.
    """
    try:
        found = _certificate(certificate)
        der = found.public_bytes(Encoding.DER)
        key = found.public_key()
        entry = TrustedSigner(
            scheme=trust.HC1,
            kid=hashlib.sha256(der).digest()[:KID_BYTES],
            issuer=_country(found),
            algorithm=trust.PS256 if isinstance(key, RSAPublicKey) else trust.ES256,
            key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            uses=_uses(found),
            not_before_s=max(0, int(found.not_valid_before_utc.timestamp())),
            not_after_s=int(found.not_valid_after_utc.timestamp()),
        )
        entry.public_key()
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as problem:
        raise BadSigner(
            "expected an X.509 certificate with a P-256, P-384 or RSA key, in PEM, DER or base64: "
            f"{problem}"
        ) from problem
    return entry


def entries_from_did(document: Mapping[str, Any]) -> list[TrustedSigner]:
    """The nzcp signers of a DID document: its P-256 keys that may assert. Raises BadSigner.

    A DID document has no dates: to withdraw a key, make a trust store without it.
    """
    match document:
        case {
            "id": str(issuer),
            "verificationMethod": [*methods],
            "assertionMethod": [*asserting],
        }:
            pass
        case _:
            raise BadSigner("expected a DID document with verificationMethod and assertionMethod")
    return [
        _entry_from_jwk(issuer, method)
        for method in methods
        if isinstance(method, Mapping) and method.get("id") in asserting
    ]


def _entry_from_jwk(issuer: str, method: Mapping[str, Any]) -> TrustedSigner:
    match method:
        case {
            "id": str(name),
            "publicKeyJwk": {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)},
        } if "#" in name:
            pass
        case _:
            raise BadSigner(f"{issuer}: expected keys that are P-256 JWKs with an id DID#name")
    try:
        key = EllipticCurvePublicNumbers(_number(x), _number(y), SECP256R1()).public_key()
    except (ValueError, binascii.Error) as problem:
        raise BadSigner(f"{name}: not a point of P-256: {problem}") from problem
    return TrustedSigner(
        scheme=trust.NZCP,
        kid=name.rpartition("#")[2].encode(),
        issuer=issuer,
        algorithm=trust.ES256,
        key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _certificate(raw: bytes) -> x509.Certificate:
    if _PEM in raw:
        return x509.load_pem_x509_certificate(raw)
    if raw[:1] == b"\x30" and not raw.isascii():
        return x509.load_der_x509_certificate(raw)
    return x509.load_der_x509_certificate(base64.b64decode(b"".join(raw.split()), validate=True))


def _country(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME)
    value = names[0].value if names else ""
    return value if isinstance(value, str) else ""


def _uses(certificate: x509.Certificate) -> list[str]:
    """What it may vouch for; none named means all."""
    return sorted({_USES[use] for use in _USE.findall(certificate.tbs_certificate_bytes)})
