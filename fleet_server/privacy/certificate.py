"""What an ended epidemic leaves: what was destroyed, when, by whom, and the log's word for it.

Lines to read, then JSON to check. Where the fleet had a key to sign results with, it signs this
too, as the last thing it does; the public half stands inside. Pure.
"""

import base64
import json
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fleet_server.errors import FleetError
from fleet_server.times import iso

CONTEXT: Final = b"tram-end-of-epidemic-1\n"
_BORDER: Final = "---- JSON ----"


class BadCertificate(FleetError, ValueError):
    """Not a certificate, or not as it was signed."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key file that was destroyed."""

    file: str
    kind: str
    fingerprint: str
    """SHA-256 of the public key (DER); of a secret: a keyed hash that tells nothing of it."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    at_ms: int
    actor: str
    database: str
    rows: dict[str, int]
    """Destroyed, by table."""
    days: int
    """Days of stays destroyed."""
    keys: list[Key]
    audit_lines: int
    audit_head_before: str
    audit_head_after: str
    public_key: str = ""
    """Ed25519, PEM; empty where the fleet had no key to sign with."""


def write(certificate: Certificate, sign: Ed25519PrivateKey | None) -> str:
    """The certificate as text."""
    if sign is not None:
        pem = sign.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        certificate = msgspec.structs.replace(certificate, public_key=pem.decode())
    signature = "" if sign is None else base64.b64encode(sign.sign(_signed(certificate))).decode()
    content = {**msgspec.to_builtins(certificate), "signature": signature}
    return "\n".join([*_words(certificate), _BORDER, json.dumps(content, indent=2), ""])


def read(text: str) -> Certificate:
    """What a certificate says, its signature checked. Raises BadCertificate."""
    words, found, content = text.partition(f"\n{_BORDER}\n")
    if not found:
        raise BadCertificate(f"certificate: expected a line {_BORDER!r} and JSON after it")
    try:
        told: dict[str, Any] = json.loads(content)
        signature = base64.b64decode(told.pop("signature"), validate=True)
        certificate = msgspec.convert(told, Certificate)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadCertificate(f"certificate: {problem}") from problem
    if words.splitlines() != _words(certificate):
        raise BadCertificate("certificate: its words say something else than its JSON")
    if certificate.public_key:
        try:
            loaded = serialization.load_pem_public_key(certificate.public_key.encode())
        except ValueError as problem:
            raise BadCertificate("certificate: public_key: expected PEM") from problem
        if not isinstance(loaded, Ed25519PublicKey):
            raise BadCertificate("certificate: public_key: expected Ed25519")
        try:
            loaded.verify(signature, _signed(certificate))
        except InvalidSignature as problem:
            raise BadCertificate("certificate: was changed after it was signed") from problem
    return certificate


def _signed(certificate: Certificate) -> bytes:
    return CONTEXT + msgspec.json.encode(certificate, order="sorted")


def _words(certificate: Certificate) -> list[str]:
    total = sum(certificate.rows.values())
    lines = [
        "Chứng nhận hủy dữ liệu khi hết dịch / Certificate: visitors' data destroyed",
        f"Lúc / At: {iso(certificate.at_ms // 1000)}",
        f"Người làm / By: {certificate.actor}",
        f"Cơ sở dữ liệu / Database: {certificate.database}",
        f"Dòng đã hủy / Rows destroyed: {total}, ngày / days of stays: {certificate.days}",
        *(f"  {name}: {count}" for name, count in sorted(certificate.rows.items()) if count),
        f"Khóa đã hủy / Keys destroyed: {len(certificate.keys)}",
        *(f"  {key.file} ({key.kind}): {key.fingerprint}" for key in certificate.keys),
        f"Nhật ký được giữ / Log kept: {certificate.audit_lines} lines",
        f"  trước / head before: {certificate.audit_head_before or '-'}",
        f"  sau / head after: {certificate.audit_head_after}",
    ]
    if not certificate.public_key:
        lines.append("Không ký: không có khóa / Not signed: there was no key to sign with")
    return lines
