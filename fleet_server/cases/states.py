"""What has become of a contact. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

State = Literal["to_call", "reached", "promoted", "dismissed", "handed_over"]
TO_CALL: Final = "to_call"
REACHED: Final = "reached"
PROMOTED: Final = "promoted"
DISMISSED: Final = "dismissed"
HANDED_OVER: Final = "handed_over"

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    TO_CALL: ("cần gọi", "to call"),
    REACHED: ("đã liên lạc", "reached"),
    PROMOTED: ("xác định là F1", "promoted to F1"),
    DISMISSED: ("loại bỏ", "dismissed"),
    HANDED_OVER: ("chuyển địa bàn khác", "handed over"),
}
"""Vietnamese and English."""
NEEDS_WORDS: Final = frozenset({DISMISSED, HANDED_OVER})
"""States nobody is put in without a reason."""
