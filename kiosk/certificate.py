"""The certificate a kiosk shows the broker, and the TLS settings it connects with."""

import hashlib
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.config import Config
from kiosk.config_table import complaint


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What is told about it."""

    fingerprint: str
    """SHA-256 of the certificate (DER), hex."""
    expires_ms: int
    """Milliseconds since 1970 UTC."""


def load_certificate(config: Config) -> Certificate:
    """The certificate of `config`. Raises ConfigError."""
    file = config.server.certificate
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as problem:
        expected = "expected this kiosk's certificate in PEM"
        raise complaint("server.certificate", config.file, expected, found=str(file)) from problem
    return Certificate(
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        expires_ms=int(certificate.not_valid_after_utc.timestamp() * 1000),
    )


def tls_context(config: Config) -> ssl.SSLContext:
    """TLS 1.2 or newer, trusting the fleet's CA alone. Raises ConfigError."""
    server = config.server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=server.ca)
    except (OSError, ValueError) as problem:
        expected = "expected the fleet CA's certificate in PEM"
        raise complaint("server.ca", config.file, expected, found=str(server.ca)) from problem
    try:
        context.load_cert_chain(server.certificate, server.key)
    except (OSError, ValueError) as problem:
        expected = f"expected the private key (PEM) of {server.certificate}"
        raise complaint("server.key", config.file, expected, found=str(server.key)) from problem
    return context
