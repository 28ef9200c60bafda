"""What a visitor is answered: pure, over a payload, the venue's policy and who was here before."""

from dataclasses import dataclass
from typing import Final, Protocol

from kiosk.credentials.payload import Payload
from kiosk.hardware.ports import Answer
from wire.records import StableKey

ACCEPTED: Final = "accepted"
REPEAT: Final = "repeat"
NOT_ACCEPTED: Final = "not_accepted"
TOO_LARGE: Final = "too_large"
NOT_RECORDED: Final = "not_recorded"
FULL: Final = "full"
CERTIFICATE_SHOWN: Final = "certificate_shown"
CERTIFICATE_MISSING: Final = "certificate_missing"

CERTIFICATES: Final = ("hc1", "nzcp")
"""Kinds that prove a state of health and name nobody to record."""

HINTS: Final = {
    ACCEPTED: "Đã ghi nhận / Recorded",
    REPEAT: "Đã ghi nhận trước đó / Recorded already",
    NOT_ACCEPTED: "Nơi này không nhận loại mã này / This venue does not take this kind of code",
    TOO_LARGE: "Mã quá dài / The code is too long",
    NOT_RECORDED: "Thiết bị hỏng, chưa ghi nhận / Out of order, not recorded",
    FULL: "Bộ nhớ đầy, chưa ghi nhận / Storage full, not recorded",
    "forged": "Mã giả, chữ ký không đúng / Not genuine, the signature is wrong",
    "misread": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "revoked": "Thẻ đã bị thu hồi / This card was taken back",
    "unknown_signer": "Không rõ nơi cấp mã này / It is not known here who issued this code",
    "expired": "Chứng nhận đã hết hạn / The certificate has expired",
    "not_yet_valid": "Chứng nhận chưa có hiệu lực / The certificate does not count yet",
    "not_entitled": "Nơi ký không được cấp loại này / Its signer may not issue this kind",
    "newer_version": "Mã loại mới hơn thiết bị / A newer code than this kiosk knows",
    "encoding": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "oversized": "Mã quá dài / The code is too long",
    "inconsistent": "Mã có dữ liệu mâu thuẫn / The code contradicts itself",
    "garbled": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "empty": "Mã trống / An empty code",
    "place": "Đây là mã của địa điểm, xin đưa mã của bạn / A place's code, please show your own",
    "payment": "Đây là mã thanh toán / This is a payment code",
    "payment_like": "Giống mã thanh toán, xin đưa mã khác / It looks like a payment code",
    CERTIFICATE_SHOWN: "Chứng nhận hợp lệ, giờ đưa mã của bạn / Valid, now show your own code",
    CERTIFICATE_MISSING: "Xin đưa chứng nhận sức khỏe trước / A health certificate first, please",
    "certificate": "Đây là chứng nhận, xin đưa mã cá nhân / A certificate, please show your code",
    "shc": "Đây là chứng nhận, xin đưa mã cá nhân / A certificate, please show your code",
    "document": "Giấy tờ chưa biết, xin đưa mã khác / An unknown paper, please show another code",
    "url": "Đây là một đường dẫn, xin đưa mã của bạn / A web address, please show your own code",
    "wifi": "Đây là mã Wi-Fi, xin đưa mã của bạn / A Wi-Fi code, please show your own",
    "vcard": "Đây là danh thiếp, xin đưa mã của bạn / A contact, please show your own code",
    "enrol": "Mã cài đặt thiết bị / A set-up code for kiosks",
}
"""What a screen or a log says to the visitor, by reason."""
UNKNOWN_HINT: Final = "Xin đưa mã khác / Please show another code"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What this venue takes."""

    accept: frozenset[str]
    """Kinds recorded by their stable keys."""
    tickets: bool = False
    """Whether codes of other kinds may be recorded as opaque tickets."""
    require_certificate: bool = False
    """Whether a visitor must have shown a valid health certificate just before."""
    certificate_ms: int = 60_000
    """How long before, at most."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """An answer and its reason, a word that never holds anything out of the code."""

    answer: Answer
    reason: str

    @property
    def hint(self) -> str:
        return HINTS.get(self.reason, UNKNOWN_HINT)

    @property
    def to_record(self) -> bool:
        """Whether a record must be committed before the visitor may be told."""
        return self.reason == ACCEPTED


class Memory(Protocol):
    """Who was accepted a moment ago (`kiosk.scanning.repeats.Repeats`)."""

    def seen(self, keys: tuple[StableKey, ...], *, now_ms: int) -> bool: ...


def decide(
    payload: Payload, *, policy: Policy, repeats: Memory, now_ms: int, admitted: bool = False
) -> Decision:
    """The answer to `payload` at `now_ms` of the boot's clock.

    `admitted`: whether a valid health certificate was held up just before. A certificate alone is
    never green: it is not the one who shows it, so their own code is still to come.
    """
    refusal = _refusal(payload, policy)
    if refusal:
        return Decision(answer=Answer.AGAIN, reason=refusal)
    if repeats.seen(payload.keys, now_ms=now_ms):
        return Decision(answer=Answer.GO, reason=REPEAT)
    if policy.require_certificate and not admitted:
        return Decision(answer=Answer.AGAIN, reason=CERTIFICATE_MISSING)
    return Decision(answer=Answer.GO, reason=ACCEPTED)


def _refusal(payload: Payload, policy: Policy) -> str:
    """Why `payload` cannot be recorded here, whoever shows it; empty where it can."""
    if payload.problem:
        return payload.problem
    if payload.kind in CERTIFICATES:
        return CERTIFICATE_SHOWN
    if payload.kind in policy.accept or (policy.tickets and payload.ticket):
        return "" if payload.keys else payload.kind
    names_somebody = bool(payload.keys) and not payload.ticket
    return NOT_ACCEPTED if names_somebody else payload.kind
