"""`fleet case …`: index persons, their cards and milestones."""

from typing import Final

import click

from fleet_server.cases.milestones import CONFIRMED, REJECTED
from fleet_server.cases.results import MilestoneSeen
from fleet_server.commands import shared
from fleet_server.commands.case_desk import CASE, NOTE, PERSON, REASON, at_work
from fleet_server.settings import Settings

_STAY: Final = "VENUE,FROM,TO"
_NUMBER: Final = click.argument("number", type=int, metavar="NUMBER")
_STATES: Final = {
    "proposed": "đề xuất / proposed",
    "confirmed": "đã xác nhận / confirmed",
    "rejected": "loại bỏ / rejected",
    "replaced": "đã thay / replaced",
}


@click.command()
@CASE
@click.argument("visitor", metavar="VISITOR")
@REASON
@shared.AS_JSON
@click.pass_obj
def add(settings: Settings, *, ref: str, visitor: str, reason: str, as_json: bool) -> None:
    """Thêm F0 / Make a visitor (P12) an index person."""
    with at_work(settings) as desk:
        made = desk.add_index(ref, visitor, reason)
    if as_json:
        shared.print_json(made)
    else:
        click.echo(f"{made.visitor} = F0 {made.ref}")


@click.command()
@CASE
@PERSON
@REASON
@click.pass_obj
def remove(settings: Settings, *, ref: str, person: str, reason: str) -> None:
    """Bỏ F0 / Take an index person out again."""
    with at_work(settings) as desk:
        desk.remove_index(ref, person, reason)
    click.echo(f"{person}: đã bỏ / taken out")


@click.command()
@CASE
@click.argument("first", metavar="VISITOR")
@click.argument("second", metavar="VISITOR")
@REASON
@shared.AS_JSON
@click.pass_obj
def link(
    settings: Settings, *, ref: str, first: str, second: str, reason: str, as_json: bool
) -> None:
    """Nhiều thẻ, một người / Two visitors are one person; `unlink` undoes it."""
    with at_work(settings) as desk:
        number, person = desk.link(ref, first, second, reason)
    if as_json:
        shared.print_json({"link": number, "visitor": f"P{person}"})
    else:
        click.echo(f"P{person} (link {number})")


@click.command()
@CASE
@_NUMBER
@REASON
@click.pass_obj
def unlink(settings: Settings, *, ref: str, number: int, reason: str) -> None:
    """Gỡ nối thẻ / Undo a link by its number."""
    with at_work(settings) as desk:
        persons = desk.unlink(ref, number, reason)
    click.echo(" ".join(f"P{person}" for person in sorted(persons)))


@click.command()
@CASE
@click.option("--all", "all_of_them", is_flag=True, help="Cả mốc đã thay / Replaced ones too.")
@shared.AS_JSON
@click.pass_obj
def milestones(settings: Settings, *, ref: str, all_of_them: bool, as_json: bool) -> None:
    """Mốc dịch tễ / Where the index persons were, by scans and by hand."""
    with at_work(settings) as desk:
        found = desk.milestones(ref, all_of_them=all_of_them)
    if as_json:
        shared.print_json(found)
        return
    shared.print_rows(
        ("NO", "F0", "PLACE", "FROM", "TO", "SOURCE", "STATE", "NOTE"),
        [_row(each) for each in found],
        empty="Chưa có mốc nào / No milestones yet: fleet case evaluate, fleet case milestone",
    )


@click.command()
@CASE
@click.option("--person", metavar="PERSON", help="F0 nào / Of which index person, a new one.")
@click.option("--correct", type=int, metavar="NUMBER", help="Thay mốc / In place of this one.")
@click.argument("stay", metavar=_STAY)
@NOTE
@click.pass_obj
def milestone(
    settings: Settings,
    *,
    ref: str,
    person: str | None,
    correct: int | None,
    stay: str,
    note: str,
) -> None:
    """Thêm hoặc sửa mốc / A milestone as it was told.

    VENUE may be `elsewhere:` and any words; a time may be EARLIEST~LATEST; TO may be `closing`.
    """
    if (person is None) == (correct is None):
        raise click.UsageError("give either --person or --correct")
    with at_work(settings) as desk:
        if correct is not None:
            made = desk.correct_milestone(ref, correct, stay, note)
        else:
            made = desk.add_milestone(ref, person or "", stay, note)
    click.echo(f"Mốc / Milestone {made}")


@click.command("confirm-milestone")
@CASE
@_NUMBER
@NOTE
@click.pass_obj
def confirm_milestone(settings: Settings, *, ref: str, number: int, note: str) -> None:
    """Xác nhận mốc / She says so too."""
    with at_work(settings) as desk:
        desk.decide_milestone(ref, number, CONFIRMED, note)
    click.echo(f"Mốc / Milestone {number}: {_STATES[CONFIRMED]}")


@click.command("reject-milestone")
@CASE
@_NUMBER
@NOTE
@click.pass_obj
def reject_milestone(settings: Settings, *, ref: str, number: int, note: str) -> None:
    """Loại mốc / It was not this person who was there."""
    with at_work(settings) as desk:
        desk.decide_milestone(ref, number, REJECTED, note)
    click.echo(f"Mốc / Milestone {number}: {_STATES[REJECTED]}")


def _row(each: MilestoneSeen) -> tuple[object, ...]:
    start = _span(each.start_earliest, each.start, each.start_latest)
    end = _span(each.end_earliest, each.end, each.end_latest)
    source = "quét / scans" if each.source == "scans" else "phỏng vấn / told"
    place = each.venue or each.place
    return (each.id, each.person, place, start, end, source, _STATES[each.state], each.note)


def _span(earliest: str, expected: str, latest: str) -> str:
    return expected if earliest == latest else f"{expected} ({earliest} – {latest})"


COMMANDS: Final = (
    *(add, remove, link, unlink),
    *(milestones, milestone, confirm_milestone, reject_milestone),
)
