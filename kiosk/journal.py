"""The kiosk's own log of what it answered: written after the commit and before the signal.

One line, one write: a line that is there was committed, and a signal that was given has its line.
It names records by epoch, counter and digest; never a name, a number or a code.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from kiosk.errors import DeviceError

FILE: Final = "journal.jsonl"


class JournalError(DeviceError):
    """The journal could not be written."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the journal."""

    epoch: str = ""
    counter: int = 0
    digest: str = ""
    """SHA-256 of the committed record, hex."""
    answer: str = ""
    """`accepted`, `repeat`, `refused` or `broken`; to the guard's button `companions`."""
    reason: str = ""
    """Why not accepted: a word of `kiosk.scanning.decision`, or one a kind of code has."""
    of: int = 0
    """The counter of the scan that companions came with."""
    at_ms: int = 0
    """Wall time, ms since 1970 UTC."""


class Journal:
    """An append-only file of entries, for one thread."""

    def __init__(self, file: Path, *, max_bytes: int) -> None:
        """Beyond `max_bytes` the file becomes `<file>.1`. Raises JournalError."""
        self._file = file
        self._max_bytes = max_bytes
        self._descriptor, self._size, self._torn = _open(file)

    def write(self, entry: Entry) -> None:
        """Append `entry`. Raises JournalError where it did not arrive whole."""
        line = msgspec.json.encode(entry) + b"\n"
        if self._size + len(line) > self._max_bytes:
            self._set_aside()
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._descriptor, line)
        except OSError as problem:
            raise JournalError(f"{self._file}: {problem.strerror}") from problem
        self._size += written
        self._torn = written < len(line)
        if self._torn:
            raise JournalError(f"{self._file}: only {written} of {len(line)} bytes were written")

    def close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _set_aside(self) -> None:
        try:
            self._file.replace(self._file.with_name(self._file.name + ".1"))
        except OSError as problem:
            raise JournalError(f"{self._file}: {problem.strerror}") from problem
        full = self._descriptor
        self._descriptor, self._size, self._torn = _open(self._file)
        os.close(full)


def _open(file: Path) -> tuple[int, int, bool]:
    """Descriptor and size of `file`, and whether its last line was cut off."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(descriptor).st_size
        last = os.pread(descriptor, 1, size - 1) if size else b"\n"
    except OSError as problem:
        raise JournalError(f"{file}: {problem.strerror}") from problem
    return descriptor, size, last != b"\n"
