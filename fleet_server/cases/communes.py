"""Which commune an address as it stands on a card lies in. Pure but for reading the areas."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from fleet_server.models import Area

_KINDS: Final = (
    *("xã", "phường", "thị trấn", "đặc khu", "tỉnh", "thành phố", "quận", "huyện", "thị xã"),
)
_SHORT: Final = {
    "p.": "phường",
    "x.": "xã",
    "tt.": "thị trấn",
    "tp.": "thành phố",
    "tp": "thành phố",
}


class Commune(NamedTuple):
    """A commune and all that lies above it, by names as `plain` gives them."""

    id: int
    name: str
    above: frozenset[str]


class Communes:
    """The communes in force, to look addresses up in."""

    def __init__(self, communes: Iterable[Commune]) -> None:
        self._by_name: dict[str, list[Commune]] = defaultdict(list)
        self._by_bare: dict[str, list[Commune]] = defaultdict(list)
        for commune in communes:
            self._by_name[commune.name].append(commune)
            self._by_bare[bare(commune.name)].append(commune)

    @classmethod
    def load(cls, connection: Connection) -> "Communes":
        rows = connection.execute(
            select(Area.id, Area.name, Area.level, Area.parent_id).where(Area.valid_to.is_(None))
        ).all()
        areas = {row.id: row for row in rows}
        communes = []
        for row in rows:
            if row.level != "commune":
                continue
            above, parent = set(), row.parent_id
            while parent in areas:
                above.add(plain(areas[parent].name))
                parent = areas[parent].parent_id
            communes.append(Commune(row.id, plain(row.name), frozenset(above)))
        return cls(communes)

    def of(self, address: str) -> int | None:
        """The commune of an address `…, commune, [district,] province`; None where it is not
        certain: communes of one name, and names without their kind, are told by what is above.
        """
        parts = [plain(part) for part in re.split(r"[,;]", address) if part.strip()]
        for place in range(len(parts) - 1, -1, -1):
            part, after = parts[place], {bare(each) for each in parts[place + 1 :]}
            named = self._by_name.get(part, [])
            if len(named) == 1:
                return named[0].id
            found = [
                each
                for each in named or self._by_bare.get(part, [])
                if after & {bare(name) for name in each.above}
            ]
            if len(found) == 1:
                return found[0].id
        return None


def plain(name: str) -> str:
    """A unit's name in lower case, its kind written out."""
    words = unicodedata.normalize("NFC", name).lower().replace(".", ". ").split()
    if words and words[0] in _SHORT:
        words[0] = _SHORT[words[0]]
    return " ".join(words)


def bare(name: str) -> str:
    """A plain name without its kind."""
    for kind in _KINDS:
        if name.startswith(f"{kind} "):
            return name.removeprefix(f"{kind} ")
    return name
