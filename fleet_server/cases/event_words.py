"""What happened in a case, in words. Pure."""

from collections.abc import Mapping
from typing import Final

from fleet_server.cases import states

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    **states.WORDS,
    "area_set": ("đổi xã, phường gọi", "another commune calls"),
    "called": ("đã gọi điện", "called"),
    "closed": ("đóng ca", "closed"),
    "evaluated": ("tính danh sách tiếp xúc", "contacts evaluated"),
    "exported": ("xuất tệp", "file exported"),
    "index_added": ("thêm F0", "index person added"),
    "index_removed": ("đưa F0 ra khỏi ca", "index person taken out"),
    "lab_confirmed": ("xác nhận số xét nghiệm", "laboratory number confirmed"),
    "lab_differs": ("số xét nghiệm không khớp", "laboratory number did not match"),
    "lab_given": ("ghi số xét nghiệm", "laboratory number given"),
    "linked": ("ghép hai thẻ", "two cards linked"),
    "milestone_added": ("ghi mốc theo lời kể", "milestone added as told"),
    "milestone_confirmed": ("xác nhận mốc", "milestone confirmed"),
    "milestone_corrected": ("sửa mốc", "milestone corrected"),
    "milestone_rejected": ("bác bỏ mốc", "milestone rejected"),
    "names_approved": ("duyệt mở tên", "opening of names approved"),
    "names_asked": ("xin duyệt mở tên", "approval asked to open names"),
    "names_broken_glass": ("phá kính để mở tên", "glass broken to open names"),
    "names_refused": ("không duyệt mở tên", "opening of names refused"),
    "names_reviewed": ("xem lại lần phá kính", "broken glass reviewed"),
    "noted": ("ghi chú", "noted"),
    "notice_made": ("soạn thông báo", "notice made"),
    "previewed": ("xem trước", "previewed"),
    "rule_set": ("đổi quy tắc", "rule changed"),
    "seen": ("đã xem thay đổi", "changes seen"),
    "times_set": ("ghi thời gian", "times written down"),
    "unlinked": ("tách hai thẻ", "two cards taken apart"),
}
"""Vietnamese and English, by `case_events.kind`."""
