"""What a thief finds on a kiosk's disk: no name, no number, no code, in no common dress."""

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk import codes
from tests.kiosk.bundle import Bundle, make_bundle
from wire import card

SHOWN = (*codes.PERSONAL, *codes.UNKNOWN.values())
CARD_ID = card.decode(codes.CARD, codes.CARD_KEYS).id


def _secrets() -> set[str]:
    """Whatever in the codes tells of a person: each field, each part of it."""
    found = {CARD_ID, codes.CARD}
    for code in SHOWN:
        found.add(code)
        for part in re.split(r"[|<\n]", code):
            found |= {part, part.lower(), part.upper()}
        found |= set(re.findall(r"\d{6,}", code))
    found |= {"Nguyễn", "NGUYEN", "Trần", "Mẫu", "Quận Mẫu", "Phường Thử", "secret", "0900000001"}
    # The kiosk's own words and short fields (sex, dates in parts) are no secrets.
    return {each for each in found if len(each) >= 5} | {"Mẫu"}


def _dresses(secret: str) -> Iterator[bytes]:
    """`secret` in the encodings, and by the plain digests, somebody might try."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = secret.encode(encoding)
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):
            # Base64 differs by where in a longer text the secret begins; inner digits suffice.
            text = base64.b64encode(b"\0" * shift + raw)
            inner = text[(0, 2, 3)[shift] : len(text) - 4]
            if len(inner) >= 6:
                yield inner
                yield inner.replace(b"+", b"-").replace(b"/", b"_")
    raw = secret.encode()
    if len(raw) >= 8:
        for digest in (
            hashlib.md5(raw),
            hashlib.sha1(raw),
            hashlib.sha256(raw),
            hashlib.sha512(raw),
            hashlib.blake2b(raw),
            hashlib.blake2b(raw, digest_size=16),
            hashlib.blake2b(raw, digest_size=32),
        ):
            yield digest.digest()
            yield digest.hexdigest().encode()
            yield base64.b64encode(digest.digest())[:20]


def _contents(folder: Path) -> dict[str, bytes]:
    """All files, as they are and with every hex and base64 run in them decoded."""
    found: dict[str, bytes] = {}
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        raw = file.read_bytes()
        decoded = [
            base64.b64decode(run[: len(run) // 4 * 4])
            for run in re.findall(rb"[A-Za-z0-9+/]{16,}", raw)
        ]
        decoded += [
            bytes.fromhex(run[: len(run) // 2 * 2].decode())
            for run in re.findall(rb"[0-9a-fA-F]{16,}", raw)
        ]
        found[file.name] = b"\n".join([raw, *decoded])
    return found


def _found(folder: Path) -> list[tuple[str, str]]:
    contents = _contents(folder)
    return [
        (file, secret)
        for secret in _secrets()
        for dress in _dresses(secret)
        for file, content in contents.items()
        if dress in content
    ]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, code in enumerate(SHOWN):
        codes.save(codes.qr(code), pictures / f"{number:02d}.png")
    return make_bundle(
        tmp_path / "bundle",
        more="[policy]\ntickets = true\n[camera]\nfps = 60.0\nshown = 1\nblank = 0\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ["killed", "ended"])
def test_a_stolen_kiosks_disk_reveals_no_visitor(bundle: Bundle, end: str, tmp_path: Path) -> None:
    log = tmp_path / "bundle" / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "kiosk", "run", "--config", str(bundle.file)),
                *("--camera", f"pictures:{tmp_path / 'pictures'}"),
            ],
            stdout=errors,
            stderr=errors,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    give_up_s = time.monotonic() + 30
    while len(bundle.journal) < len(SHOWN):
        assert time.monotonic() < give_up_s, log.read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL if end == "killed" else signal.SIGTERM)
    assert process.wait(20) == (-signal.SIGKILL if end == "killed" else 0)
    answers = [line["answer"] for line in bundle.journal]
    tickets = ("url", "wifi", "vcard", "text")
    assert answers.count("accepted") == len(codes.PERSONAL) + len(tickets)
    assert (bundle.data / "queue.sqlite3-wal").exists() == (end == "killed")
    assert _found(bundle.folder) == []


def test_the_search_would_find_each_dress(tmp_path: Path) -> None:
    for number, dress in enumerate(_dresses("001090000001")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "file").write_bytes(b"before " + dress + b" after")
        assert _found(folder), dress


def test_the_search_would_find_a_record_sealed_with_base64_alone(tmp_path: Path) -> None:
    box = base64.b64encode(b'{"keys":[["cccd","001090000001"]],"kind":"cccd"}')
    (tmp_path / "file").write_bytes(b'{"tracing":{"box":"' + box + b'"}}')
    assert _found(tmp_path)
