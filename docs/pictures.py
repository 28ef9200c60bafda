"""Takes the pictures that guides link from those the browser tests made: `make pictures`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

DOCS: Final = Path(__file__).resolve().parent
PICTURES: Final = DOCS / "pictures"
SCREENS: Final = DOCS.parent / "build" / "screens"
MOST_HIGH: Final = 1600
"""Pixels: what is further down a page is for the page itself."""
_LINK: Final = re.compile(r"!\[([^\]]*)\]\((?:\.\./)*pictures/([\w-]+)\.png\)")


def linked(folder: Path = DOCS) -> Iterator[tuple[Path, str, str]]:
    """Each picture a guide shows: the guide, what it says of it, the picture's name."""
    for guide in sorted(folder.rglob("*.md")):
        for words, name in _LINK.findall(guide.read_text("utf-8")):
            yield guide, words, name


def take(name: str, *, screens: Path = SCREENS, pictures: Path = PICTURES) -> None:
    """One picture, in few colours. Raises FileNotFoundError."""
    with Image.open(screens / f"{name}.png") as screen:
        shown = screen.convert("RGB").crop((0, 0, screen.width, min(screen.height, MOST_HIGH)))
    pictures.mkdir(exist_ok=True)
    shown.quantize(64).save(pictures / f"{name}.png", optimize=True)


def main() -> str | None:
    """What is wrong, if anything is."""
    names = {name for _, _, name in linked()}
    missing = sorted(name for name in names if not (SCREENS / f"{name}.png").exists())
    if missing:
        return (
            f"{', '.join(missing)}: the browser tests make no such picture in {SCREENS};"
            " run `make test-browser`, or mend the link"
        )
    for name in sorted(names):
        take(name)
    for old in PICTURES.glob("*.png"):
        if old.stem not in names:
            old.unlink()
    return None


if __name__ == "__main__":
    sys.exit(main())
