"""`fleet case …`: names, and who may open how many."""

from typing import Final

import click
import msgspec

from fleet_server.cases.names import Named
from fleet_server.commands import shared
from fleet_server.commands.case_desk import CASE, PURPOSE, REASON, at_work, chosen
from fleet_server.settings import Settings

_PEOPLE: Final = click.argument("people", nargs=-1, metavar="PERSON …")
_ALL: Final = click.option(
    "--to-call", "to_call", is_flag=True, help="Mọi người cần gọi / Everybody still to be called."
)
_OPENING: Final = click.argument("opening", type=int, metavar="OPENING")
_LABELS: Final = {
    "name": "họ tên / name",
    "phone": "điện thoại / phone",
    "birth": "ngày sinh / birth",
    "sex": "giới tính / sex",
    "address": "địa chỉ / address",
    "document": "giấy tờ / document",
    "insurance": "BHYT / insurance",
}


@click.command()
@CASE
@_PEOPLE
@_ALL
@PURPOSE
@click.option("--opening", type=int, metavar="N", help="Yêu cầu đã duyệt / An approved request.")
@shared.AS_JSON
@click.pass_obj
def names(
    settings: Settings,
    *,
    ref: str,
    people: tuple[str, ...],
    to_call: bool,
    purpose: str,
    opening: int | None,
    as_json: bool,
) -> None:
    """Mở họ tên / Open names of people of the case. Each is logged before it is shown."""
    with at_work(settings) as desk:
        wanted = chosen(desk, ref, people, to_call=to_call)
        found = desk.open_names(ref, wanted, purpose, opening)
    if as_json:
        shared.print_json([_plain(each) for each in found])
        return
    for each in found:
        _show(each)


@click.command("ask-names")
@CASE
@_PEOPLE
@_ALL
@PURPOSE
@click.pass_obj
def ask_names(
    settings: Settings, *, ref: str, people: tuple[str, ...], to_call: bool, purpose: str
) -> None:
    """Xin duyệt / Ask a second person to approve opening many names."""
    with at_work(settings) as desk:
        wanted = chosen(desk, ref, people, to_call=to_call)
        made = desk.ask_names(ref, wanted, purpose)
    click.echo(f"Yêu cầu / Opening {made}: {len(wanted)} người / persons, waiting for approval")


@click.command("break-glass")
@CASE
@_PEOPLE
@_ALL
@PURPOSE
@REASON
@click.pass_obj
def break_glass(
    settings: Settings,
    *,
    ref: str,
    people: tuple[str, ...],
    to_call: bool,
    purpose: str,
    reason: str,
) -> None:
    """Phá kính / Go ahead alone; a second person reviews it within a day."""
    with at_work(settings) as desk:
        wanted = chosen(desk, ref, people, to_call=to_call)
        made = desk.break_glass(ref, wanted, purpose, reason)
    hours = settings.privacy.review_hours
    click.echo(f"Yêu cầu / Opening {made}: {len(wanted)} người / persons, review within {hours} h")


@click.command()
@CASE
@_OPENING
@click.option("--refuse", is_flag=True, help="Không duyệt / Refuse it.")
@click.option("--reason", default="", metavar="TEXT", help="Vì sao / Why.")
@click.pass_obj
def approve(settings: Settings, *, ref: str, opening: int, refuse: bool, reason: str) -> None:
    """Duyệt / Approve somebody else's request."""
    with at_work(settings) as desk:
        desk.decide_opening(ref, opening, approve=not refuse, reason=reason)
    click.echo("Không duyệt / Refused" if refuse else "Đã duyệt, trong 24 giờ / Approved, for 24 h")


@click.command()
@CASE
@_OPENING
@click.option("--verdict", required=True, metavar="TEXT", help="Kết luận / What you found.")
@click.pass_obj
def review(settings: Settings, *, ref: str, opening: int, verdict: str) -> None:
    """Xem lại lần phá kính / Review a broken glass."""
    with at_work(settings) as desk:
        desk.review_opening(ref, opening, verdict)
    click.echo("Đã xem lại / Reviewed")


@click.command()
@CASE
@shared.AS_JSON
@click.pass_obj
def openings(settings: Settings, *, ref: str, as_json: bool) -> None:
    """Các yêu cầu mở tên / Requests for names, and what became of them."""
    with at_work(settings) as desk:
        found = desk.openings(ref)
    if as_json:
        shared.print_json(found)
        return
    shared.print_rows(
        ("OPENING", "ASKED", "BY", "PERSONS", "PURPOSE", "STATE", "DECIDED BY", "REVIEW UNTIL"),
        [
            (
                *(each.id, each.asked_at, each.asked_by, each.persons, each.purpose),
                *(each.state, each.decided_by, each.review_until),
            )
            for each in found
        ],
        empty="Chưa có / None yet",
    )


def _plain(named: Named) -> dict[str, object]:
    part = msgspec.structs.asdict(named.part)
    return {
        "ref": named.ref,
        **{name: value for name, value in part.items() if value},
        "restricted": named.restricted,
        "unreadable": named.unreadable,
    }


def _show(named: Named) -> None:
    click.echo(named.ref)
    if named.restricted:
        click.echo("  hạn chế sử dụng dữ liệu / the use of their data is restricted")
    values = {k: v for k, v in msgspec.structs.asdict(named.part).items() if v}
    if not values and not named.restricted:
        click.echo("  không có danh tính / no identity was given with any code")
    for name, value in values.items():
        click.echo(f"  {_LABELS[name]}: {value}")
    if named.unreadable:
        click.echo(f"  {named.unreadable} không mở được / did not open")


COMMANDS: Final = (names, ask_names, break_glass, approve, review, openings)
