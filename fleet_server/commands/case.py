"""`fleet case`: from a laboratory's call to a list that can be defended."""

import click

from fleet_server.cases.states import WORDS
from fleet_server.cases.summary import CaseSeen
from fleet_server.commands import case_export, case_names, case_people, case_results, shared
from fleet_server.commands.case_desk import CASE, PURPOSE, at_work
from fleet_server.identity import numbers
from fleet_server.settings import Settings
from fleet_server.times import parse


@click.group()
def case() -> None:
    """Ca bệnh / A case: find, milestones, contacts, names, decisions.

    Who is at work: the holder of the access code in $TRAM_TOKEN, else the user of this machine.
    """


@case.command("open")
@CASE
@click.option("--lab", default="", metavar="NUMBER", help="Số xét nghiệm / Laboratory's number.")
@click.option("--onset", metavar="T", help="Khởi phát / Onset of symptoms.")
@click.option("--isolated", metavar="T", help="Cách ly / Isolated since.")
@click.option("--area", metavar="CODE", help="Địa bàn / The area that works on it.")
@click.option("--disease", default="COVID-19", show_default=True, metavar="NAME")
@click.option("--rule", metavar="VERSION", help="Quy tắc / Of the rules; else that in force.")
@shared.AS_JSON
@click.pass_obj
def open_(
    settings: Settings,
    *,
    ref: str,
    lab: str,
    onset: str | None,
    isolated: str | None,
    area: str | None,
    disease: str,
    rule: str | None,
    as_json: bool,
) -> None:
    """Mở ca / Begin a case."""
    with at_work(settings) as desk:
        seen = desk.begin(
            ref,
            lab_ref=lab,
            onset=_at(settings, onset),
            isolated=_at(settings, isolated),
            area=area,
            disease=disease,
            rule=rule,
        )
    _say(seen, as_json=as_json)


@case.command("list")
@click.option("--all", "closed", is_flag=True, help="Cả ca đã đóng / Closed ones too.")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, closed: bool, as_json: bool) -> None:
    """Các ca / Cases, the newest first."""
    with at_work(settings) as desk:
        found = desk.listed(closed=closed)
    if as_json:
        shared.print_json(found)
        return
    shared.print_rows(
        ("CASE", "OPENED", "BY", "LAB", "CONFIRMED BY", "F0", "CONTACTS", "WAITING", "CLOSED"),
        [
            (
                *(each.ref, each.opened_at, each.opened_by, each.lab_ref, each.lab_confirmed_by),
                *(len(each.index), sum(each.contacts.values()), each.openings, each.closed_at),
            )
            for each in found
        ],
        empty="Chưa có ca nào / No cases yet: fleet case open",
    )


@case.command()
@CASE
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, ref: str, as_json: bool) -> None:
    """Một ca / How a case stands."""
    with at_work(settings) as desk:
        _say(desk.show(ref), as_json=as_json)


@case.command("set")
@CASE
@click.option("--lab", metavar="NUMBER", help="Số xét nghiệm / Laboratory's number.")
@click.option("--onset", metavar="T", help="Khởi phát / Onset of symptoms.")
@click.option("--isolated", metavar="T", help="Cách ly / Isolated since.")
@click.option("--from", "since", metavar="T", help="Thay cho khởi phát / In place of the onset.")
@click.option("--to", "until", metavar="T", help="Không kể / Not in the window.")
@click.option("--rule", metavar="VERSION", help="Quy tắc / Of the rules.")
@shared.AS_JSON
@click.pass_obj
def set_(
    settings: Settings,
    *,
    ref: str,
    lab: str | None,
    onset: str | None,
    isolated: str | None,
    since: str | None,
    until: str | None,
    rule: str | None,
    as_json: bool,
) -> None:
    """Sửa ca / Change what is known of a case; another laboratory number is confirmed again."""
    with at_work(settings) as desk:
        seen = desk.amend(
            ref,
            lab_ref=lab,
            rule=rule,
            onset_at=_at(settings, onset),
            isolated_at=_at(settings, isolated),
            since_at=_at(settings, since),
            until_at=_at(settings, until),
        )
    _say(seen, as_json=as_json)


@case.command()
@CASE
@click.option("--lab", required=True, metavar="NUMBER", help="Số phòng xét nghiệm đọc cho bạn.")
@click.pass_obj
def confirm(settings: Settings, *, ref: str, lab: str) -> None:
    """Xác nhận số xét nghiệm / Confirm, as a second person, what the laboratory told you."""
    with at_work(settings) as desk:
        desk.confirm_lab(ref, lab)
    click.echo("Đã xác nhận / Confirmed: names may be opened for this case")


@case.command()
@CASE
@click.option("--words", default="", metavar="TEXT", help="Kết luận / How it ended.")
@click.pass_obj
def close(settings: Settings, *, ref: str, words: str) -> None:
    """Đóng ca / Close a case: nothing in it is changed any more."""
    with at_work(settings) as desk:
        desk.close(ref, words)
    click.echo(f"{ref}: đã đóng / closed")


@case.command()
@CASE
@click.option("--document", metavar="NUMBER", help="Số giấy tờ / ID number, old or new, or QID.")
@click.option("--insurance", metavar="NUMBER", help="BHYT / Health insurance, old or new.")
@click.option("--phone", metavar="NUMBER", help="Điện thoại / Telephone.")
@click.option("--card", metavar="CARD", help="Thẻ Trạm / One of our cards: id, or its code's text.")
@PURPOSE
@shared.AS_JSON
@click.pass_obj
def find(
    settings: Settings, /, *, ref: str, purpose: str, as_json: bool, **given: str | None
) -> None:
    """Tìm người / Which visitors have these numbers? Every answer and every miss is logged."""
    asked = [(kind, given[kind]) for kind in numbers.KINDS]
    typed = [(kind, number) for kind, number in asked if number is not None]
    if not typed:
        raise click.UsageError(f"give {' or '.join('--' + kind for kind in numbers.KINDS)}")
    with at_work(settings) as desk:
        found = {kind: desk.find(ref, kind, number, purpose) for kind, number in typed}
    visitors = list(dict.fromkeys(visitor for each in found.values() for visitor in each))
    if as_json:
        shared.print_json({"visitors": visitors, "by": found})
        return
    for kind, each in found.items():
        told = " ".join(each) or "không có ai / nobody (the question is in the log)"
        click.echo(f"{kind}\t{told}")
    if len(visitors) > 1:
        click.echo(
            "Nhiều thẻ, có thể một người / Several cards, perhaps one person:"
            f" fleet case link {ref} {' '.join(visitors[:2])} --reason …"
        )


def _at(settings: Settings, text: str | None) -> int | None:
    return None if text is None else parse(text, settings.zone)


def _say(seen: CaseSeen, *, as_json: bool) -> None:
    if as_json:
        shared.print_json(seen)
        return
    confirmed = seen.lab_confirmed_by
    lab = seen.lab_ref or "chưa có / none yet"
    second = f"xác nhận bởi / confirmed by {confirmed}" if confirmed else "chưa xác nhận / not yet"
    click.echo(f"{seen.ref}: {seen.disease}, {seen.area or '–'}, {seen.rule}")
    click.echo(f"  mở / opened {seen.opened_at} by {seen.opened_by}")
    click.echo(f"  xét nghiệm / laboratory {lab}: {second}")
    click.echo(
        f"  khởi phát / onset {seen.onset or '–'}, cách ly / isolated {seen.isolated or '–'}"
    )
    for index in seen.index:
        click.echo(f"  F0 {index.ref} = {index.visitor}")
    for state, count in sorted(seen.contacts.items()):
        click.echo(f"  {' / '.join(WORDS.get(state, (state, state)))}: {count}")
    if seen.openings:
        click.echo(f"  chờ duyệt hoặc xem lại / waiting for a second person: {seen.openings}")
    if seen.closed_at:
        click.echo(f"  đã đóng / closed {seen.closed_at}")


for module in (case_people, case_results, case_names, case_export):
    for command in module.COMMANDS:
        case.add_command(command)
