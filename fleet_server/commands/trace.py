"""`fleet trace …`: questions about who was where. Every one goes on record."""

from __future__ import annotations

import getpass
import sys
import time
from typing import TYPE_CHECKING

import click

from fleet_server.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from fleet_server.tracing.answers import ContactsAnswer


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
@click.option("--json", "as_json", is_flag=True, help="Một đối tượng JSON / One JSON object.")
@click.pass_obj
def contacts(
    settings: Settings,
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
    import msgspec  # noqa: PLC0415  `fleet --help` needs none of these
    from rich.console import Console  # noqa: PLC0415

    from fleet_server import database, schema  # noqa: PLC0415
    from fleet_server.times import parse  # noqa: PLC0415
    from fleet_server.tracing import asking  # noqa: PLC0415
    from fleet_server.tracing.exposure import Question  # noqa: PLC0415
    from fleet_server.tracing.rules import CURRENT, adjusted  # noqa: PLC0415

    rule = adjusted(CURRENT, min_overlap_min=min_overlap, linger_min=linger, dwell_min=dwell)
    question = Question(parse(since, settings.zone), parse(until, settings.zone), rule)
    engine = database.connect(settings.database_url)
    schema.ensure(engine)
    answer = asking.contacts(
        engine,
        visitor,
        question,
        asker=asking.Asker(by or getpass.getuser(), case, purpose),
        now_ms=time.time_ns() // 1_000_000,
    )
    if as_json:
        shown = msgspec.structs.replace(answer, contacts=answer.contacts[:limit])
        click.echo(msgspec.json.encode(shown))
    else:
        _print(answer, settings, Console(file=sys.stdout), limit)


def _print(answer: ContactsAnswer, settings: Settings, console: Console, limit: int | None) -> None:
    """The same for people: the gaps before the list, local times, minutes."""
    from rich.table import Table  # noqa: PLC0415  heavy, and only for people

    from fleet_server.times import local, parse  # noqa: PLC0415

    zone, rule = settings.zone, answer.rule
    as_of = local(parse(answer.as_of, zone), zone)
    console.print(f"[bold]{answer.visitor}[/] · tính đến / as of {as_of:%d/%m/%Y %H:%M:%S}")
    dwell = "theo địa điểm / each venue's" if rule.dwell_s is None else _minutes(rule.dwell_s)
    console.print(
        f"Quy tắc / rule {rule.version}: tối thiểu / at least {_minutes(rule.min_overlap_s)},"
        f" lưu lại / linger {_minutes(rule.linger_s)}, lưu trú / dwell {dwell}"
    )
    if answer.gaps:
        console.print("\n[bold yellow]Khoảng trống dữ liệu / Gaps[/]")
        for gap in answer.gaps:
            console.print(f"  {gap.vi}\n  {gap.en}", markup=False, highlight=False)
    else:
        console.print("Không có khoảng trống dữ liệu / No gaps")
    if not answer.contacts:
        console.print("\nKhông có ai / Nobody")
        return
    shown = answer.contacts[:limit]
    table = Table(title=f"Tiếp xúc / Contacts: {len(shown)} / {len(answer.contacts)}")
    for heading in ("Người\nVisitor", "Mức\nTier"):
        table.add_column(heading)
    for heading in ("Chắc chắn\nCertain", "Dự kiến\nExpected", "Có thể\nPossible"):
        table.add_column(heading, justify="right")
    table.add_column("Lần đầu\nFirst")
    table.add_column("Nơi\nPlaces")
    for contact in shown:
        first = local(parse(contact.first, zone), zone)
        table.add_row(
            contact.visitor,
            contact.tier,
            _minutes(contact.certain_s),
            _minutes(contact.expected_s),
            _minutes(contact.possible_s),
            f"{first:%d/%m %H:%M}",
            ", ".join(contact.places),
        )
    console.print(table)
    console.print(
        "A: chắc chắn / certain · B: có lẽ / probable · C: có thể / possible", highlight=False
    )


def _minutes(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
