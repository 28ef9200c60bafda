"""The fleet's signed documents on their way to the kiosks: published when their files change."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fleet_server.fleet.broker import MAX_MESSAGE_BYTES
from wire import topics

log = logging.getLogger(__name__)

ROOM: Final = 1024
"""Bytes of a message besides its payload, at most."""

Stamp = tuple[int, int, int]


class Documents:
    """Files of one folder, `keyset.json` and so on. Nothing here can sign or change one."""

    def __init__(self, folder: Path, *, keep: Callable[[str, bytes], None]) -> None:
        """`keep` is given topic and content of each document that is new."""
        self._folder = folder
        self._keep = keep
        self._seen: dict[str, Stamp] = {}

    def look(self) -> None:
        """Hand on what changed since the last look. A document that is not there is left out."""
        for name, topic in topics.DOCUMENTS.items():
            path = self._folder / f"{name}.json"
            try:
                found = path.stat()
                stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
                if self._seen.get(name) == stamp:
                    continue
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as problem:
                if self._seen.get(name) != (0, 0, 0):
                    log.warning(
                        "%s cannot be read (%s): kiosks keep theirs", path, problem.strerror
                    )
                self._seen[name] = (0, 0, 0)
                continue
            self._seen[name] = stamp
            if not 0 < len(content) <= MAX_MESSAGE_BYTES - ROOM:
                log.error("%s: %d bytes fit no message: kiosks keep theirs", path, len(content))
                continue
            log.info("%s: %d bytes for the kiosks", path.name, len(content))
            self._keep(topic, content)
