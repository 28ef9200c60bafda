"""The real picamera2 on the real libcamera: minutes, root and a network, so only when asked for."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.kiosk import codes

SCRIPT = Path(__file__).resolve().parents[3] / "provisioning" / "picamera.sh"
SIZE = (1280, 720)


def _why_not() -> str:
    if os.environ.get("TRAM_PICAMERA") != "1":
        return "takes two minutes: make test-picamera, or TRAM_PICAMERA=1"
    asked = subprocess.run([SCRIPT, "--can"], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_real_picamera2_gives_frames_whose_codes_are_read(tmp_path: Path) -> None:
    reason = _why_not()
    if reason:
        pytest.skip(f"the real picamera2: {reason}")
    texts = [codes.CCCD, "vé số 2", "TRAM-THỬ 3"]
    for number, text in enumerate(texts):
        code = codes.qr(text, scale=6)
        picture = np.full(SIZE[::-1], 190, np.uint8)
        top, left = (SIZE[1] - code.shape[0]) // 2, 100 + 200 * number
        picture[top : top + code.shape[0], left : left + code.shape[1]] = code
        Image.fromarray(picture).convert("RGB").save(tmp_path / f"{number}.jpg", quality=90)
    (tmp_path / "expected.json").write_text(json.dumps(texts), encoding="utf-8")

    done = subprocess.run([SCRIPT, tmp_path], stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0
    figures = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert figures["python"].startswith("3.13")
    assert figures["codes"] == len(texts)
    assert figures["fps"] > 15
