"""`kiosk read`: one line per picture, in the order given."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.commands.read import read
from tests.kiosk import certificates, codes
from tests.kiosk.bundle import make_bundle
from wire import card, keyset, trust
from wire.keyset import CardKey, KeySet

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "qr"


def run(*args: object) -> Result:
    return CliRunner().invoke(read, [str(arg) for arg in args])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    codes.save(codes.qr(codes.CCCD), tmp_path / "2.png")
    codes.save(codes.qr(codes.NATIONAL, inverted=True), tmp_path / "10.png")
    codes.save(codes.qr("x") * 0 + 128, tmp_path / "3.png")
    (tmp_path / "note.txt").write_text("no picture")
    return tmp_path


def test_a_folder_gives_one_line_per_picture_sorted_by_name(folder: Path) -> None:
    result = run("--json", folder)
    assert result.exit_code == 0
    found = lines(result)
    assert [line["file"] for line in found] == [f"{folder}/{n}.png" for n in (10, 2, 3)]
    assert [line["ok"] for line in found] == [True, True, False]
    assert [line["kind"] for line in found] == ["national", "cccd", None]
    assert [line["engine"] for line in found] == ["zxing-cpp", "zxing-cpp", None]
    assert [line["codes"] for line in found] == [1, 1, 0]
    assert all(line["ms"] >= 0 for line in found)
    assert set(found[0]) == {"file", "ok", "kind", "engine", "ms", "codes"}


def test_files_keep_the_order_given(folder: Path) -> None:
    names = [str(folder / name) for name in ("3.png", "2.png", "10.png", "2.png")]
    assert [line["file"] for line in lines(run("--json", *names))] == names


def test_the_text_is_shown_only_when_asked_for(folder: Path) -> None:
    for options in (["--json"], []):
        assert "Nguyễn" not in run(*options, folder / "2.png").stdout
        assert "001090000001" not in run(*options, folder / "2.png").stdout
    assert lines(run("--json", "--show-text", folder / "2.png"))[0]["text"] == codes.CCCD
    assert codes.CCCD in run("--show-text", folder / "2.png").stdout


def test_a_text_of_several_lines_stays_on_its_line(tmp_path: Path) -> None:
    codes.save(codes.qr("one\ntwo\r\nthree"), tmp_path / "1.png")
    result = run("--show-text", tmp_path)
    assert result.stdout.count("\n") == 1
    assert r"one\ntwo\r\nthree" in result.stdout


def test_a_picture_that_cannot_be_read_is_a_line_and_a_failure_at_the_end(folder: Path) -> None:
    result = run("--json", "nowhere.png", folder / "note.txt", folder / "2.png")
    assert result.exit_code == 1
    missing, no_picture, good = lines(result)
    assert (missing["file"], missing["ok"], missing["codes"]) == ("nowhere.png", False, 0)
    assert "No such file" in missing["error"]
    assert "not a picture" in no_picture["error"]
    assert good["ok"]
    plain = run("nowhere.png", folder / "2.png")
    assert plain.exit_code == 1
    assert len(plain.stdout.splitlines()) == 2


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    result = run("--json", tmp_path)
    assert result.exit_code == 1
    assert "a folder without" in lines(result)[0]["error"]


def test_a_plain_line_says_file_kind_engine_time_and_codes(folder: Path) -> None:
    coded, empty = run(folder / "2.png", folder / "3.png").stdout.splitlines()
    assert coded.startswith(f"{folder}/2.png  ok  cccd  zxing-cpp  ")
    assert coded.endswith(" ms  1 code")
    assert empty.startswith(f"{folder}/3.png  no code  ")


def test_the_engine_can_be_chosen(folder: Path) -> None:
    assert lines(run("--json", "--engine", "pyzbar", folder / "2.png"))[0]["engine"] == "pyzbar"
    assert run("--engine", "quirc", folder).exit_code == 2


def test_a_code_with_a_problem_says_which(tmp_path: Path) -> None:
    codes.save(codes.qr(codes.CCCD.replace("|Nam|", "|Nữ|")), tmp_path / "1.png")
    (line,) = lines(run("--json", tmp_path))
    assert (line["ok"], line["kind"], line["problem"]) == (True, "cccd", "inconsistent")
    assert "cccd (inconsistent)" in run(tmp_path).stdout


def test_a_name_that_is_no_utf_8_does_not_stop_the_run(tmp_path: Path) -> None:
    codes.save(codes.qr("1"), tmp_path / "ok.png")
    odd = b"\xff.png".decode("utf-8", "surrogateescape")
    (tmp_path / odd).write_bytes((tmp_path / "ok.png").read_bytes())
    assert len(lines(run("--json", tmp_path))) == 2
    assert len(run(tmp_path).stdout.splitlines()) == 2


def bundle(folder: Path) -> Path:
    """A kiosk.toml with the keys of a fleet that signs with `codes.CARD_KEY`."""
    root = Ed25519PrivateKey.generate()
    public = codes.CARD_KEY.public_key()
    box_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
    keys = KeySet(
        version=1,
        ingest=box_key,
        vault=box_key,
        cards=[CardKey(card.key_id(public), public.public_bytes_raw())],
    )
    (folder / "keyset.json").write_bytes(keyset.sign(keys, root))
    pem = root.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "root.pub").write_bytes(pem)
    file = folder / "kiosk.toml"
    file.write_text(
        '[kiosk]\nid = "cho-mau-1"\n[server]\nurl = "mqtt://127.0.0.1:1883"\n', encoding="utf-8"
    )
    return file


def test_cards_are_proven_by_the_keys_of_the_configuration(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    stranger = card.encode(bytes(16), dt.date(2025, 1, 2), Ed25519PrivateKey.generate())
    codes.save(codes.qr(codes.CARD), pictures / "1.png")
    codes.save(codes.qr(stranger), pictures / "2.png")
    without = lines(run("--json", pictures))
    assert [(line["kind"], line["problem"]) for line in without] == [("card", "unknown_signer")] * 2
    known, unknown = lines(run("--json", "--config", bundle(tmp_path), pictures))
    assert "problem" not in known
    assert unknown["problem"] == "unknown_signer"


def test_a_certificate_says_until_when_it_counts_and_nothing_of_what_it_holds(
    tmp_path: Path,
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    claims = certificates.hc1_claims(iat=0, exp=2**34)
    text = certificates.hc1(certificates.sign1(claims))
    codes.save(codes.qr(text), pictures / "1.png")
    (unknown,) = lines(run("--json", pictures))
    assert (unknown["kind"], unknown["problem"]) == ("hc1", "unknown_signer")
    made = make_bundle(tmp_path / "bundle", more='[keys]\ntrust = "trust.json"\n')
    signer = certificates.signer(not_before_s=0, not_after_s=0)
    store = trust.TrustStore(version=1, signers=[signer])
    (made.folder / "trust.json").write_bytes(trust.sign(store, made.root))
    result = run("--json", "--config", made.file, pictures)
    (known,) = lines(result)
    assert "problem" not in known
    assert known["valid_until"] == "2514-05-30T01:53:04+00:00"
    assert "NGUYEN" not in result.stdout
    assert not (made.folder / "data").exists()


def test_a_wrong_configuration_stops_with_its_file(tmp_path: Path) -> None:
    result = run("--config", tmp_path / "kiosk.toml", tmp_path)
    assert result.exit_code == 2
    assert str(tmp_path / "kiosk.toml") in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real pictures at {SHARED}")
def test_real_pictures_are_read_and_nothing_is_read_where_nothing_is() -> None:
    manifest = json.loads((SHARED / "manifest.json").read_text(encoding="utf-8"))
    texts = {str(SHARED / entry["file"]): entry["texts"] for entry in manifest}
    result = run("--json", "--show-text", SHARED)
    assert result.exit_code == 0
    read_texts = {line["file"]: line.get("text") for line in lines(result)}
    assert [file for file, text in read_texts.items() if text is not None and not texts[file]] == []
    right = sum(read_texts[file] in expected for file, expected in texts.items() if expected)
    with_code = sum(1 for expected in texts.values() if expected)
    print(f"right texts: {right} of {with_code} pictures with a code")
    assert right >= 0.92 * with_code
