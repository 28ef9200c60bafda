"""Reads one TOML table into one frozen dataclass; every complaint names key, file and expectation.

A field's rule stands in its metadata, so that the reference document and its test can list every
setting with its default, unit and range from here.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from kiosk.errors import ConfigError

T = TypeVar("T")
_RULE: Final = "rule"
_REQUIRED: Final = object()


class Unfit(ValueError):
    """A value does not fit its rule. Turned into a ConfigError that names the key and the file."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one setting accepts."""

    expected: str
    """Completes the sentence "expected …"."""
    example: str
    """As it would stand in the file."""
    read: Callable[[object, Path], object]
    """The value from what the file says and the file's folder. Raises Unfit."""
    unit: str = ""
    required: bool = False


def _setting(default: object, rule: Rule) -> Any:
    if default is _REQUIRED:
        return field(metadata={_RULE: rule})
    return field(default=default, metadata={_RULE: rule})


def whole(default: int, *, unit: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`, in `unit`."""

    def read(value: object, _folder: Path) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Unfit
        return value

    expected = f"a whole number from {low} to {high} ({unit})"
    return cast(
        int, _setting(default, Rule(expected=expected, example=str(default), read=read, unit=unit))
    )


def number(*, unit: str, low: float, high: float) -> float | None:
    """A number from `low` to `high`, in `unit`, or absent."""

    def read(value: object, _folder: Path) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit
        if not low <= value <= high:
            raise Unfit
        return float(value)

    expected = f"a number from {low:g} to {high:g} ({unit})"
    rule = Rule(expected=expected, example=f"{(low + high) / 8:g}", read=read, unit=unit)
    return cast("float | None", _setting(None, rule))


def pin() -> int | None:
    """A GPIO number in BCM counting, or absent."""

    def read(value: object, _folder: Path) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 27:
            raise Unfit
        return value

    rule = Rule(expected="a GPIO number from 0 to 27 (BCM)", example="17", read=read)
    return cast("int | None", _setting(None, rule))


def flag(default: bool) -> bool:
    """true or false."""

    def read(value: object, _folder: Path) -> object:
        if not isinstance(value, bool):
            raise Unfit
        return value

    example = "true" if default else "false"
    return cast(bool, _setting(default, Rule(expected="true or false", example=example, read=read)))


def text(
    default: str | None,
    *,
    expected: str,
    example: str,
    fits: Callable[[str], bool] | re.Pattern[str],
) -> str:
    """A text that `fits`; without a default (None) it is required."""
    check = fits.fullmatch if isinstance(fits, re.Pattern) else fits

    def read(value: object, _folder: Path) -> object:
        if not isinstance(value, str) or not check(value):
            raise Unfit
        return value

    rule = Rule(expected=expected, example=f'"{example}"', read=read, required=default is None)
    return cast(str, _setting(_REQUIRED if default is None else default, rule))


def words(default: tuple[str, ...], *, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """A non-empty list of different words out of `allowed`, in the order given."""

    def read(value: object, _folder: Path) -> object:
        if not isinstance(value, list) or not value:
            raise Unfit
        if any(word not in allowed for word in value) or len(set(value)) != len(value):
            raise Unfit
        return tuple(value)

    expected = f"a list out of {', '.join(allowed)}, none twice"
    example = "[" + ", ".join(f'"{word}"' for word in default) + "]"
    rule = Rule(expected=expected, example=example, read=read)
    return cast("tuple[str, ...]", _setting(default, rule))


def path(default: str, *, expected: str) -> Path:
    """A path; one that is not absolute counts from the file's folder."""
    return cast(Path, _setting(Path(default), _path_rule(expected, default)))


def maybe_path(*, expected: str, example: str) -> Path | None:
    """A path as `path` reads it, or absent."""
    return cast("Path | None", _setting(None, _path_rule(expected, example)))


def _path_rule(expected: str, example: str) -> Rule:
    def read(value: object, folder: Path) -> object:
        if not isinstance(value, str) or not value or "\x00" in value:
            raise Unfit
        return folder / value

    return Rule(expected=f"the path of {expected}", example=f'"{example}"', read=read)


def rules(section: type) -> Mapping[str, tuple[Rule, object]]:
    """Every setting of `section` by name: its rule and its default (None where required)."""
    return {
        each.name: (_rule(each), None if each.default is MISSING else each.default)
        for each in fields(section)
    }


def read_table(section: type[T], table: object, *, name: str, file: Path) -> T:
    """`table`, the TOML value under `[name]` of `file`, as a `section`. Raises ConfigError."""
    if not isinstance(table, dict):
        raise complaint(name, file, f"expected a table [{name}]", found=table)
    known = {each.name: each for each in fields(cast(Any, section))}
    for key in table:
        if key not in known:
            raise unknown_key(f"{name}.{key}", file, key, list(known))
    values: dict[str, object] = {}
    for key, each in known.items():
        rule = _rule(each)
        what = f"expected {rule.expected}, for example {key} = {rule.example}"
        if key not in table:
            if rule.required:
                raise complaint(f"{name}.{key}", file, what, missing=True)
            if isinstance(each.default, Path):
                values[key] = file.parent / each.default
            continue
        try:
            values[key] = rule.read(table[key], file.parent)
        except Unfit as problem:
            raise complaint(f"{name}.{key}", file, what, found=table[key]) from problem
    return section(**values)


def complaint(
    key: str, file: Path, expected: str, *, found: object = None, missing: bool = False
) -> ConfigError:
    """An error that names the key, the file and what was expected."""
    if missing:
        return ConfigError(f"{key} in {file}: missing; {expected}")
    shown = "" if found is None else f"; found {found!r:.240}"
    return ConfigError(f"{key} in {file}: {expected}{shown}")


def unknown_key(key: str, file: Path, word: str, known: list[str]) -> ConfigError:
    """An error for a key nobody reads, with the nearest one that exists."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
    return ConfigError(f"{key} in {file}: no such setting; {hint}")


def _rule(each: Field[Any]) -> Rule:
    return cast(Rule, each.metadata[_RULE])
