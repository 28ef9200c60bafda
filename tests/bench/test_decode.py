"""The bench itself: what it counts, and that it counts the same twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bench import instructions
from bench.decode import main
from bench.pictures import FRAME, background, made
from bench.variants import COUNTED, VARIANTS, variant
from tests.kiosk import codes


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    codes.save(codes.qr(codes.CCCD, scale=6), tmp_path / "code.png")
    codes.save(codes.qr("something else"), tmp_path / "other.png")
    codes.save(background(random), tmp_path / "empty.png")
    entries = [
        {"file": "code.png", "texts": [codes.CCCD]},
        {"file": "other.png", "texts": ["not what it says"]},
        {"file": "empty.png", "texts": [], "set": "passed over"},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_right_and_wrong_texts_are_counted_for_all_three(folder: Path) -> None:
    result = run(folder, "--jobs", 1, "--no-instructions", "--show-wrong")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output.splitlines()[-1])
    assert summary["pictures"] == {"with_code": 2, "without": 1}
    assert summary["variants"]["as is"] == {"tram": 1, "pyzbar": 1, "zxing": 1}
    assert summary["variants"]["inverted"] == {"tram": 1, "pyzbar": 0, "zxing": 1}
    for name, right in summary["right"].items():
        assert right == sum(summary["variants"][kind][name] for kind in COUNTED)
    assert summary["right"]["tram"] >= 4
    assert summary["ratio_zxing"] == round(summary["right"]["tram"] / summary["right"]["zxing"], 4)
    assert summary["wrong_on_empty"] == 0
    assert summary["wrong_with_code"]["tram"] >= 2
    assert summary["empty_instructions_ratio"] is None
    assert "not asked for" in result.output
    assert "something else" in result.output


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("{}", "expected a list"),
        ('[{"file": "a.png"}]', "entry 0: expected {file"),
        ('["a.png"]', "entry 0: expected {file"),
        ('[{"file": "a.png", "texts": []}]', "entry 0:"),
        ("[]", "no picture is left"),
    ],
)
def test_a_wrong_manifest_is_named(tmp_path: Path, text: str | None, complaint: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    result = run(tmp_path)
    assert result.exit_code == 1
    assert complaint in result.output
    assert str(tmp_path) in result.output.replace("\n", "")


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_variant_is_the_same_for_the_same_seed(kind: str) -> None:
    luma = codes.qr(codes.CARD, scale=4)
    one, same, other = (variant(kind, luma, seed=seed) for seed in ("a", "a", "b"))
    assert one.shape == luma.shape
    assert one.dtype == np.uint8
    assert (one == same).all()
    assert (one != other).any() == (kind not in ("as is", "inverted"))


@pytest.mark.slow
def test_made_up_pictures_have_codes_and_none() -> None:
    pictures = made(seed=1)
    assert all(each.luma.shape == FRAME for each in pictures)
    assert 0 < sum(not each.texts for each in pictures) < len(pictures) / 2
    assert [each.texts for each in made(seed=1)] == [each.texts for each in pictures]


@pytest.mark.slow
@pytest.mark.skipif(bool(instructions.available()), reason=instructions.available())
def test_an_empty_frame_costs_a_tenth_of_the_peer_at_most() -> None:
    scenes = [each.luma for each in made() if not each.texts][:1]
    empty = instructions.per_frame(scenes, ["pyzbar", "tram", "tram first look"])
    assert empty["tram"] <= 0.1 * empty["pyzbar"]
    assert empty["tram first look"] < 0.2 * empty["pyzbar"]
