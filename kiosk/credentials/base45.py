"""Base45 (RFC 9285): two bytes as three of the 45 characters QR codes pack best."""

from array import array
from sys import byteorder
from typing import Final

ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_STRANGE: Final = 255
_VALUES: Final = bytes(
    ALPHABET.index(char) if char in ALPHABET else _STRANGE for char in range(256)
)


def decode(text: str) -> bytes:
    """The bytes `text` stands for. Raises ValueError where it stands for none."""
    values = text.encode("ascii").translate(_VALUES)
    if _STRANGE in values or len(values) % 3 == 1:
        raise ValueError("not base45")
    whole = len(values) - len(values) % 3
    triples = zip(values[:whole:3], values[1:whole:3], values[2:whole:3], strict=True)
    try:
        pairs = array("H", [low + 45 * middle + 2025 * high for low, middle, high in triples])
        last = bytes([values[whole] + 45 * values[whole + 1]]) if whole < len(values) else b""
    except (OverflowError, ValueError) as problem:
        raise ValueError("not base45: a group beyond its bytes") from problem
    if byteorder == "little":
        pairs.byteswap()
    return pairs.tobytes() + last


def encode(raw: bytes) -> str:
    """`raw` in base45."""
    out = bytearray()
    for at in range(0, len(raw) - 1, 2):
        rest, low = divmod(raw[at] * 256 + raw[at + 1], 45)
        high, middle = divmod(rest, 45)
        out += bytes((ALPHABET[low], ALPHABET[middle], ALPHABET[high]))
    if len(raw) % 2:
        high, low = divmod(raw[-1], 45)
        out += bytes((ALPHABET[low], ALPHABET[high]))
    return out.decode()
