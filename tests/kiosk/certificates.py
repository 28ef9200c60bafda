"""Made-up health certificates, signed here and now. No real person's data, no real signer's key."""

import base64
import hashlib
import zlib
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.credentials import base45
from wire import trust
from wire.trust import TrustedSigner

NOW_S = 1_767_225_600
DAY_S = 86_400
EC_KEY = ec.derive_private_key(20_260_101, ec.SECP256R1())
OTHER_EC_KEY = ec.derive_private_key(20_260_102, ec.SECP256R1())
KID = hashlib.sha256(b"a made-up signer").digest()[:8]
NZ_KID = b"key-1"
NZ_ISSUER = "did:web:nzcp.example"
DGC = {
    "ver": "1.3.0",
    "nam": {"fn": "Nguyễn", "fnt": "NGUYEN", "gn": "Văn Mẫu", "gnt": "VAN<MAU"},
    "dob": "1990-01-01",
    "v": [{"tg": "840539006", "dn": 2, "sd": 2, "dt": "2025-12-01", "co": "VN", "is": "Mẫu"}],
}
PASS = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "version": "1.0.0",
    "type": ["VerifiableCredential", "PublicCovidPass"],
    "credentialSubject": {"givenName": "Văn Mẫu", "familyName": "Nguyễn", "dob": "1990-01-01"},
}

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def signer(key: Key = EC_KEY, **fields: Any) -> TrustedSigner:
    """A trust store's entry for `key`."""
    wanted: dict[str, Any] = {
        "scheme": trust.HC1,
        "kid": KID,
        "issuer": "VN",
        "algorithm": trust.PS256 if isinstance(key, rsa.RSAPrivateKey) else trust.ES256,
        "key": key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "not_before_s": NOW_S - 365 * DAY_S,
        "not_after_s": NOW_S + 365 * DAY_S,
    }
    return TrustedSigner(**(wanted | fields))


SIGNERS = (
    signer(),
    signer(scheme=trust.NZCP, kid=NZ_KID, issuer=NZ_ISSUER),
)


def signature(key: Key, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def sign1(
    claims: Any,
    key: Key = EC_KEY,
    *,
    protected: Any = None,
    unprotected: Any = None,
    tags: tuple[int, ...] = (18,),
) -> bytes:
    """`claims` in a COSE_Sign1 message."""
    algorithm = -37 if isinstance(key, rsa.RSAPrivateKey) else -7
    header = {1: algorithm, 4: KID} if protected is None else protected
    raw = cbor2.dumps(header) if header != {} else b""
    payload = claims if isinstance(claims, bytes) else cbor2.dumps(claims)
    signed = cbor2.dumps(["Signature1", raw, b"", payload])
    message: Any = [raw, unprotected or {}, payload, signature(key, signed)]
    for tag in tags:
        message = cbor2.CBORTag(tag, message)
    return cbor2.dumps(message)


def hc1_claims(**fields: Any) -> dict[Any, Any]:
    """The claims of a certificate that counts at NOW_S; `exp`, `iat`, `nbf`, `dgc` to change."""
    claims: dict[Any, Any] = {
        1: "VN",
        4: fields.get("exp", NOW_S + 30 * DAY_S),
        6: fields.get("iat", NOW_S - 30 * DAY_S),
        -260: {1: fields.get("dgc", DGC)},
    }
    if "nbf" in fields:
        claims[5] = fields["nbf"]
    return {key: value for key, value in claims.items() if value is not None}


def hc1(raw: bytes) -> str:
    """A code with the envelope `raw`."""
    return "HC1:" + base45.encode(zlib.compress(raw, 9))


def nzcp_claims(**fields: Any) -> dict[Any, Any]:
    """The claims of a pass that counts at NOW_S."""
    claims = {
        1: fields.get("iss", NZ_ISSUER),
        5: fields.get("nbf", NOW_S - 30 * DAY_S),
        4: fields.get("exp", NOW_S + 30 * DAY_S),
        "vc": fields.get("vc", PASS),
        7: bytes(range(16)),
    }
    return {key: value for key, value in claims.items() if value is not None}


def nzcp(claims: Any, key: Key = EC_KEY, **options: Any) -> str:
    """A code with a pass that makes `claims`."""
    options = {"protected": {4: NZ_KID, 1: -7}} | options
    return "NZCP:/1/" + base64.b32encode(sign1(claims, key, **options)).decode().rstrip("=")


HC1 = hc1(sign1(hc1_claims()))
NZCP = nzcp(nzcp_claims())
