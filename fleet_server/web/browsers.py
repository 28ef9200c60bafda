"""What kind of browser somebody has, so that they recognise theirs in a list. Not proof of it."""

from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("coc_coc", "Cốc Cốc"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""The first that occurs: most say that they are Chrome or Safari too."""
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def name(agent: str) -> str:
    """`Firefox, Android`; empty where it cannot be told."""
    found = (
        next((name for mark, name in known if mark in agent), "") for known in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, found))
