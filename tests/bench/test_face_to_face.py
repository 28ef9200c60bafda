"""The table about co-presence says what is measured."""

from pathlib import Path

import pytest

from bench import face_to_face

ROOT = Path(__file__).resolve().parents[2]
VISITS = ROOT.parent / "shared" / "data" / "visits"


@pytest.mark.slow
def test_the_document_says_what_is_measured() -> None:
    rows = face_to_face.measured(VISITS)
    if not rows:
        pytest.skip("the shared measured visits are not here")
    assert len(rows) == 5
    assert face_to_face.markdown(rows) in (ROOT / "docs" / "co-presence.md").read_text("utf-8")
