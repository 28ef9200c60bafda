"""Engines by name, in order, and what each one reads."""

import sys

import pytest

from kiosk.errors import ConfigError
from kiosk.hardware.decoders import DecoderChain, open_decoders
from kiosk.hardware.fakes import FakeDecoder, painted
from kiosk.hardware.zbar import version
from kiosk.hardware.zxing import ZxingDecoder
from tests.kiosk import codes

ENGINES = ("zxing-cpp", "pyzbar")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", [*codes.PERSONAL, *codes.UNKNOWN.values()])
@pytest.mark.parametrize("inverted", [False, True])
def test_every_kind_of_code_is_read_dark_mode_too(engine: str, text: str, inverted: bool) -> None:
    (code,) = open_decoders([engine]).decode(codes.qr(text, inverted=inverted))
    assert code.data == text.encode()
    assert code.engine == engine


def test_zbar_here_is_new_enough_to_leave_bytes_alone() -> None:
    assert version() >= (0, 23, 1)


def test_the_first_engine_that_finds_something_answers() -> None:
    chain = DecoderChain([FakeDecoder(name="first"), ZxingDecoder(), FakeDecoder(name="last")])
    assert [code.engine for code in chain.decode(painted(b"1"))] == ["first"]
    assert [code.engine for code in chain.decode(codes.qr("1"))] == ["zxing-cpp"]
    assert list(chain.decode(codes.qr("1") * 0)) == []


def test_engines_come_in_the_configured_order() -> None:
    assert open_decoders(["pyzbar", "zxing-cpp"]).name == "pyzbar+zxing-cpp"
    (code,) = open_decoders(["pyzbar", "zxing-cpp"]).decode(codes.qr("1"))
    assert code.engine == "pyzbar"


@pytest.mark.parametrize("names", [[], ["quirc"], ["zxing-cpp", "quirc"]])
def test_an_unknown_engine_is_refused_with_the_known_ones(names: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"decoder\.engines.*zxing-cpp, pyzbar"):
        open_decoders(names)


def test_a_missing_engine_is_left_out_with_a_notice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "kiosk.hardware.zbar", None)
    assert open_decoders(ENGINES).name == "zxing-cpp"
    assert "libzbar0" in caplog.text


def test_without_any_engine_the_message_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "kiosk.hardware.zbar", None)
    monkeypatch.setitem(sys.modules, "kiosk.hardware.zxing", None)
    with pytest.raises(ConfigError, match=r"pip install zxing-cpp.*libzbar0"):
        open_decoders(ENGINES)
