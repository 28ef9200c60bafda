"""Guides show pages as they are: pictures that browser tests make, each with words."""

import re
from pathlib import Path

import pytest
from PIL import Image

from docs import pictures
from tests.support.browser import LANGUAGES, WIDTHS

BROWSER_TESTS = Path(__file__).parents[1] / "browser"


def _looked_at() -> set[str]:
    """The names under which browser tests look at pages."""
    text = "".join(path.read_text("utf-8") for path in BROWSER_TESTS.glob("test_*.py"))
    return set(
        re.findall(r'\.look\((?:[^()]|\([^()]*\))*?"([\w-]+)"(?:, status=\d+)?,?\s*\)', text)
    )


def test_every_picture_a_guide_shows_is_there_and_has_words() -> None:
    for guide, words, name in pictures.linked():
        assert (pictures.PICTURES / f"{name}.png").is_file(), f"{guide}: {name}: make pictures"
        assert len(words) > 5, f"{guide}: {name} needs words for those who do not see it"


def test_no_picture_lies_about_unused() -> None:
    there = {path.stem for path in pictures.PICTURES.glob("*.png")}
    assert there == {name for _, _, name in pictures.linked()}


def test_every_picture_is_made_by_a_browser_test() -> None:
    ends = [f"-{width}-{language}" for width in WIDTHS for language in LANGUAGES]
    made = {f"{name}{end}" for name in _looked_at() for end in [*ends, "-dark"]}
    assert {name for _, _, name in pictures.linked()} <= made


def test_a_picture_is_cut_and_kept_in_few_colours(tmp_path: Path) -> None:
    Image.effect_noise((360, 3000), 50).convert("RGB").save(tmp_path / "page-360-vi.png")
    pictures.take("page-360-vi", screens=tmp_path, pictures=tmp_path / "kept")
    with Image.open(tmp_path / "kept" / "page-360-vi.png") as kept:
        assert kept.size == (360, pictures.MOST_HIGH)
        assert len(kept.getcolors() or []) <= 64
    with pytest.raises(FileNotFoundError):
        pictures.take("page-361-vi", screens=tmp_path, pictures=tmp_path / "kept")
