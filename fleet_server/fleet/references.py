"""References people type: what one may look like, and what to say when nobody has it."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

from fleet_server.errors import FleetError, NotKnown

REFERENCE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
MAX_NAME: Final = 200
_SHOWN: Final = 12


class Unfit(FleetError, ValueError):
    """Something to be written down does not fit; says what was given and what would be right."""


class Taken(FleetError):
    """A reference that somebody has already."""


def check_reference(what: str, ref: str) -> str:
    """`ref` if it can be the reference of a `what`. Raises Unfit."""
    if REFERENCE.fullmatch(ref) is None:
        raise Unfit(
            f"{what} {ref[:80]!r}: expected 1 to 64 of a-z, 0-9 and inner hyphens, such as cho-mau"
        )
    return ref


def check_name(what: str, name: str, longest: int = MAX_NAME) -> str:
    """`name` without surrounding blanks, if it can be shown on one line. Raises Unfit."""
    name = name.strip()
    if not name or len(name) > longest or not name.isprintable():
        raise Unfit(f"{what}: expected a name of 1 to {longest} characters on one line")
    return name


def unknown(what: str, ref: str, known: Iterable[str]) -> NotKnown:
    """An error for a reference nobody has, with those there are."""
    known = sorted(known)
    if not known:
        return NotKnown(f"{what} {ref[:80]!r}: không có / no such {what}; there are none yet")
    near = difflib.get_close_matches(ref, known, n=1, cutoff=0.75)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        more = f" … ({len(known)} in all)" if len(known) > _SHOWN else ""
        hint = f"known are {', '.join(known[:_SHOWN])}{more}"
    return NotKnown(f"{what} {ref[:80]!r}: không có / no such {what}; {hint}")
