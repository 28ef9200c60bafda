"""`fleet case …`: who was exposed, what became of them, and what is kept of it."""

from typing import Final

import click

from fleet_server import keys
from fleet_server.cases.changes import Changes
from fleet_server.cases.contact_list import Filter
from fleet_server.cases.states import DISMISSED, HANDED_OVER, PROMOTED, REACHED, TO_CALL, WORDS
from fleet_server.commands import shared, trace_output
from fleet_server.commands.case_desk import CASE, PERSON, at_work
from fleet_server.errors import Refused
from fleet_server.settings import Settings
from fleet_server.times import BadTime, iso, parse
from fleet_server.tracing.exposure import TIERS

_WORDS: Final = click.option("--words", default="", metavar="TEXT", help="Ghi chú / In words.")


@click.command()
@CASE
@click.option("--from", "since", metavar="T", help="Thử mở rộng / A wider window to try.")
@click.option("--to", "until", metavar="T", help="Không kể / Not in it.")
@click.option("--min-overlap", type=float, metavar="MIN", help="Phút / Minutes; else the rule's.")
@click.option("--linger", type=float, metavar="MIN", help="Phút / Minutes; else the rule's.")
@shared.AS_JSON
@click.pass_obj
def preview(
    settings: Settings,
    *,
    ref: str,
    since: str | None,
    until: str | None,
    min_overlap: float | None,
    linger: float | None,
    as_json: bool,
) -> None:
    """Đếm trước khi xem / How many contacts there would be; counts under 5 are not said."""
    with at_work(settings) as desk:
        found = desk.preview(
            ref,
            since=None if since is None else parse(since, settings.zone),
            until=None if until is None else parse(until, settings.zone),
            min_overlap_min=min_overlap,
            linger_min=linger,
        )
    if as_json:
        shared.print_json(found)
        return
    for tier in TIERS:
        count = getattr(found.counts, tier)
        click.echo(f"{tier}\t{'<5' if count is None else f'≥{count}'}")
    if found.alike:
        click.echo(
            f"Ít nhất {found.alike} người giống hệt nhau / contacts nothing tells apart: a public"
            f" notice (fleet case notice {ref}) may say more than a list"
        )
    trace_output.gaps(found.gaps)


@click.command()
@click.argument("refs", nargs=-1, metavar="[CASE …]")
@click.option("--all", "all_of_them", is_flag=True, help="Mọi ca đang mở / All open cases.")
@shared.AS_JSON
@click.pass_obj
def evaluate(
    settings: Settings, *, refs: tuple[str, ...], all_of_them: bool, as_json: bool
) -> None:
    """Tính tiếp xúc / Who was exposed by what is known now; kept and signed where it is new."""
    if bool(refs) == all_of_them:
        raise click.UsageError("give one case or more, or --all")
    found, waiting = [], []
    with at_work(settings) as desk:
        if all_of_them:
            refs = tuple(each.ref for each in desk.listed() if each.index)
        for ref in refs:
            try:
                found.append((ref, *desk.evaluate(ref)))
            except (Refused, BadTime) as problem:
                if not all_of_them:
                    raise
                # The others do not wait for one whose onset nobody knows yet.
                waiting.append(f"{ref}: {problem}")
    for line in waiting:
        click.echo(line, err=True)
    if as_json:
        shared.print_json([{"result": number, "evaluation": each} for _, number, each in found])
        return
    for ref, number, each in found:
        first = sum(contact.role == "F1" for contact in each.contacts)
        click.echo(
            f"{ref}: kết quả / result {number}, F1 {first}, F2 {len(each.contacts) - first}"
            f" / {each.secondary_total}"
        )
        trace_output.gaps(each.gaps)


@click.command()
@CASE
@click.option("--keep-unseen", is_flag=True, help="Chưa coi là đã xem / Show them again next time.")
@shared.AS_JSON
@click.pass_obj
def changes(settings: Settings, *, ref: str, keep_unseen: bool, as_json: bool) -> None:
    """Có gì mới / What is different since you last looked."""
    with at_work(settings) as desk:
        found = desk.changes(ref, saw=not keep_unseen)
    if as_json:
        shared.print_json(found)
        return
    _say_changes(found)


@click.command()
@CASE
@click.option("--role", type=click.Choice(["F1", "F2"]), help="F1 hoặc / or F2.")
@click.option("--state", type=click.Choice(list(WORDS)), help="Tình trạng / State.")
@click.option("--tier", type=click.Choice(TIERS), help="Mức / Tier.")
@click.option("--area", metavar="CODE", help="Xã phường gọi / The commune that calls.")
@shared.AS_JSON
@click.pass_obj
def contacts(
    settings: Settings,
    *,
    ref: str,
    role: str | None,
    state: str | None,
    tier: str | None,
    area: str | None,
    as_json: bool,
) -> None:
    """Người tiếp xúc / Contacts, ranked, without names."""
    with at_work(settings) as desk:
        found = desk.contacts(ref, Filter(role, state, tier, area))
    if as_json:
        shared.print_json(found)
        return
    shared.print_rows(
        ("PERSON", "ROLE", "TIER", "EXPECTED", "FIRST", "PLACES", "STATE", "AREA", "NOTES"),
        [
            (
                *(each.ref, each.role, each.tier, f"{each.expected_s // 60} min", each.first),
                *(tuple(each.places), " / ".join(WORDS[each.state]), each.area, each.notes),
            )
            for each in found
        ],
        empty="Không có ai / Nobody",
    )


@click.command()
@CASE
@PERSON
@click.option("--answered/--no-answer", required=True, help="Có nghe máy không / Who was reached.")
@_WORDS
@click.pass_obj
def call(settings: Settings, *, ref: str, person: str, answered: bool, words: str) -> None:
    """Đã gọi / Note how a call went."""
    with at_work(settings) as desk:
        desk.call(ref, person, reachable=answered, words=words)
    click.echo(f"{person}: {'đã liên lạc / reached' if answered else 'không nghe máy / no answer'}")


@click.command()
@CASE
@PERSON
@click.option(
    "--to",
    "state",
    required=True,
    type=click.Choice([TO_CALL, REACHED, PROMOTED, DISMISSED, HANDED_OVER]),
    help="Tình trạng mới / What it is now.",
)
@click.option("--area", metavar="CODE", help="Bàn giao cho / Handed over to this area.")
@_WORDS
@click.pass_obj
def decide(
    settings: Settings, *, ref: str, person: str, state: str, area: str | None, words: str
) -> None:
    """Quyết định / Promote, set aside, hand over; what it was decided on is kept and signed."""
    with at_work(settings) as desk:
        kept = desk.decide(ref, person, state, words=words, area=area)
    more = "" if kept is None else f" (result {kept})"
    click.echo(f"{person}: {' / '.join(WORDS[state])}{more}")


@click.command()
@CASE
@click.argument("words", metavar="TEXT")
@click.option("--person", metavar="PERSON", help="Về ai / About whom; else about the case.")
@click.pass_obj
def note(settings: Settings, *, ref: str, words: str, person: str | None) -> None:
    """Ghi chú / A note."""
    with at_work(settings) as desk:
        desk.say(ref, words, person=person)
    click.echo("Đã ghi / Noted")


@click.command()
@CASE
@click.option("--person", metavar="PERSON", help="Của ai / Of whom; else of the whole case.")
@shared.AS_JSON
@click.pass_obj
def events(settings: Settings, *, ref: str, person: str | None, as_json: bool) -> None:
    """Diễn biến / What happened, oldest first."""
    with at_work(settings) as desk:
        found = desk.events(ref, person=person)
    if as_json:
        shared.print_json(found)
        return
    shared.print_rows(
        ("AT", "BY", "WHAT", "PERSON", "WORDS"),
        [(each.at, each.by, each.kind, each.person, each.words) for each in found],
        empty="Chưa có gì / Nothing yet",
    )


@click.command()
@CASE
@click.argument("number", type=int, required=False)
@shared.AS_JSON
@click.pass_obj
def results(settings: Settings, *, ref: str, number: int | None, as_json: bool) -> None:
    """Kết quả đã lưu / Results kept at decisions; NUMBER: one, with its signature checked."""
    with at_work(settings) as desk:
        if number is None:
            listed = desk.results(ref)
            rows = [
                {"result": each[0], "at": iso(each[1] // 1000), "by": each[2], "decision": each[3]}
                for each in listed
            ]
            if as_json:
                shared.print_json(rows)
            else:
                shared.print_rows(
                    ("RESULT", "AT", "BY", "DECISION"),
                    [list(row.values()) for row in rows],
                    empty="Chưa có / None yet",
                )
            return
        found = desk.result(ref, number, keys.results(settings.keys_dir))
    if as_json:
        shared.print_json(found._asdict() | {"signed": True})
        return
    click.echo(
        f"{found.case} {found.id}: {found.decision} {iso(found.at_ms // 1000)} {found.made_by}\n"
        f"Chữ ký đúng / The signature holds; SHA-256 {found.digest}"
    )


@click.command()
@CASE
@shared.AS_JSON
@click.pass_obj
def notice(settings: Settings, *, ref: str, as_json: bool) -> None:
    """Thông báo công khai / A public notice: confirmed places and times, and nobody."""
    with at_work(settings) as desk:
        made = desk.notice(ref)
    if as_json:
        shared.print_json(made)
    else:
        click.echo(f"{made.vi}\n{made.en}", nl=False)


def _say_changes(found: Changes) -> None:
    since = "chưa xem lần nào / never" if found.since is None else found.since
    click.echo(f"Từ / Since {since} → {found.as_of} (result {found.result})")
    for sign, listed in (("+", found.added), ("-", found.removed)):
        for each in listed:
            click.echo(
                f"{sign} {each.ref}\t{each.role} {each.tier}\t{each.expected_s // 60} min\t"
                + ", ".join(each.places)
            )
    for moved in found.changed:
        click.echo(
            f"~ {moved.now.ref}\t{moved.was.tier} → {moved.now.tier}\t"
            f"{moved.was.expected_s // 60} → {moved.now.expected_s // 60} min"
        )
    for gap in found.gaps_closed:
        click.echo(f"Đã nhận đủ / no gap any more: {gap.kiosk}")
    for gap in found.gaps_opened:
        click.echo(f"{gap.vi}\n  {gap.en}")


COMMANDS: Final = (
    *(preview, evaluate, changes, contacts, call, decide),
    *(note, events, results, notice),
)
