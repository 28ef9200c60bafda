"""The pipeline with the real decoders, on pictures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.variants import VARIANTS, variant
from kiosk.credentials.proofs import Proofs
from kiosk.hardware.decoders import ENGINES, engines, open_decoders
from kiosk.hardware.pictures import load_luma
from kiosk.hardware.ports import Frame, Luma
from kiosk.scanning.deblur import Movement
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.reader import Reader
from tests.kiosk import codes

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "data" / "qr"


def pipeline(*names: str) -> Pipeline:
    return Pipeline(engines(open_decoders(names or tuple(ENGINES))))


def on_grey(code: Luma, *, x: int, y: int, size: tuple[int, int] = (720, 1280)) -> Luma:
    return codes.scene((code, (x, y)), size=size)


@pytest.mark.parametrize("kind", [kind for kind in VARIANTS if kind != "glare"])
def test_a_code_is_read_through_light_hand_and_lens(kind: str) -> None:
    scene = on_grey(codes.qr(codes.NATIONAL, scale=5), x=180, y=120, size=(480, 640))
    read = 0
    for seed in range(8):
        found = pipeline().decode(variant(kind, scene, seed=str(seed)))
        assert all(code.data == codes.NATIONAL.encode() for code in found)
        read += bool(found)
    assert read >= 6


@pytest.mark.parametrize("names", [(), ("zxing-cpp",), ("pyzbar",), ("pyzbar", "zxing-cpp")])
def test_any_choice_of_engines_reads(names: tuple[str, ...]) -> None:
    (code,) = pipeline(*names).decode(codes.qr(codes.CCCD))
    assert code.data == codes.CCCD.encode()
    assert not pipeline(*names).decode(np.full((480, 640), 128, np.uint8))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_mirrored_and_inverted_codes_are_read(mirrored: bool, inverted: bool) -> None:
    luma = codes.qr(codes.CAN_CUOC, inverted=inverted)
    (code,) = pipeline().decode(np.ascontiguousarray(luma[:, ::-1]) if mirrored else luma)
    assert code.data == codes.CAN_CUOC.encode()


def test_a_dense_certificate_is_read_in_two_frames() -> None:
    text = "HC1:" + "6BFOXN%TSMAHN-H0SC" * 55
    code = codes.qr(text, scale=4, version=25)
    assert code.shape[0] < 520
    luma = on_grey(code, x=400, y=120)
    eyes = pipeline()
    looks = [eyes.look(Frame(luma=luma, taken_ns=n * 66_000_000)) for n in range(2)]
    assert next(each.data for look in looks for each in look or ()) == text.encode()


@pytest.mark.parametrize(("x", "y"), [(400, 150), (560, 300)])
def test_a_code_lies_where_it_lies_in_the_frame_whatever_stage_found_it(x: int, y: int) -> None:
    code = codes.qr(codes.NATIONAL, scale=3)
    luma = variant("low light", on_grey(code, x=x, y=y), seed="place")
    middle = (x + code.shape[1] / 2, y + code.shape[0] / 2)
    eyes = pipeline()
    for n in range(40):
        for found in eyes.look(Frame(luma=luma, taken_ns=n * 66_000_000)) or ():
            assert found.centre == pytest.approx(middle, abs=6)
            return
    pytest.fail("not found at all")


def test_of_two_people_in_view_the_one_nearer_to_the_centre_is_answered() -> None:
    near, far = codes.qr(codes.CCCD, scale=4), codes.qr(codes.NATIONAL, scale=4)
    luma = codes.scene((far, (20, 30)), (near, (520, 220)), size=(720, 1280))
    for kind in ("as is", "inverted"):
        seen = variant(kind, luma, seed="two")
        reading = Reader(pipeline(), Proofs()).look(Frame(luma=seen, taken_ns=0))
        assert reading.code is not None
        assert (reading.codes, reading.code.data) == (2, codes.CCCD.encode())


@pytest.mark.parametrize(
    "shape", [(0, 0), (0, 40), (1, 1), (2, 3), (3, 4000), (20, 20), (21, 21), (22, 640), (700, 21)]
)
def test_no_picture_is_too_odd(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    eyes = pipeline()
    assert not eyes.decode(luma)
    for number in range(20):
        assert not eyes.look(Frame(luma=luma, taken_ns=number * 66_000_000))


def test_what_cannot_be_written_to_is_read() -> None:
    luma = codes.qr(codes.CARD)
    luma.setflags(write=False)
    dim = variant("low light", luma, seed="1")
    dim.setflags(write=False)
    assert pipeline().decode(luma)
    assert pipeline().decode(dim[:, ::1])


def test_it_needs_no_opencv() -> None:
    code = """
import sys
sys.modules["cv2"] = None
from bench.variants import variant
from tests.kiosk import codes
from tests.kiosk.scanning.test_pipeline_pictures import on_grey, pipeline
scene = on_grey(codes.qr(codes.CARD, scale=5), x=180, y=120, size=(480, 640))
found = [pipeline().decode(variant(kind, scene, seed="1")) for kind in ("low light", "motion blur")]
print([len(each) for each in found])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[1, 1]"


def test_a_movement_can_be_shortened_but_not_to_nothing() -> None:
    moved = Movement(length=8.0, angle=1.0)
    assert moved.times(0.5) == Movement(length=4.0, angle=1.0)
    assert moved.times(0.1).length == 2.0


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real pictures at {SHARED}")
@pytest.mark.parametrize("kind", VARIANTS)
def test_nothing_is_read_where_nothing_is(kind: str) -> None:
    manifest = json.loads((SHARED / "manifest.json").read_text(encoding="utf-8"))
    eyes = pipeline()
    wrong: dict[str, bytes] = {}
    for entry in manifest:
        if not entry["texts"]:
            luma = variant(kind, load_luma(SHARED / entry["file"]), seed=entry["file"])
            if found := eyes.decode(luma):
                wrong[entry["file"]] = found[0].data
    assert wrong == {}


def test_whoever_is_in_the_middle_is_answered_though_only_the_edge_is_read_at_first() -> None:
    near = codes.qr(codes.CAN_CUOC, scale=2)
    far = codes.qr(codes.NATIONAL, scale=6)
    luma = codes.scene((far, (10, 10)), (near, (590, 310)), size=(720, 1280))
    luma[300:420, 580:720] = np.clip(luma[300:420, 580:720] // 3 + 70, 0, 255)
    reading = Reader(pipeline("pyzbar"), Proofs()).look(Frame(luma=luma, taken_ns=0))
    assert reading.code is not None
    assert reading.code.data == codes.CAN_CUOC.encode()
