"""Heads of the server's audit log as receipts named them, kept out of reach of whoever could
rewrite that log. One an hour; `fleet audit verify --heads FILE` compares.
"""

import datetime as dt
import logging
import os
import re
from pathlib import Path
from typing import Final

FILE: Final = "audit-heads.txt"
HOUR_MS: Final = 3_600_000
MAX_LINES: Final = 10_000
"""More than a year of hours; then the older half goes."""
_HEAD: Final = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


class Heads:
    """The file of heads in a kiosk's data folder, for one thread."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._hour: int | None = None

    def note(self, head: str, *, at_ms: int) -> None:
        """Keep `head`, safely on the disk, where none was kept within this hour of the kiosk's.

        What is no head is left out. A disk that fails costs this head and nothing else.
        """
        hour = at_ms // HOUR_MS
        if hour == self._hour or _HEAD.fullmatch(head) is None:
            return
        self._hour = hour
        at = dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).isoformat(timespec="seconds")
        try:
            self._write(f"{at} {head}\n")
        except OSError as problem:
            _log.warning("%s: %s; a head of the audit log is not kept", self._file, problem)

    def _write(self, line: str) -> None:
        try:
            lines = self._file.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            lines = []
        if len(lines) >= MAX_LINES:
            lines = lines[MAX_LINES // 2 :]
        draft = self._file.with_name(f"{FILE}.new")
        with draft.open("wb") as out:
            out.writelines([*lines, line.encode()])
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._file)
