"""zxing-cpp as a decoder: the first engine, reading most codes, inverted ones too, and fastest."""

from collections.abc import Sequence
from typing import Final

import zxingcpp

from kiosk.hardware.ports import Code, Luma

NAME: Final = "zxing-cpp"
_FORMATS: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


class ZxingDecoder:
    """QR codes only; rotated, small and inverted ones (phones in dark mode) included."""

    name = NAME

    def decode(self, luma: Luma) -> Sequence[Code]:
        if luma.size == 0:
            return ()
        found = zxingcpp.read_barcodes(
            luma,
            formats=_FORMATS,
            try_rotate=True,
            try_downscale=True,
            try_invert=True,
        )
        return [
            Code(data=barcode.bytes, engine=NAME, centre=_centre(barcode.position))
            for barcode in found
            if barcode.valid
        ]


def _centre(position: zxingcpp.Position) -> tuple[float, float]:
    corners = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    return sum(corner.x for corner in corners) / 4, sum(corner.y for corner in corners) / 4
