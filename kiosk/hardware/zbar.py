"""ZBar through pyzbar: the second engine, a different reader for what the first one misses.

ZBar guesses a code's text encoding and gets Vietnamese wrong. Since 0.23.1 it can be told to leave
the bytes alone, but pyzbar's `decode` cannot say so: hence its wrapper of the C library.
With an older ZBar the guess comes through and `kiosk.credentials.text` undoes it.
"""

import threading
from collections.abc import Iterator, Sequence
from ctypes import CFUNCTYPE, POINTER, byref, c_int, c_uint, string_at
from typing import Any, Final

from pyzbar import wrapper as zbar

from kiosk.hardware.ports import Code, Luma

NAME: Final = "pyzbar"
_GREY: Final = int.from_bytes(b"Y800", "little")
_CFG_BINARY: Final = 4
_CFG_TEST_INVERTED: Final = 0x81
_WITH_BINARY: Final = (0, 23, 1)


class ZbarDecoder:
    """QR codes only (all kinds cost twice the time); inverted ones are tried when none is found."""

    name = NAME

    def __init__(self, *, invert: bool = True) -> None:
        """`invert`: twice the time on a frame without a code, where ZBar is 0.23.1 or later."""
        self._lock = threading.Lock()  # ZBar's scanner holds the results of its last picture
        self._scanner = zbar.zbar_image_scanner_create()
        configure = zbar.zbar_image_scanner_set_config
        for symbol in zbar.ZBarSymbol:
            wanted = symbol == zbar.ZBarSymbol.QRCODE
            configure(self._scanner, symbol, zbar.ZBarConfig.CFG_ENABLE, int(wanted))
        if version() >= _WITH_BINARY:
            configure(self._scanner, zbar.ZBarSymbol.QRCODE, _CFG_BINARY, 1)
            configure(self._scanner, zbar.ZBarSymbol.NONE, _CFG_TEST_INVERTED, int(invert))

    def decode(self, luma: Luma) -> Sequence[Code]:
        if luma.size == 0:
            return ()
        height, width = luma.shape
        pixels = luma.tobytes()
        with self._lock:
            image = zbar.zbar_image_create()
            try:
                zbar.zbar_image_set_format(image, _GREY)
                zbar.zbar_image_set_size(image, width, height)
                zbar.zbar_image_set_data(image, pixels, len(pixels), None)
                zbar.zbar_scan_image(self._scanner, image)
                return list(_codes(image))
            finally:
                zbar.zbar_image_destroy(image)

    def __del__(self) -> None:
        scanner = getattr(self, "_scanner", None)
        if scanner:
            zbar.zbar_image_scanner_destroy(scanner)


def version() -> tuple[int, int, int]:
    """The ZBar library's own version."""
    # pyzbar declares two arguments; libraries since 0.20 write to a third.
    ask = CFUNCTYPE(c_int, *[POINTER(c_uint)] * 3)(("zbar_version", zbar.load_libzbar()))
    major, minor, patch = c_uint(0), c_uint(0), c_uint(0)
    ask(byref(major), byref(minor), byref(patch))
    return major.value, minor.value, patch.value


def _codes(image: Any) -> Iterator[Code]:
    symbol = zbar.zbar_image_first_symbol(image)
    while symbol:
        data = string_at(
            zbar.zbar_symbol_get_data(symbol), zbar.zbar_symbol_get_data_length(symbol)
        )
        yield Code(data=data, engine=NAME, centre=_centre(symbol))
        symbol = zbar.zbar_symbol_next(symbol)


def _centre(symbol: Any) -> tuple[float, float]:
    points = zbar.zbar_symbol_get_loc_size(symbol)
    if not points:
        return 0.0, 0.0
    return (
        sum(zbar.zbar_symbol_get_loc_x(symbol, point) for point in range(points)) / points,
        sum(zbar.zbar_symbol_get_loc_y(symbol, point) for point in range(points)) / points,
    )
