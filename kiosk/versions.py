"""The newest signed documents a kiosk has seen: it never goes back to an older one."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kiosk.errors import DeviceError

FILE: Final = "versions.json"

_log = logging.getLogger(__name__)


def seen(folder: Path) -> dict[str, int]:
    """The newest version of each document, by name; empty where none was noted.

    A damaged note counts as none: it must not keep the kiosk from its work.
    """
    try:
        noted = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        _log.warning("%s cannot be read, older documents would be taken: %s", FILE, problem)
        return {}
    if not isinstance(noted, dict):
        return {}
    return {
        name: version
        for name, version in noted.items()
        if isinstance(version, int) and not isinstance(version, bool)
    }


def note(folder: Path, versions: Mapping[str, int]) -> None:
    """Remember `versions` where they are newer, safely on the disk. Raises DeviceError."""
    before = seen(folder)
    newest = before | {
        name: max(version, before.get(name, version)) for name, version in versions.items()
    }
    if newest == before:
        return
    file, draft = folder / FILE, folder / f"{FILE}.new"
    try:
        with draft.open("w", encoding="ascii") as out:
            json.dump(newest, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as problem:
        raise DeviceError(f"{file}: {problem.strerror}") from problem
