"""Answers about who was where, in words: what they rest on and cannot know before any list."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Column, Table

from fleet_server.settings import Settings
from fleet_server.times import local, parse
from fleet_server.tracing.answers import (
    Answer,
    ChangesAnswer,
    CommonAnswer,
    Contact,
    ContactsAnswer,
    CountsAnswer,
    Gap,
    OccupancyAnswer,
    PresentAnswer,
    SecondaryAnswer,
    StaysAnswer,
    StaySeen,
    WhyAnswer,
)

TIERS = "A: chắc chắn / certain · B: có lẽ / probable · C: có thể / possible"
BAR = 40
"""Characters of the longest bar."""


def contacts(answer: ContactsAnswer, settings: Settings) -> None:
    """The contacts of one person."""
    console = _begun(answer.visitor, answer, settings)
    _print_list("Tiếp xúc / Contacts", answer.contacts, settings, console)


def present(answer: PresentAnswer, settings: Settings) -> None:
    """Who was at a venue."""
    console = _begun(answer.venue, answer, settings)
    _print_list("Có mặt / Present", answer.present, settings, console)


def counts(answer: CountsAnswer, settings: Settings) -> None:
    """How many contacts there are."""
    console = _begun(answer.visitor, answer, settings)
    found = answer.counts
    console.print(f"\nA {found.A} · B {found.B} · C {found.C}")
    console.print(TIERS)
    if answer.alike > 1:
        console.print(
            f"Nhiều nhất {answer.alike} người ngang nhau / up to {answer.alike} tie: the rank does"
            " not tell them apart"
        )


def changes(answer: ChangesAnswer, settings: Settings) -> None:
    """What is otherwise now."""
    console = _begun(answer.visitor, answer, settings)
    console.print(f"So với / since {_time(answer.since, settings)}")
    for title, listed in (
        ("Mới / New", answer.added),
        ("Không còn / No more", answer.removed),
        ("Trước / Before", [each.was for each in answer.changed]),
        ("Nay / Now", [each.now for each in answer.changed]),
    ):
        if listed:
            _print_list(title, listed, settings, console)
    if not (answer.added or answer.removed or answer.changed):
        console.print("\nKhông có gì thay đổi / Nothing changed")


def secondary(answer: SecondaryAnswer, settings: Settings) -> None:
    """Contacts of contacts."""
    console = _begun(answer.visitor, answer, settings)
    console.print(
        f"F1: {answer.first_used} / {answer.first_total} · F2: {len(answer.contacts)} /"
        f" {answer.total} · ủ bệnh / latency {_clock(answer.latency_s)}"
    )
    headings = ("Người\nVisitor", "Mức\nTier", "Qua\nThrough", "Số F1\nLinks")
    table = _table("F2", (*headings, "Dự kiến\nExpected", "Lần đầu\nFirst", "Nơi\nPlaces"))
    for each in answer.contacts:
        table.add_row(
            *(each.visitor, each.tier, each.through, str(each.links), _clock(each.expected_s)),
            *(_time(each.first, settings), ", ".join(each.places)),
        )
    _print_table(table, answer.contacts, console)


def common(answer: CommonAnswer, settings: Settings) -> None:
    """Places in common."""
    console = _begun(", ".join(answer.visitors), answer, settings)
    about = "khoảng / about " if answer.estimated else ""
    console.print(f"Tổng số người / population: {about}{answer.population}")
    headings = ("Nơi\nPlace", "Người\nVisitors", "Đã ở đó\nSeen", "Ngẫu nhiên\nBy chance")
    table = _table("Nơi chung / In common", (*headings, "Xác suất\nProbability"))
    for place in answer.places:
        table.add_row(
            *(place.venue, ", ".join(place.visitors), str(place.seen)),
            *(f"{place.expected:.2g}", f"{place.probability:.1e}"),
        )
    _print_table(table, answer.places, console)


def occupancy(answer: OccupancyAnswer, settings: Settings) -> None:
    """How full a place was: a bar of what is expected within what is possible."""
    console = _begun(answer.venue, answer, settings)
    if answer.measured is not None:
        console.print(f"Thấy lúc ra / exits measured: {answer.measured:.0%} ({answer.stays})")
    most = max((at.possible for at in answer.occupancy), default=0) or 1
    for at in answer.occupancy:
        expected, possible = (round(BAR * n / most) for n in (at.expected, at.possible))
        bar = "█" * expected + "░" * (possible - expected)
        console.print(
            f"{_time(at.at, settings)}  {bar:{BAR}}  {at.expected} ({at.certain}–{at.possible})"
        )


def stays(answer: StaysAnswer, settings: Settings) -> None:
    """Where a person was."""
    console = _begun(answer.visitor, answer, settings)
    _print_stays(answer.stays, settings, console)


def why(answer: WhyAnswer, settings: Settings) -> None:
    """The stays behind a contact."""
    console = _begun(f"{answer.visitor} → {answer.other}", answer, settings)
    if answer.contact is None:
        console.print("\nKhông có trong danh sách / Not on the list")
        return
    _print_list("Tiếp xúc / Contact", [answer.contact], settings, console)
    for meeting in answer.meetings:
        span = f"{_time(meeting.start, settings)} – {_time(meeting.end, settings)}"
        console.print(f"\nCùng nơi nhiều nhất / together at the most {span}", style="bold")
        _print_stays([meeting.index, meeting.other], settings, console)


def _begun(subject: str, answer: Answer, settings: Settings) -> Console:
    """What the answer rests on and cannot know."""
    # References and words are printed as they are: an imported one may hold brackets or colons.
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    rule = answer.rule
    dwell = "theo địa điểm / each venue's" if rule.dwell_s is None else _clock(rule.dwell_s)
    console.print(f"{subject} · tính đến / as of {_time(answer.as_of, settings)}")
    console.print(
        f"Quy tắc / rule {rule.version}: tối thiểu / at least {_clock(rule.min_overlap_s)},"
        f" lưu lại / linger {_clock(rule.linger_s)}, lưu trú / dwell {dwell}"
    )
    gaps(answer.gaps, console)
    return console


def gaps(found: Sequence[Gap], console: Console | None = None) -> None:
    """What may be missing; never left out of an answer."""
    console = console or Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not found:
        console.print("Không có khoảng trống dữ liệu / No gaps")
        return
    console.print("\nKhoảng trống dữ liệu / Gaps", style="bold yellow")
    for gap in found:
        console.print(f"  {gap.vi}\n  {gap.en}")


def _print_list(
    title: str, listed: Sequence[Contact], settings: Settings, console: Console
) -> None:
    table = _table(f"{title}: {len(listed)}", ("Người\nVisitor", "Mức\nTier"))
    for heading in ("Chắc chắn\nCertain", "Dự kiến\nExpected", "Có thể\nPossible"):
        table.add_column(heading, justify="right")
    for heading in ("Lần đầu\nFirst", "Nơi\nPlaces"):
        table.add_column(heading, overflow="fold")
    for contact in listed:
        seconds = (contact.certain_s, contact.expected_s, contact.possible_s)
        table.add_row(
            *(contact.visitor, contact.tier, *map(_clock, seconds)),
            *(_time(contact.first, settings), _places(contact)),
        )
    _print_table(table, listed, console)
    if listed:
        console.print(TIERS)


def _places(contact: Contact) -> str:
    """Where, and in which rooms for how long."""
    rooms = (f"{each.place} / {each.room} {_clock(each.expected_s)}" for each in contact.rooms)
    return "\n".join((", ".join(contact.places), *rooms))


def _print_stays(listed: Sequence[StaySeen], settings: Settings, console: Console) -> None:
    headings = ("Nơi\nVenue", "Vào\nEntered", "Ra\nLeft", "Dự kiến\nExpected", "Trễ nhất\nLatest")
    table = _table("Lượt ghé / Stays", (*headings, "Bằng chứng\nEvidence"))
    for stay in listed:
        room = "" if stay.room is None else f" / {stay.room}"
        scans = ", ".join(f"{scan.kiosk} {scan.direction}" for scan in stay.scans)
        marks = [mark for mark, said in (("staff", stay.staff), ("≤16 h", stay.capped)) if said]
        table.add_row(
            *(f"{stay.venue}{room}", _time(stay.entered_at, settings)),
            "–" if stay.left_at is None else _time(stay.left_at, settings),
            *(_time(stay.end_expected, settings), _time(stay.end_latest, settings)),
            " · ".join([stay.end_source, *marks, *([scans] if scans else [])]),
        )
    _print_table(table, listed, console)


def _table(title: str, headings: Iterable[str]) -> Table:
    # Folded where it is long: a reference cut short is another one.
    return Table(*(Column(heading, overflow="fold") for heading in headings), title=title)


def _print_table(table: Table, rows: Sequence[object], console: Console) -> None:
    console.print(table if rows else "\nKhông có / None", soft_wrap=False)


def _time(at: str, settings: Settings) -> str:
    return f"{local(parse(at, settings.zone), settings.zone):%d/%m/%Y %H:%M:%S}"


def _clock(seconds: int) -> str:
    """Hours, minutes, seconds."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
