"""`fleet rule`: what counts as an exposure. Versions are written once and never changed."""

import re
from typing import Any

import click
import msgspec

from fleet_server.commands import shared
from fleet_server.settings import Settings
from fleet_server.times import iso
from fleet_server.tracing import rulebook
from fleet_server.tracing.rulebook import Listed
from fleet_server.tracing.rules import BadRule

_MINUTES = re.compile(r"[0-9]{1,9}")
_TERMS = {
    "days_before": ("--days-before", "Ngày trước khởi phát / Days before onset."),
    "days_after": ("--days-after", "Ngày sau khởi phát / Days after it; 0: until asked."),
    "min_overlap_min": ("--min-overlap", "Phút tối thiểu / Shortest overlap, minutes."),
    "linger_min": ("--linger", "Phút lưu lại / Minutes the air stays infectious."),
    "latency_min": ("--latency", "Phút ủ bệnh / Minutes from exposed to infectious."),
    "look_back_days": ("--look-back", "Ngày tìm nguồn / Days a search for the source goes back."),
}


@click.group()
def rule() -> None:
    """Quy tắc tiếp xúc / Rules of exposure, by version."""


@rule.command("list")
@shared.AS_JSON
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """All versions, the one in force last."""
    with shared.reading(settings) as connection:
        listed = rulebook.listed(connection)
    if as_json:
        shared.print_json([_as_json(each) for each in listed])
        return
    shared.print_rows(
        ("VERSION", "MADE", "BY", "OVERLAP", "LINGER", "DAYS BEFORE"),
        [
            (
                *(each.version, iso(each.made_at), each.made_by, each.terms.min_overlap_min),
                *(each.terms.linger_min, each.terms.days_before),
            )
            for each in listed
        ],
        empty="Chưa có quy tắc / No rules yet",
    )


@rule.command()
@click.argument("version", required=False)
@shared.AS_JSON
@click.pass_obj
def show(settings: Settings, *, version: str | None, as_json: bool) -> None:
    """What one version says; the one in force where none is named."""
    with shared.reading(settings) as connection:
        name = rulebook.in_force(connection, version).version
        found = next(each for each in rulebook.listed(connection) if each.version == name)
    if as_json:
        shared.print_json(_as_json(found))
        return
    terms = msgspec.structs.asdict(found.terms)
    dwell = terms.pop("dwell_min")
    click.echo(f"Quy tắc / Rule {found.version}")
    for field, (option, help_) in _TERMS.items():
        click.echo(f"  {option.removeprefix('--'):<14}{terms[field]:>6}  {help_}")
    for kind, minutes in sorted(dwell.items()):
        click.echo(f"  dwell {kind:<10}{minutes:>4}  phút / minutes")


def _terms(command: Any) -> Any:
    for field, (option, help_) in reversed(_TERMS.items()):
        command = click.option(option, field, type=int, metavar="N", help=help_)(command)
    return command


@rule.command()
@click.argument("version")
@_terms
@click.option(
    "--dwell",
    multiple=True,
    metavar="TYPE=MIN",
    help="Phút ở mỗi loại nơi / Stay assumed at a venue type; repeat for each.",
)
@click.pass_obj
def create(
    settings: Settings, /, *, version: str, dwell: tuple[str, ...], **given: int | None
) -> None:
    """Write down VERSION, in force from now on: the rule in force, with what is given."""
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with shared.writing(settings) as connection:
        terms = rulebook.in_force(connection).terms
        stays = rulebook.dwells(connection, terms)
        for text in dwell:
            kind, _, minutes = text.partition("=")
            if kind not in stays or _MINUTES.fullmatch(minutes) is None:
                known = ", ".join(sorted(stays))
                raise BadRule(f"--dwell {text[:40]!r}: expected TYPE=MINUTES, TYPE one of {known}")
            stays[kind] = int(minutes)
        rulebook.create(
            connection,
            version,
            msgspec.structs.replace(terms, **changed, dwell_min=stays),
            at_ms=shared.now_ms(),
            actor=shared.actor(),
        )
    click.echo(f"Đã ghi quy tắc / Rule written down: {version}")


def _as_json(listed: Listed) -> dict[str, Any]:
    return {**listed._asdict(), "made_at": iso(listed.made_at)}
