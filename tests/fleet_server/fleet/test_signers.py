"""What issuers publish becomes entries of the trust store."""

import base64
import datetime as dt
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet_server.fleet.signers import BadSigner, entries_from_did, entry_from_certificate

EC_KEY = ec.derive_private_key(11, ec.SECP256R1())
BEGINS = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENDS = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)


def certificate(key: Any = EC_KEY, *usages: str, country: str = "VN") -> x509.Certificate:
    name = x509.Name(
        [
            *([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country)] if country else []),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Made up"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )
    if usages:
        oids = [x509.ObjectIdentifier(usage) for usage in usages]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    return builder.sign(EC_KEY, SHA256())


def test_key_id_dates_country_and_key_are_the_certificates_own() -> None:
    made = certificate()
    der = made.public_bytes(Encoding.DER)
    entry = entry_from_certificate(der)
    assert (entry.scheme, entry.algorithm, entry.issuer, entry.uses) == ("hc1", "ES256", "VN", [])
    assert entry.kid == hashlib.sha256(der).digest()[:8]
    assert entry.not_before_s == BEGINS.timestamp()
    assert entry.not_after_s == ENDS.timestamp()
    assert entry.key == EC_KEY.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def test_pem_der_and_base64_give_the_same_entry() -> None:
    made = certificate()
    der, pem = made.public_bytes(Encoding.DER), made.public_bytes(Encoding.PEM)
    expected = entry_from_certificate(der)
    assert entry_from_certificate(pem) == expected
    assert entry_from_certificate(b"a comment\n" + pem) == expected
    assert entry_from_certificate(base64.b64encode(der)) == expected
    assert entry_from_certificate(base64.encodebytes(der)) == expected


def test_an_rsa_key_signs_by_pss() -> None:
    key = rsa.generate_private_key(65537, 2048)
    assert entry_from_certificate(certificate(key).public_bytes(Encoding.DER)).algorithm == "PS256"


@pytest.mark.parametrize("arc", ["1.3.6.1.4.1.1847.2021.1", "1.3.6.1.4.1.0.1847.2021.1"])
def test_key_usages_say_what_a_signer_may_vouch_for(arc: str) -> None:
    made = certificate(EC_KEY, f"{arc}.3", "1.3.6.1.5.5.7.3.1", f"{arc}.1")
    assert entry_from_certificate(made.public_bytes(Encoding.DER)).uses == ["recovery", "test"]
    every = certificate(EC_KEY, *(f"{arc}.{use}" for use in (1, 2, 3)))
    assert len(entry_from_certificate(every.public_bytes(Encoding.DER)).uses) == 3


def test_a_certificate_need_not_name_a_country() -> None:
    assert entry_from_certificate(certificate(country="").public_bytes(Encoding.DER)).issuer == ""


@pytest.mark.parametrize(
    "junk", [b"", b"0", b"\x30\x82\xff", b"AAAA", b"!!", b"-----BEGIN CERTIFICATE-----", b"\xff"]
)
def test_what_is_no_certificate_is_refused_with_what_was_expected(junk: bytes) -> None:
    with pytest.raises(BadSigner, match=r"expected an X\.509 certificate"):
        entry_from_certificate(junk)


@pytest.mark.parametrize(
    "key", [ec.derive_private_key(5, ec.SECP521R1()), rsa.generate_private_key(65537, 1024)]
)
def test_a_key_kiosks_do_not_verify_with_is_refused(key: Any) -> None:
    with pytest.raises(BadSigner):
        entry_from_certificate(certificate(key).public_bytes(Encoding.DER))


def _did(**changes: Any) -> dict[str, Any]:
    numbers = EC_KEY.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        **{
            name: base64.urlsafe_b64encode(value.to_bytes(32)).decode().rstrip("=")
            for name, value in (("x", numbers.x), ("y", numbers.y))
        },
    }
    name = "did:web:nzcp.example"
    method = {"id": f"{name}#key-1", "type": "JsonWebKey2020", "publicKeyJwk": jwk | changes}
    withdrawn = method | {"id": f"{name}#key-0"}
    return {
        "id": name,
        "verificationMethod": [withdrawn, method],
        "assertionMethod": [f"{name}#key-1"],
    }


def test_the_keys_of_a_did_document_that_may_assert_are_taken() -> None:
    (entry,) = entries_from_did(_did())
    assert (entry.scheme, entry.kid, entry.issuer) == ("nzcp", b"key-1", "did:web:nzcp.example")
    assert (entry.not_before_s, entry.not_after_s) == (0, 0)
    assert entry.public_key() == EC_KEY.public_key()


@pytest.mark.parametrize("changes", [{"crv": "P-384"}, {"x": "AA"}, {"y": 7}, {"kty": "OKP"}])
def test_a_key_that_is_no_point_of_p256_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadSigner, match=r"P-256"):
        entries_from_did(_did(**changes))


def test_what_is_no_did_document_is_refused() -> None:
    with pytest.raises(BadSigner, match="DID document"):
        entries_from_did({})


def test_an_ed25519_certificate_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(BadSigner, match="P-256"):
        entry_from_certificate(certificate(key).public_bytes(Encoding.DER))
