"""What a scanner set to a layout types for a text: the reverse of what the kiosk reads."""

from collections.abc import Iterator

from kiosk.scanning.layouts import KEYS, LAYOUTS

Stroke = tuple[int, bool]


def typed(
    text: str, *, layout: str = "us", caps: bool = False, alt: str = "unicode"
) -> list[Stroke]:
    """The strokes of `text`; `alt`: how characters the layout lacks are sent, `unicode` or `utf-8`.

    With `caps` Caps Lock is on at the scanner and it does not know.
    """
    return [stroke for char in text for stroke in _char(char, layout, caps=caps, alt=alt)]


def press(name: str) -> list[Stroke]:
    return [(KEYS[name], True), (KEYS[name], False)]


def _char(char: str, layout: str, *, caps: bool, alt: str) -> Iterator[Stroke]:
    for key, meaning in LAYOUTS[layout].items():
        wanted = char.swapcase() if caps and meaning.is_letter else char
        for modifier, gives in zip(
            ("", "LEFTSHIFT", "RIGHTALT"),
            (meaning.plain, meaning.shift, meaning.altgr),
            strict=True,
        ):
            if gives == wanted:
                held = [(KEYS[modifier], True)] if modifier else []
                yield from held
                yield from [(key, True), (key, False)]
                yield from [(each, False) for each, _down in held]
                return
    numbers = [ord(char)] if alt == "unicode" else list(char.encode())
    for number in numbers:
        yield KEYS["LEFTALT"], True
        for digit in f"0{number}":
            yield from press(f"KP{digit}")
        yield KEYS["LEFTALT"], False
