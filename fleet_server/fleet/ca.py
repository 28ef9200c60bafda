"""The fleet's own certificate authority: one chain of two, for broker, ingest and kiosks only.

ECDSA P-256 throughout. A kiosk's certificate carries its id as common name and as DNS name, because
brokers differ in which of the two they take as the user. It says nothing else.
"""

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleet_server.errors import KeysError
from wire.topics import is_kiosk_id

CA_VALID: Final = dt.timedelta(days=20 * 365)
KIOSK_VALID: Final = dt.timedelta(days=3 * 365)
BROKER_VALID: Final = dt.timedelta(days=3 * 365)
INGEST_VALID: Final = dt.timedelta(days=3 * 365)
BACKDATED: Final = dt.timedelta(hours=1)
"""Certificates begin this much earlier, for machines whose clock is a little behind."""
INGEST_NAME: Final = "ingest"
"""The ingest's user name at the broker; no kiosk can have it (`wire.topics.RESERVED_IDS`)."""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Issued(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate (DER), hex."""
        return fingerprint(self.certificate)


class Authority:
    """Signs certificates. Times are timezone-aware."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, *, now: dt.datetime) -> tuple["Authority", Issued]:
        """A new authority, and its own certificate and key to be stored."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tram fleet CA")])
        builder = _builder(name, name, key.public_key(), key.public_key(), now=now, valid=CA_VALID)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(authority=True), True)
        certificate = builder.sign(key, hashes.SHA256())
        return cls(certificate, key), _issued(certificate, key)

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> "Authority":
        """The authority stored as two PEM texts. Raises KeysError."""
        try:
            loaded = x509.load_pem_x509_certificate(certificate)
            private = serialization.load_pem_private_key(key, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise KeysError(f"ca.crt or ca.key is not a PEM file: {problem}") from problem
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeysError("ca.key is not an ECDSA key")
        if loaded.public_key() != private.public_key():
            raise KeysError("ca.crt and ca.key do not belong together")
        return cls(loaded, private)

    def kiosk(self, kiosk: str, *, now: dt.datetime) -> Issued:
        """A client certificate for one kiosk. Raises ValueError for an id no topic can carry."""
        if not is_kiosk_id(kiosk):
            raise ValueError(f"{kiosk!r} cannot be a kiosk id")
        return self._issue(kiosk, [x509.DNSName(kiosk)], KIOSK_VALID, now, server=False)

    def ingest(self, *, now: dt.datetime) -> Issued:
        """The ingest's client certificate."""
        names = [x509.DNSName(INGEST_NAME)]
        return self._issue(INGEST_NAME, names, INGEST_VALID, now, server=False)

    def broker(self, hosts: Iterable[str], *, now: dt.datetime) -> Issued:
        """A server certificate for a broker reached by any of `hosts` (names or addresses).

        Raises KeysError for what is neither.
        """
        names = [_general_name(host) for host in dict.fromkeys(hosts)]
        return self._issue("Tram broker", names, BROKER_VALID, now, server=True)

    def _issue(
        self,
        name: str,
        names: Iterable[x509.GeneralName],
        valid: dt.timedelta,
        now: dt.datetime,
        *,
        server: bool,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(
            subject,
            self._certificate.subject,
            key.public_key(),
            self._key.public_key(),
            now=now,
            valid=valid,
        )
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(authority=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return _issued(builder.sign(self._key, hashes.SHA256()), key)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a PEM certificate's DER, hex. Raises KeysError."""
    return _load(certificate).fingerprint(hashes.SHA256()).hex()


def hosts_of(certificate: bytes) -> tuple[str, ...]:
    """Names and addresses a PEM certificate is for. Raises KeysError."""
    loaded = _load(certificate)
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    )


def expires(certificate: bytes) -> dt.datetime:
    """Until when a PEM certificate is valid. Raises KeysError."""
    return _load(certificate).not_valid_after_utc


def _load(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate)
    except ValueError as problem:
        raise KeysError(f"not a PEM certificate: {problem}") from problem


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    own: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
    *,
    now: dt.datetime,
    valid: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if _HOST.fullmatch(host) is None:
        raise KeysError(f"{host!r} is neither an address nor a host name such as tram.example")
    return x509.DNSName(host)


def _issued(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Issued:
    return Issued(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
