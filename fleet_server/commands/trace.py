"""`fleet trace …`: questions about who was where. Every one goes on record."""

from collections.abc import Sequence

import click
import msgspec
from rich.console import Console
from rich.table import Table

from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.times import local, parse
from fleet_server.tracing import asking
from fleet_server.tracing.answers import Contact, ContactsAnswer
from fleet_server.tracing.asking import Asker
from fleet_server.tracing.exposure import Question
from fleet_server.tracing.rules import CURRENT, adjusted


@click.group()
def trace() -> None:
    """Truy vết: ai đã ở cùng nơi / Who was exposed, ranked by how surely and how long."""


@trace.command()
@click.option("--visitor", required=True, metavar="REF", help="Người cần hỏi / Such as P17.")
@click.option("--from", "since", required=True, metavar="T", help="ISO 8601 hoặc / or epoch.")
@click.option("--to", "until", required=True, metavar="T", help="Không kể / Not in the window.")
@click.option("--min-overlap", type=float, metavar="MIN", help="Phút / Minutes; rule's if absent.")
@click.option(
    "--linger", type=float, metavar="MIN", help="Phút sau khi rời / Minutes after leaving."
)
@click.option(
    "--dwell", type=float, metavar="MIN", help="Khi không rõ giờ ra / Where no exit seen."
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Chỉ N người đầu / From the top."
)
@click.option("--case", default="", metavar="REF", help="Ca bệnh / The case it is asked for.")
@click.option("--purpose", default="", metavar="TEXT", help="Mục đích / What it is asked for.")
@click.option("--by", default="", metavar="NAME", help="Ai hỏi / Who asks; else the user's name.")
@shared.AS_JSON
@click.pass_obj
def contacts(
    settings: Settings,
    *,
    visitor: str,
    since: str,
    until: str,
    min_overlap: float | None,
    linger: float | None,
    dwell: float | None,
    limit: int | None,
    case: str,
    purpose: str,
    by: str,
    as_json: bool,
) -> None:
    """Ai đã tiếp xúc với người này / Who was exposed to this person in [from, to)."""
    rule = adjusted(CURRENT, min_overlap_min=min_overlap, linger_min=linger, dwell_min=dwell)
    question = Question(parse(since, settings.zone), parse(until, settings.zone), rule)
    asker = Asker(by or shared.actor(), case, purpose)
    with shared.opened(settings) as engine:
        answer = asking.contacts(engine, visitor, question, asker=asker, now_ms=shared.now_ms())
    if as_json:
        shared.print_json(msgspec.structs.replace(answer, contacts=answer.contacts[:limit]))
        return
    console = Console(highlight=False)
    _print_terms(answer, settings, console)
    if answer.contacts:
        _print_list(answer.contacts[:limit], len(answer.contacts), settings, console)
    else:
        console.print("\nKhông có ai / Nobody")


def _print_terms(answer: ContactsAnswer, settings: Settings, console: Console) -> None:
    """What the answer rests on and cannot know, before any list."""
    rule = answer.rule
    as_of = local(parse(answer.as_of, settings.zone), settings.zone)
    dwell = "theo địa điểm / each venue's" if rule.dwell_s is None else _clock(rule.dwell_s)
    console.print(f"[bold]{answer.visitor}[/] · tính đến / as of {as_of:%d/%m/%Y %H:%M:%S}")
    console.print(
        f"Quy tắc / rule {rule.version}: tối thiểu / at least {_clock(rule.min_overlap_s)},"
        f" lưu lại / linger {_clock(rule.linger_s)}, lưu trú / dwell {dwell}"
    )
    if not answer.gaps:
        console.print("Không có khoảng trống dữ liệu / No gaps")
        return
    console.print("\n[bold yellow]Khoảng trống dữ liệu / Gaps[/]")
    for gap in answer.gaps:
        console.print(f"  {gap.vi}\n  {gap.en}", markup=False)


def _print_list(contacts: Sequence[Contact], of: int, settings: Settings, console: Console) -> None:
    table = Table(title=f"Tiếp xúc / Contacts: {len(contacts)} / {of}")
    for heading in ("Người\nVisitor", "Mức\nTier"):
        table.add_column(heading)
    for heading in ("Chắc chắn\nCertain", "Dự kiến\nExpected", "Có thể\nPossible"):
        table.add_column(heading, justify="right")
    for heading in ("Lần đầu\nFirst", "Nơi\nPlaces"):
        table.add_column(heading)
    for contact in contacts:
        first = local(parse(contact.first, settings.zone), settings.zone)
        table.add_row(
            contact.visitor,
            contact.tier,
            _clock(contact.certain_s),
            _clock(contact.expected_s),
            _clock(contact.possible_s),
            f"{first:%d/%m %H:%M}",
            ", ".join(contact.places),
        )
    console.print(table)
    console.print("A: chắc chắn / certain · B: có lẽ / probable · C: có thể / possible")


def _clock(seconds: int) -> str:
    """Hours, minutes, seconds."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
