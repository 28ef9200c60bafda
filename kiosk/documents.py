"""Signed documents that come while the kiosk runs: verified, kept on disk, used at once.

For one thread. A document that does not verify is refused and the one before stays.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from kiosk import versions
from kiosk.errors import DeviceError
from kiosk.proofs import Held
from wire.errors import UnknownSigner, WireError
from wire.topics import DOCUMENTS, KEYSET, REVOCATIONS

_log = logging.getLogger(__name__)


class Documents:
    """What is held, and how it is replaced."""

    def __init__(self, held: Held, *, folder: Path, use: Callable[[Held], None]) -> None:
        """`use` is given all that is believed each time a part of it was replaced."""
        self._held = held
        self._folder = folder
        self._use = use
        self._waiting: bytes | None = None
        self.refused = 0
        """How many were refused since the start."""

    @property
    def versions(self) -> dict[str, int]:
        """The version of each document held, by name."""
        return dict(self._held.versions)

    def take(self, name: str, document: bytes) -> bool:
        """Whether `document` is in use now, new or as it was."""
        if name not in DOCUMENTS:
            return False
        seen = versions.seen(self._folder).get(name, 0)
        try:
            held = self._held.after(name, document, at_least=seen)
        except WireError as problem:
            self.refused += 1
            _log.error("a %s document is refused: %s", name, problem)
            if name == REVOCATIONS and isinstance(problem, UnknownSigner):
                self._waiting = document
            return False
        if held is self._held:
            return True
        self._keep(name, document, held.versions[name])
        self._held = held
        self._use(held)
        _log.info("%s version %d is in use", name, held.versions[name])
        if name == KEYSET and self._waiting is not None:
            # Signed by a card key that this key set may have brought.
            waiting, self._waiting = self._waiting, None
            self.take(REVOCATIONS, waiting)
        return True

    def _keep(self, name: str, document: bytes, version: int) -> None:
        """On disk before its version is noted; a disk that fails does not keep it from use."""
        file, draft = self._folder / f"{name}.json", self._folder / f"{name}.json.new"
        try:
            with draft.open("wb") as out:
                out.write(document)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(file)
            versions.note(self._folder, {name: version})
        except OSError as problem:
            _log.error("%s: %s; in use until the next start", file, problem.strerror)
        except DeviceError as problem:
            _log.error("%s", problem)
