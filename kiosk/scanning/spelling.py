"""From a scanner's keystrokes to the code they spell, whatever layout it is set to. Pure.

Nothing tells which layout a scanner is set to, but a code can: only in the right one do the fields
of a personal code stand between pipes, and the checksum of a card hold. The layout that a signed
card was read in is tried first from then on.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.hardware.ports import Code, Typed
from kiosk.scanning.layouts import KEYS, LAYOUTS, Layout
from kiosk.scanning.reader import Reading

ENGINE: Final = "scanner"
Strokes = Sequence[tuple[int, bool]]

_SHIFTS: Final = frozenset({KEYS["LEFTSHIFT"], KEYS["RIGHTSHIFT"]})
_CTRLS: Final = frozenset({KEYS["LEFTCTRL"], KEYS["RIGHTCTRL"]})
_ALT: Final = KEYS["LEFTALT"]
_ALTGR: Final = KEYS["RIGHTALT"]
_CAPS: Final = KEYS["CAPSLOCK"]
_WORDS: Final = re.compile(r"[^\W\d_]+")
_KEYPAD: Final = {KEYS[f"KP{digit}"]: str(digit) for digit in range(10)}


class Speller:
    """Reads what a scanner types."""

    def __init__(
        self,
        proofs: Proofs,
        *,
        layout: str,
        timer_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """`layout`: the one of LAYOUTS to try first."""
        self._proofs = proofs
        self._layouts = [layout, *(name for name in LAYOUTS if name != layout)]
        self._timer_ns = timer_ns

    def use(self, proofs: Proofs) -> None:
        """From the next code on, go by `proofs`; from any thread."""
        self._proofs = proofs

    def read(self, typed: Typed) -> Reading:
        """The code, and what it is; a Reading without one where nothing was typed."""
        began_ns = self._timer_ns()
        found = self._understand(typed.strokes) if typed.strokes else None
        ms = (self._timer_ns() - began_ns) / 1e6
        if found is None:
            return Reading(payload=None, code=None, codes=0, ms=ms)
        data, payload = found
        code = Code(data=data, engine=ENGINE, centre=(0.0, 0.0))
        return Reading(payload=payload, code=code, codes=1, ms=ms)

    def _understand(self, strokes: Strokes) -> tuple[bytes, Payload] | None:
        first: tuple[bytes, Payload] | None = None
        troubled: tuple[bytes, Payload] | None = None
        for name, data in self._spellings(strokes):
            payload = recognise(data, self._proofs)
            if payload.kind == "empty":
                continue
            named = bool(payload.keys) and not payload.ticket
            if not payload.problem and (payload.authentic or named):
                if payload.authentic:
                    self._layouts.sort(key=lambda each: each != name)
                return data, payload
            first = first or (data, payload)
            if payload.problem:
                troubled = troubled or (data, payload)
        return troubled or first

    def _spellings(self, strokes: Strokes) -> Iterator[tuple[str, bytes]]:
        for name in list(self._layouts):
            data = spell(strokes, LAYOUTS[name])
            flipped = spell(strokes, LAYOUTS[name], caps=True)
            for each in (flipped, data) if _is_flipped(data) else (data, flipped):
                yield name, each


def spell(strokes: Strokes, layout: Layout, *, caps: bool = False) -> bytes:
    """What `strokes` type in `layout`, in UTF-8; with `caps`, Caps Lock was on at the start.

    Characters that a layout lacks may come as Alt and a number on the keypad: Unicode beyond 255,
    below it bytes of UTF-8 or Windows-1252.
    """
    held: set[int] = set()
    units: list[str | int] = []
    number = ""
    for key, down in strokes:
        if not down:
            held.discard(key)
            if key == _ALT and number:
                units.append(_numbered(int(number)))
                number = ""
            continue
        if key == _CAPS:
            caps = not caps
        elif _ALT in held and key in _KEYPAD:
            number = (number + _KEYPAD[key])[-7:]
        elif key in layout and not held & _CTRLS:
            units.append(_character(key, layout, held, caps=caps))
        held.add(key)
    return _joined(units)


def _character(key: int, layout: Layout, held: set[int], *, caps: bool) -> str:
    meaning = layout[key]
    if _ALTGR in held:
        return meaning.altgr
    shifted = bool(held & _SHIFTS) != (caps and meaning.is_letter)
    return meaning.shift if shifted else meaning.plain


def _numbered(number: int) -> str | int:
    if number < 256:
        return number
    surrogate = 0xD800 <= number <= 0xDFFF
    return chr(number) if number <= 0x10FFFF and not surrogate else "\ufffd"


def _joined(units: Sequence[str | int]) -> bytes:
    data = b"".join(bytes([each]) if isinstance(each, int) else each.encode() for each in units)
    try:
        data.decode()
    except UnicodeDecodeError:
        data = "".join(
            bytes([each]).decode("cp1252", errors="replace") if isinstance(each, int) else each
            for each in units
        ).encode()
    return data


def _is_flipped(data: bytes) -> bool:
    """Whether most words look like nGUYễN: Caps Lock was on (and moves letters of keys only)."""
    words = [word for word in _WORDS.findall(data.decode(errors="replace")) if len(word) > 1]
    flipped = [word for word in words if word[0].islower() and _mostly_capitals(word[1:])]
    return 2 * len(flipped) > len(words)


def _mostly_capitals(word: str) -> bool:
    of_keys = [char for char in word if char.isascii()]
    return 2 * sum(char.isupper() for char in of_keys) > len(of_keys)
