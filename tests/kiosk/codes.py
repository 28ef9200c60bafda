"""Made-up codes of every kind, and pictures of them. No real person's data."""

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from kiosk.credentials import signers
from kiosk.credentials.proofs import Proofs
from kiosk.hardware.ports import Luma
from tests.kiosk import certificates
from wire import card

CARD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CARD_KEYS = {card.key_id(CARD_KEY.public_key()): CARD_KEY.public_key()}
PROOFS = Proofs(card_keys=CARD_KEYS, signers=signers.of(*certificates.SIGNERS))
CARD = card.encode(bytes(range(16)), dt.date(2025, 1, 2), CARD_KEY)
NATIONAL = "******000001|NGUYEN VAN MAU|1990-**-**|0|160000000000000001|<1<00<0900000001"
CCCD = "001090000001||Nguyễn Văn Mẫu|01011990|Nam|Số 1, Phường Thử, Quận Mẫu, Hà Nội|01012022"
CAN_CUOC = (
    "001302000002|012345678|Trần Thị Thử|31122002|Nữ|Số 2, Phường Thử, Quận Mẫu, Huế|01082024||||"
)
_NAME_HEX = "Nguyễn Văn Mẫu".encode().hex()
BHYT_OLD = (
    f"GD4010000000001|{_NAME_HEX}|01/01/1990|1|{_NAME_HEX}|01 - 001|01/01/2021|-|01/01/2021|"
    "010000000001|-|4|01/01/2026|15e3a1b2c3d4e5f6-7102|4|5175|$"
)
BHYT_NEW = (
    f"0100000001|{_NAME_HEX}|01/01/1990|1|-|01 - 001|01/01/2022|-|01/01/2022|0100000000|-|4|"
    f"01/01/2027|15e3a1b2c3d4e5f6|4|{_NAME_HEX.upper()}|$"
)
PERSONAL = (CARD, NATIONAL, CCCD, CAN_CUOC, BHYT_OLD, BHYT_NEW)
UNKNOWN = {
    "shc": "shc:/567629095243206034602924374044603122295953265460346029254077280433602870286471",
    "certificate": certificates.HC1.removeprefix("HC1:"),
    "place": "https://e.coronawarn.app?v=1#abcdef",
    "payment": "00020101021138540010A00000072701240006970436",
    "enrol": "TRAME1ABCDEFGH",
    "url": "https://example.org/member/42",
    "wifi": "WIFI:T:WPA;S=venue;P=secret;;",
    "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Nguyễn Văn Mẫu\nEND:VCARD",
    "text": "Vé số 42, hàng B",
}


def qr(data: str | bytes, *, scale: int = 5, inverted: bool = False, **options: Any) -> Luma:
    """A clean picture of a code with `data`, bytes as they are and text as UTF-8 without a mark."""
    raw = data.encode() if isinstance(data, str) else data
    out = io.BytesIO()
    symbol = segno.make(raw, micro=False, error="m", **options)
    symbol.save(out, kind="png", scale=scale, border=4)
    luma = np.asarray(Image.open(out).convert("L"), dtype=np.uint8)
    return 255 - luma if inverted else luma


def scene(
    *codes: tuple[Luma, tuple[int, int]], size: tuple[int, int] = (900, 1400), grey: int = 200
) -> Luma:
    """Several pictures on one background, each with its top left corner (x, y)."""
    luma = np.full(size, grey, dtype=np.uint8)
    for code, (x, y) in codes:
        luma[y : y + code.shape[0], x : x + code.shape[1]] = code
    return luma


def save(luma: Luma, path: Any, **options: Any) -> None:
    Image.fromarray(luma).save(path, **options)


def mutations(data: bytes, at: Sequence[tuple[int, int]]) -> bytes:
    """`data` with some bytes (position, value) replaced."""
    out = bytearray(data)
    for position, value in at:
        if out:
            out[position % len(out)] = value
    return bytes(out)
