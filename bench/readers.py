"""The three that are compared: each takes a picture and gives the texts it read."""

from collections.abc import Callable

import zxingcpp
from pyzbar import pyzbar

from kiosk.credentials.text import to_show
from kiosk.hardware.decoders import ENGINES, engines, open_decoders
from kiosk.hardware.ports import Luma
from kiosk.scanning.pipeline import Pipeline

NAMES = ("tram", "pyzbar", "zxing")
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def open_reader(name: str) -> Callable[[Luma], list[str]]:
    """Tram's whole pipeline at once, or one of the libraries as its own documents use it."""
    if name == "pyzbar":
        return _pyzbar
    if name == "zxing":
        return _zxing
    pipeline = Pipeline(engines(open_decoders(list(ENGINES))))
    return lambda luma: [to_show(code.data) for code in pipeline.decode(luma)]


def _pyzbar(luma: Luma) -> list[str]:
    found = pyzbar.decode(luma, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [symbol.data.decode("utf-8", "replace") for symbol in found]


def _zxing(luma: Luma) -> list[str]:
    return [barcode.text for barcode in zxingcpp.read_barcodes(luma, formats=_QR)]
