"""What every page of a case shows around its own: its state, its tabs, what may be missing."""

from typing import Any, Final, NamedTuple

from flask import render_template

from fleet_server.cases import event_words, states
from fleet_server.cases.summary import CaseSeen
from fleet_server.web.casework import desk
from fleet_server.web.site import site


class Tab(NamedTuple):
    """A page of a case."""

    endpoint: str
    vi: str
    en: str


TABS: Final = (
    Tab("case_overview.page", "Tổng quan", "Overview"),
    Tab("case_people.page", "F0", "Index persons"),
    Tab("case_milestones.page", "Mốc dịch tễ", "Milestones"),
    Tab("case_contacts.page", "Tiếp xúc", "Contacts"),
    Tab("case_spread.page", "Sơ đồ lây", "Spread"),
    Tab("case_shared.page", "Nơi chung", "Shared places"),
    Tab("case_names.page", "Mở tên", "Names"),
    Tab("case_calls.page", "Gọi điện", "Calls"),
    Tab("case_preview.page", "Xem trước", "Preview"),
    Tab("case_files.page", "Xuất tệp", "Files"),
    Tab("case_results.page", "Kết quả lưu", "Kept results"),
)
"""In the order of the work."""
TIER_WORDS: Final = {
    "A": ("A – chắc chắn", "A – certain", "bad"),
    "B": ("B – có lẽ", "B – probable", "warn"),
    "C": ("C – có thể", "C – possible", "info"),
}
"""Vietnamese, English, kind of badge."""


def show(template: str, case: CaseSeen, here: str, /, **context: Any) -> str:
    """A page of the case; `here`: the endpoint whose tab it belongs to."""
    window = (case.onset, case.isolated, case.since, case.until)
    return render_template(
        template,
        case=case,
        gaps=site().kept.get(("gaps", case.ref, window), lambda: desk().gaps(case.ref)),
        here=here,
        tabs=TABS,
        state_words=states.WORDS,
        event_words=event_words.WORDS,
        tier_words=TIER_WORDS,
        **context,
    )
