"""`fleet trace …`: questions about who was where. Every one goes on record."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy import Engine

from fleet_server.commands import shared, trace_output
from fleet_server.settings import Settings
from fleet_server.times import parse
from fleet_server.tracing import asking
from fleet_server.tracing import secondary as second_ring
from fleet_server.tracing.asking import Asker, Desk, Wanted

Command = Callable[..., None]

LIMIT = click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Chỉ N dòng đầu / From the top."
)
VISITOR = click.option(
    "--visitor", required=True, metavar="REF", help="Người cần hỏi / Such as P17."
)
VENUE = click.option("--venue", required=True, metavar="REF", help="Địa điểm / A venue.")
STAYS = click.option(
    "--stay",
    "by_hand",
    multiple=True,
    metavar="VENUE,FROM,TO",
    help="Nơi ở do phỏng vấn / A stay in place of derived ones; TO may be `closing`.",
)
_OPTIONS = (
    click.option("--from", "since", metavar="T", help="ISO 8601 hoặc / or epoch."),
    click.option("--to", "until", metavar="T", help="Không kể / Not in the window."),
    click.option(
        "--onset", metavar="T", help="Khởi phát, thay --from --to / Symptoms: window by the rule."
    ),
    click.option("--isolated", metavar="T", help="Cách ly / End of the window by --onset."),
    click.option(
        "--min-overlap", type=float, metavar="MIN", help="Phút / Minutes; the rule's if absent."
    ),
    click.option(
        "--linger", type=float, metavar="MIN", help="Phút sau khi rời / Minutes after leaving."
    ),
    click.option(
        "--dwell", type=float, metavar="MIN", help="Khi không rõ giờ ra / Where no exit seen."
    ),
    click.option("--rule", metavar="VERSION", help="Quy tắc / Of the rules; else that in force."),
    click.option("--as-of", metavar="T", help="Theo điều đã biết lúc đó / By what was known then."),
    click.option("--case", default="", metavar="REF", help="Ca bệnh / The case it is asked for."),
    click.option("--purpose", default="", metavar="TEXT", help="Mục đích / What it is asked for."),
    click.option(
        "--by", default="", metavar="NAME", help="Ai hỏi / Who asks; else the user's name."
    ),
    shared.AS_JSON,
)


@dataclass(frozen=True)
class Line:
    """A question as it was typed."""

    desk: Desk
    settings: Settings
    wanted: Wanted
    as_json: bool

    def say(self, answer: Any, output: Callable[[Any, Settings], None]) -> None:
        """The answer as JSON, or in words."""
        if self.as_json:
            shared.print_json(answer)
        else:
            output(answer, self.settings)


def question(command: Command, *, to_source: bool = False) -> Command:
    """Adds the options all questions have; the command gets them as its `Line`.

    `to_source`: `--onset` looks back as far as the rule looks for a source.
    """

    @functools.wraps(command)
    def run(settings: Settings, /, **given: Any) -> None:
        own = inspect.signature(command).parameters.keys() & given.keys()
        typed = {name: value for name, value in given.items() if name not in own}
        with shared.opened(settings) as engine:
            line = _line(engine, settings, typed, to_source=to_source)
            command(line, **{name: given[name] for name in own})

    asked: Command = click.pass_obj(run)
    for option in reversed(_OPTIONS):
        asked = option(asked)
    return asked


def _line(engine: Engine, settings: Settings, typed: dict[str, Any], *, to_source: bool) -> Line:
    now_ms = shared.now_ms()
    zone = settings.zone

    def at(name: str) -> int | None:
        return None if typed[name] is None else parse(typed[name], zone)

    as_of = at("as_of")
    wanted = Wanted(
        *asking.window(
            engine,
            since=at("since"),
            until=at("until"),
            onset=at("onset"),
            isolated=at("isolated"),
            version=typed["rule"],
            now=now_ms // 1000,
            to_source=to_source,
        ),
        min_overlap_min=typed["min_overlap"],
        linger_min=typed["linger"],
        dwell_min=typed["dwell"],
        version=typed["rule"],
        known_ms=None if as_of is None else as_of * 1000,
        by_hand=typed.get("by_hand", ()),
        zone=zone,
        limit=typed.get("limit"),
    )
    asker = Asker(typed["by"] or shared.actor(), typed["case"], typed["purpose"])
    return Line(Desk(engine, asker, now_ms), settings, wanted, typed["as_json"])


@click.group()
def trace() -> None:
    """Truy vết: ai đã ở cùng nơi / Who was exposed, ranked by how surely and how long."""


@trace.command()
@VISITOR
@STAYS
@LIMIT
@question
def contacts(line: Line, *, visitor: str) -> None:
    """Ai đã tiếp xúc với người này / Who was exposed to this person in [from, to)."""
    answer = line.desk.contacts(visitor, line.wanted)
    line.say(answer, trace_output.contacts)


@trace.command()
@VISITOR
@STAYS
@question
def counts(line: Line, *, visitor: str) -> None:
    """Bao nhiêu người, theo mức / How many contacts in each tier, before any is listed."""
    answer = line.desk.counts(visitor, line.wanted)
    line.say(answer, trace_output.counts)


@trace.command()
@VISITOR
@click.option("--since", "before", required=True, metavar="T", help="Lần hỏi trước / Then.")
@STAYS
@question
def changes(line: Line, *, visitor: str, before: str) -> None:
    """Khác gì so với trước / What is answered otherwise than by what was known at --since."""
    since_ms = parse(before, line.settings.zone) * 1000
    answer = line.desk.changes(visitor, line.wanted, since_ms)
    line.say(answer, trace_output.changes)


@trace.command()
@VISITOR
@click.option("--other", required=True, metavar="REF", help="Người có tên / Who is on the list.")
@STAYS
@question
def why(line: Line, *, visitor: str, other: str) -> None:
    """Vì sao có tên / Why --other is a contact: the stays that overlapped, and their scans."""
    answer = line.desk.why(visitor, other, line.wanted)
    line.say(answer, trace_output.why)


@trace.command()
@VISITOR
@question
def stays(line: Line, *, visitor: str) -> None:
    """Người này đã ở đâu / Where this person was, with the evidence."""
    answer = line.desk.stays(visitor, line.wanted)
    line.say(answer, trace_output.stays)


@trace.command()
@VISITOR
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=second_ring.TOP,
    show_default=True,
    metavar="K",
    help="Qua K F1 đầu / Through the first K F1.",
)
@click.option(
    "--latency", type=float, metavar="MIN", help="Phút ủ bệnh / From exposed to infectious."
)
@STAYS
@LIMIT
@question
def secondary(line: Line, *, visitor: str, top: int, latency: float | None) -> None:
    """F2: người F1 đã gặp sau đó / Whom the F1 met after they were exposed: 1000, or --limit."""
    answer = line.desk.secondary(visitor, line.wanted, latency_min=latency, top=top)
    line.say(answer, trace_output.secondary)


@trace.command()
@VENUE
@LIMIT
@question
def present(line: Line, *, venue: str) -> None:
    """Ai đã ở đó / Who was at this venue in [from, to)."""
    answer = line.desk.present(venue, line.wanted)
    line.say(answer, trace_output.present)


@trace.command()
@click.option(
    "--visitors",
    "listed",
    required=True,
    multiple=True,
    metavar="A,B,…",
    help="Hai người trở lên / Two or more; repeat where a reference has a comma.",
)
@LIMIT
@functools.partial(question, to_source=True)
def common(line: Line, *, listed: tuple[str, ...]) -> None:
    """Các ca có chung nơi nào / Places these persons share, least likely by chance first."""
    answer = line.desk.common(asking.separate(listed), line.wanted)
    line.say(answer, trace_output.common)


@trace.command()
@VENUE
@click.option(
    "--step", type=float, default=15, show_default=True, metavar="MIN", help="Phút / Minutes."
)
@question
def occupancy(line: Line, *, venue: str, step: float) -> None:
    """Đông thế nào / How full this venue was, at least and at most."""
    answer = line.desk.occupancy(venue, line.wanted, step)
    line.say(answer, trace_output.occupancy)
