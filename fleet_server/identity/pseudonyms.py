"""From a number in clear to the pseudonym the database knows it by.

The key stands in a file that only the ingest and the vault read, never in the database: all phone
numbers there are can be tried against a leaked key within the hour.
"""

import hmac
from pathlib import Path
from typing import Final

from fleet_server.errors import KeysError

KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 16


class PseudonymKey:
    """The secret of the keyed hash. Says nothing of itself when printed."""

    def __init__(self, secret: bytes) -> None:
        """Raises KeysError for a secret that is not 32 bytes."""
        if len(secret) != KEY_BYTES:
            raise KeysError(f"the pseudonym key has {len(secret)} bytes; expected {KEY_BYTES}")
        self._secret = secret

    @classmethod
    def load(cls, path: Path) -> "PseudonymKey":
        """The key in `path`, 64 hex digits. Raises KeysError naming the file."""
        try:
            secret = bytes.fromhex(path.read_text("ascii"))
        except (OSError, ValueError) as problem:
            cause = problem.strerror if isinstance(problem, OSError) else "not hexadecimal"
            raise KeysError(
                f"{path}: {cause}; expected the pseudonym key, {2 * KEY_BYTES} hex digits"
            ) from problem
        if len(secret) != KEY_BYTES:
            raise KeysError(f"{path}: {len(secret)} bytes; expected {2 * KEY_BYTES} hex digits")
        return cls(secret)

    def digest(self, space: str, value: str) -> bytes:
        """The pseudonym of `value` in the numbering `space`, 16 bytes."""
        message = space.encode() + b"\x00" + value.encode()
        return hmac.digest(self._secret, message, "sha256")[:DIGEST_BYTES]

    def __repr__(self) -> str:
        return "PseudonymKey(…)"
