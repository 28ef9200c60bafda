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

HINTS: Final = {
    ACCEPTED: "Đã ghi nhận / Recorded",
    REPEAT: "Đã ghi nhận trước đó / Recorded already",
    NOT_ACCEPTED: "Nơi này không nhận loại mã này / This venue does not take this kind of code",
    TOO_LARGE: "Mã quá dài / The code is too long",
    NOT_RECORDED: "Thiết bị hỏng, chưa ghi nhận / Out of order, not recorded",
    FULL: "Bộ nhớ đầy, chưa ghi nhận / Storage full, not recorded",
    "forged": "Thẻ không hợp lệ / Not a valid card",
    "misread": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "unknown_signer": "Thẻ của nơi khác / A card of another fleet",
    "newer_version": "Thẻ loại mới hơn thiết bị / A newer card than this kiosk knows",
    "encoding": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "oversized": "Mã quá dài / The code is too long",
    "inconsistent": "Mã có dữ liệu mâu thuẫn / The code contradicts itself",
    "garbled": "Đọc chưa rõ, xin đưa lại / Misread, please show it again",
    "empty": "Mã trống / An empty code",
    "place": "Đây là mã của địa điểm, xin đưa mã của bạn / A place's code, please show your own",
    "payment": "Đây là mã thanh toán / This is a payment code",
    "certificate": "Đây là chứng nhận, xin đưa mã cá nhân / A certificate, please show your code",
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


def decide(payload: Payload, *, policy: Policy, repeats: Memory, now_ms: int) -> Decision:
    """The answer to `payload` at `now_ms` of the boot's clock."""
    if payload.problem:
        return Decision(answer=Answer.AGAIN, reason=payload.problem)
    if payload.kind not in policy.accept and not (policy.tickets and payload.ticket):
        known = bool(payload.keys) and not payload.ticket
        return Decision(answer=Answer.AGAIN, reason=NOT_ACCEPTED if known else payload.kind)
    if not payload.keys:
        return Decision(answer=Answer.AGAIN, reason=payload.kind)
    if repeats.seen(payload.keys, now_ms=now_ms):
        return Decision(answer=Answer.GO, reason=REPEAT)
    return Decision(answer=Answer.GO, reason=ACCEPTED)
