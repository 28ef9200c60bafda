"""Bytes to text: strict, and known wrong round trips undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.credentials.text import to_show, to_text
from kiosk.hardware.zbar import ZbarDecoder, zbar
from tests.kiosk.codes import CAN_CUOC, CCCD, qr

NAMES = (
    *("Nguyễn Văn Mẫu", "Trần Thị Thử", "Lê Ví Dụ", "Phạm Minh Họa", "Hoàng Ý", "Vũ Ân"),
    *("Đặng Thị Bưởi", "Bùi Đỗ", "Hồ Quýt", "Đỗ Ổi", "Ngô Cẩm Ly", "Dương Ớt", "Lý Ằng"),
)


@pytest.mark.parametrize("text", ["plain", CCCD, CAN_CUOC, "日本語のテスト", "Привет", *NAMES])
def test_utf_8_is_taken_as_it_is(text: str) -> None:
    assert to_text(text.encode()) == text


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert to_text(b"\xef\xbb\xbfN\xc3\xb4ng") == "Nông"


@pytest.mark.parametrize("encoding", ["shift_jis", "big5", "cp1252", "latin-1"])
@pytest.mark.parametrize("name", NAMES)
def test_a_readers_wrong_guess_is_undone(name: str, encoding: str) -> None:
    try:
        mojibake = name.encode().decode(encoding)
    except UnicodeDecodeError:
        return  # these bytes cannot be mistaken for that encoding
    assert to_text(mojibake.encode()) == name


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("café", "latin-1"), ("Lê", "cp1258"), ("Lê", "utf-16"), ("ｱｲ", "shift_jis")],
)
def test_what_is_not_utf_8_is_no_text(text: str, encoding: str) -> None:
    assert to_text(text.encode(encoding)) is None


def test_a_text_in_another_script_can_be_shown_to_a_technician() -> None:
    raw = "今度のバージョン".encode("shift_jis")
    assert to_text(raw) is None
    assert to_show(raw) == "今度のバージョン"
    assert to_show(b"caf\xe9") != ""
    assert to_show(CCCD.encode()) == CCCD


@given(st.text(max_size=80))
def test_a_text_never_turns_into_something_without_letters_of_ours(text: str) -> None:
    read = to_text(text.encode())
    assert read is not None
    if text.isascii():
        assert read == text


@given(st.binary(max_size=200))
def test_any_bytes_can_be_shown(data: bytes) -> None:
    assert isinstance(to_show(data), str)


@pytest.mark.parametrize("name", [*NAMES, CCCD, CAN_CUOC])
def test_zbars_own_guess_is_undone_or_left_unread(name: str) -> None:
    """An older ZBar has no binary mode: what it guesses must never come out as another name."""
    decoder = ZbarDecoder()
    zbar.zbar_image_scanner_set_config(decoder._scanner, zbar.ZBarSymbol.QRCODE, 4, 0)
    (code,) = decoder.decode(qr(name))
    assert to_text(code.data) in (name, None)
