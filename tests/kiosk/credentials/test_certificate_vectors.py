"""Every published vector gives its published result: EU certificates, New Zealand passes."""

import base64
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fleet_server.fleet.signers import entries_from_did, entry_from_certificate
from kiosk.credentials import signers
from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.hardware.decoders import open_decoders
from kiosk.hardware.pictures import load_luma
from kiosk.hardware.ports import Luma
from tests.kiosk.credentials.vectors import expected_problems

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "certificates"
DGC = SHARED / "dgc"
NZ = SHARED / "nzcp"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no published vectors at {SHARED}")


def _vectors() -> list[Any]:
    files = sorted(DGC.glob("*/2DCode/raw/*.json"))
    return [pytest.param(file, id=f"{file.parts[-4]}-{file.stem}") for file in files]


def _instant(text: str) -> float:
    moment = dt.datetime.fromisoformat(text[:19] + text[19:].replace("Z", "+00:00"))
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()


def _recognise_dgc(vector: dict[str, Any]) -> Payload:
    context = vector["TESTCTX"]
    entry = entry_from_certificate(context["CERTIFICATE"].encode())
    proofs = Proofs(signers=signers.of(entry))
    payload = recognise(vector["PREFIX"].encode(), proofs)
    return payload.at(_instant(context["VALIDATIONCLOCK"]))


@pytest.mark.parametrize("file", _vectors())
def test_an_eu_vector_gives_the_expected_result(file: Path) -> None:
    vector = json.loads(file.read_text(encoding="utf-8"))
    payload = _recognise_dgc(vector)
    problems = expected_problems(vector["EXPECTEDRESULTS"])
    outcome = payload.problem if payload.kind == "hc1" else "other_kind"
    assert outcome in problems, (outcome, vector["EXPECTEDRESULTS"])
    assert payload.keys == ()
    assert payload.identity is None
    assert not payload.ticket
    assert payload.authentic == (outcome == "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        *(("B1", "garbled"), ("Z1", "garbled"), ("Z2", "garbled"), ("CBO1", "garbled")),
        *(("CBO2", "garbled"), ("DGC1", "garbled"), ("DGC2", "garbled"), ("CO5", "forged")),
        *(("CO22", "unknown_signer"), ("CO23", "unknown_signer"), ("CO10", "not_entitled")),
        *(("CO16", "not_yet_valid"), ("CO17", "expired"), ("CO1", ""), ("CO2", ""), ("CO28", "")),
    ],
)
def test_reasons_are_told_apart(name: str, problem: str) -> None:
    file = DGC / "common" / "2DCode" / "raw" / f"{name}.json"
    assert _recognise_dgc(json.loads(file.read_text(encoding="utf-8"))).problem == problem


@pytest.mark.parametrize("name", ["H1", "H2", "H3"])
def test_a_certificate_with_a_strange_prefix_is_never_a_ticket(name: str) -> None:
    file = DGC / "common" / "2DCode" / "raw" / f"{name}.json"
    payload = _recognise_dgc(json.loads(file.read_text(encoding="utf-8")))
    assert (payload.kind, payload.ticket) in (("certificate", False), ("hc1", False))


def test_all_vectors_were_found() -> None:
    assert len(_vectors()) == 128
    assert len([*NZ.glob("invalid/*.png")]) == 7


@pytest.mark.slow
def test_certificates_are_read_and_verified_from_their_pictures() -> None:
    decoder = open_decoders(["zxing-cpp"])
    pictures = right = 0
    for param in _vectors():
        vector = json.loads(param.values[0].read_text(encoding="utf-8"))
        if "2DCODE" in vector and vector["EXPECTEDRESULTS"].get("EXPECTEDPICTUREDECODE", True):
            pictures += 1
            codes = decoder.decode(_picture(vector["2DCODE"]))
            right += any(code.data == vector["PREFIX"].encode() for code in codes)
    print(f"right texts: {right} of {pictures} published pictures of certificates")
    assert right >= 0.95 * pictures


def _picture(text: str) -> Luma:
    image = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(ground, image).convert("L"), dtype=np.uint8)


NZ_EXPECTED = {
    "valid/nzcp": "",
    "invalid/nzcp-bad-public-key": "forged",
    "invalid/nzcp-modified-sig": "forged",
    "invalid/nzcp-modified-payload": "forged",
    "invalid/nzcp-not-associated-public-key": "unknown_signer",
    "invalid/nzcp-revoked-public-key": "unknown_signer",
    "invalid/nzcp-expired-payload": "expired",
    "invalid/nzcp-notactive-payload": "not_yet_valid",
}
NZ_CLOCK = dt.datetime(2021, 12, 1, tzinfo=dt.UTC).timestamp()


def _nz_proofs() -> Proofs:
    did = json.loads((NZ / "valid" / "did.json").read_text(encoding="utf-8"))
    return Proofs(signers=signers.of(*entries_from_did(did)))


@pytest.mark.parametrize("name", NZ_EXPECTED)
def test_a_new_zealand_vector_gives_the_expected_result(name: str) -> None:
    """From its picture, and from its text where that is published too."""
    proofs = _nz_proofs()
    (code,) = open_decoders(["zxing-cpp"]).decode(load_luma(NZ / f"{name}.png"))
    texts = {code.data.decode()}
    if (NZ / f"{name}.txt").exists():
        texts.add((NZ / f"{name}.txt").read_text(encoding="ascii").strip())
    for text in texts:
        payload = recognise(text.encode(), proofs).at(NZ_CLOCK)
        assert (payload.kind, payload.problem) == ("nzcp", NZ_EXPECTED[name])
        assert (payload.keys, payload.identity, payload.ticket) == ((), None, False)


def test_the_valid_pass_says_until_when() -> None:
    text = (NZ / "valid" / "nzcp.txt").read_text(encoding="ascii").strip()
    payload = recognise(text.encode(), _nz_proofs())
    assert (payload.valid_from_s, payload.valid_until_s) == (1635883530, 1951416330)
