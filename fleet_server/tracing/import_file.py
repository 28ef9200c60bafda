"""A CSV file, plain or gzip, read as text in one pass after another; in constant memory."""

import codecs
import gzip
import hashlib
import io
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fleet_server.errors import FleetError

GZIP_MAGIC: Final = b"\x1f\x8b"
MAX_LINE: Final = 1 << 20
"""Bytes in one line."""
_BLOCK: Final = 1 << 18


class BadFile(FleetError, ValueError):
    """A file that cannot be read to its end, or is not UTF-8. Says where."""


class CsvFile:
    """An open file. Not to be changed while it is."""

    def __init__(self, name: str, raw: io.FileIO) -> None:
        self.name = name
        self._raw = raw
        self.size = raw.seek(0, io.SEEK_END)
        """Bytes, as they lie on disk."""

    @property
    def position(self) -> int:
        """How far it has been read, in bytes as they lie on disk."""
        return self._raw.tell()

    def digest(self) -> str:
        """SHA-256 of the file as it lies on disk, hex."""
        self._raw.seek(0)
        return hashlib.file_digest(self._raw, "sha256").hexdigest()

    def check(self, progress: Callable[[int], None]) -> None:
        """Reads it to the end; tells `progress` how far. Raises BadFile."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        lines, unended = 1, 0
        with self._content() as content:
            while True:
                block = content.read(_BLOCK)
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as problem:
                    at = lines + problem.object[: problem.start].count(b"\n")
                    raise BadFile(
                        f"{self.name}:{at}: not UTF-8 (byte {problem.object[problem.start]:#04x});"
                        " expected a file saved as CSV UTF-8"
                    ) from problem
                if not block:
                    return
                lines += block.count(b"\n")
                end = max(block.rfind(b"\n"), block.rfind(b"\r"))
                unended = len(block) - 1 - end if end >= 0 else unended + len(block)
                if unended > MAX_LINE:
                    raise BadFile(f"{self.name}:{lines}: no end of line in {MAX_LINE} bytes")
                progress(self.position)

    @contextmanager
    def lines(self) -> Iterator[io.TextIOWrapper]:
        """Its lines, with their ends as they are."""
        with self._content() as content:
            if content.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
                content.read(len(codecs.BOM_UTF8))
            text = io.TextIOWrapper(content, "utf-8", newline="")
            try:
                yield text
            finally:
                text.detach()

    @contextmanager
    def _content(self) -> Iterator["io.BufferedReader[Any]"]:
        """What it says, from the beginning, without compression."""
        self._raw.seek(0)
        packed = self._raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        self._raw.seek(0)
        try:
            if packed:
                with gzip.GzipFile(fileobj=self._raw, mode="rb") as unpacked:
                    yield io.BufferedReader(unpacked, _BLOCK)
            else:
                content = io.BufferedReader(self._raw, _BLOCK)
                try:
                    yield content
                finally:
                    content.detach()
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise BadFile(
                f"{self.name}: the compressed file is damaged or cut short: {problem}"
            ) from problem
        except OSError as problem:
            raise BadFile(f"{self.name}: {problem.strerror or problem}") from problem


@contextmanager
def opened(path: Path) -> Iterator[CsvFile]:
    """The file at `path`. Raises BadFile where it cannot be read."""
    try:
        raw = path.open("rb", buffering=0)
    except OSError as problem:
        raise BadFile(f"{path}: {problem.strerror or problem}") from problem
    with raw:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadFile(f"{path}: expected a file, which can be read more than once")
        yield CsvFile(str(path), raw)
