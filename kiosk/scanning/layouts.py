"""What a keyboard's keys mean in the layouts that scanners are set to.

A scanner types the keys that would give its text on a keyboard of the layout it is set to. Whoever
takes them for another layout gets `@` for `"`, z for y, or nothing for `|`. Input methods such as
Telex play no part: the keys are taken from the device itself, before any of them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

_ROWS: Final = {
    **dict(zip("1234567890", range(2, 12), strict=True)),
    **dict(zip("QWERTYUIOP", range(16, 26), strict=True)),
    **dict(zip("ASDFGHJKL", range(30, 39), strict=True)),
    **dict(zip("ZXCVBNM", range(44, 51), strict=True)),
}
_KEYPAD: Final = {
    **{"KP7": 71, "KP8": 72, "KP9": 73, "KPMINUS": 74, "KP4": 75, "KP5": 76, "KP6": 77},
    **{"KPPLUS": 78, "KP1": 79, "KP2": 80, "KP3": 81, "KP0": 82, "KPDOT": 83, "KPENTER": 96},
    **{"KPSLASH": 98, "KPASTERISK": 55},
}
KEYS: Final[Mapping[str, int]] = {
    **_ROWS,
    **_KEYPAD,
    **{"MINUS": 12, "EQUAL": 13, "TAB": 15, "LEFTBRACE": 26, "RIGHTBRACE": 27, "ENTER": 28},
    **{"LEFTCTRL": 29, "SEMICOLON": 39, "APOSTROPHE": 40, "GRAVE": 41, "LEFTSHIFT": 42},
    **{"BACKSLASH": 43, "COMMA": 51, "DOT": 52, "SLASH": 53, "RIGHTSHIFT": 54, "LEFTALT": 56},
    **{"SPACE": 57, "CAPSLOCK": 58, "102ND": 86, "RIGHTCTRL": 97, "RIGHTALT": 100},
}
"""Linux's key numbers by name, without KEY_."""


class Key(NamedTuple):
    """What a key gives alone, with Shift, and with AltGr; empty for nothing."""

    plain: str
    shift: str = ""
    altgr: str = ""

    @property
    def is_letter(self) -> bool:
        return self.shift == self.plain.upper() != self.plain


Layout = Mapping[int, Key]


def _layout(order: str, *rows: str, altgr: Mapping[str, str] | None = None) -> Layout:
    """`order`: the names of the keys of a to z. `rows`: NAME plain shift. `altgr`: by NAME."""
    letters = zip("abcdefghijklmnopqrstuvwxyz", order.split(), strict=True)
    table = {KEYS[name]: Key(letter, letter.upper()) for letter, name in letters}
    for row in rows:
        name, plain, shift = row.split(" ")
        table[KEYS[name]] = Key(plain, shift)
    for name, char in (altgr or {}).items():
        table[KEYS[name]] = table.get(KEYS[name], Key(""))._replace(altgr=char)
    table[KEYS["SPACE"]] = Key(" ", " ")
    table[KEYS["TAB"]] = Key("\t")
    for name in ("ENTER", "KPENTER"):
        table[KEYS[name]] = Key("\n", "\n")
    for digit in "0123456789":
        table[KEYS["KP" + digit]] = Key(digit, digit)
    for name, char in (("MINUS", "-"), ("PLUS", "+"), ("DOT", "."), ("SLASH", "/")):
        table[KEYS["KP" + name]] = Key(char, char)
    table[KEYS["KPASTERISK"]] = Key("*", "*")
    return table


LAYOUTS: Final[Mapping[str, Layout]] = {
    "us": _layout(
        "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
        *("1 1 !", "2 2 @", "3 3 #", "4 4 $", "5 5 %", "6 6 ^", "7 7 &", "8 8 *", "9 9 ("),
        *("0 0 )", "MINUS - _", "EQUAL = +", "LEFTBRACE [ {", "RIGHTBRACE ] }", "BACKSLASH \\ |"),
        *("SEMICOLON ; :", "APOSTROPHE ' \"", "GRAVE ` ~", "COMMA , <", "DOT . >", "SLASH / ?"),
        "102ND \\ |",
    ),
    "fr": _layout(
        "Q B C D E F G H I J K L SEMICOLON N O P A R S T U V Z X Y W",
        *("1 & 1", "2 é 2", '3 " 3', "4 ' 4", "5 ( 5", "6 - 6", "7 è 7", "8 _ 8", "9 ç 9"),
        *("0 à 0", "MINUS ) °", "EQUAL = +", "LEFTBRACE ^ ¨", "RIGHTBRACE $ £", "BACKSLASH * µ"),
        *("M , ?", "APOSTROPHE ù %", "GRAVE ² ~", "COMMA ; .", "DOT : /", "SLASH ! §"),
        "102ND < >",
        altgr={
            **{"2": "~", "3": "#", "4": "{", "5": "[", "6": "|", "7": "`", "8": "\\", "9": "^"},
            **{"0": "@", "MINUS": "]", "EQUAL": "}", "E": "€"},
        },
    ),
    "de": _layout(
        "A B C D E F G H I J K L M N O P Q R S T U V W X Z Y",
        *("1 1 !", '2 2 "', "3 3 §", "4 4 $", "5 5 %", "6 6 &", "7 7 /", "8 8 (", "9 9 )"),
        *("0 0 =", "MINUS ß ?", "EQUAL ´ `", "LEFTBRACE ü Ü", "RIGHTBRACE + *", "BACKSLASH # '"),
        *("SEMICOLON ö Ö", "APOSTROPHE ä Ä", "GRAVE ^ °", "COMMA , ;", "DOT . :", "SLASH - _"),
        "102ND < >",
        altgr={
            **{"7": "{", "8": "[", "9": "]", "0": "}", "MINUS": "\\", "Q": "@", "E": "€"},
            **{"RIGHTBRACE": "~", "102ND": "|", "M": "µ", "2": "²", "3": "³"},
        },
    ),
}
"""By their usual names."""
