"""How requests about one's own data are shown."""

from collections.abc import Mapping
from typing import Any

import click

from fleet_server.commands import shared
from fleet_server.privacy import clocks
from fleet_server.privacy.rights import Request
from fleet_server.settings import Settings
from fleet_server.times import iso, local


def asked(request: Request, settings: Settings, *, as_json: bool) -> None:
    """A request as it was just written down: what the person is told."""
    if as_json:
        shared.print_json(as_dict(request))
        return
    if not request.person:
        click.echo(
            f"{request.ref}: không tìm thấy ai / nobody is known by it (this is the answer, and"
            " is in the log)"
        )
        return
    due = local(request.due_by - 1, settings.zone)
    click.echo(f"{request.ref}: {request.kind}, {request.person}")
    click.echo(f"  trả lời trước hết ngày / answered by the end of {due:%d/%m/%Y}")


def listed(requests: list[Request], now: int, settings: Settings) -> None:
    """Open requests as a table."""
    shared.print_rows(
        (
            "YÊU CẦU\nREQUEST",
            "LOẠI\nKIND",
            "NGƯỜI\nVISITOR",
            "BÁO NHẬN\nACKNOWLEDGE",
            "TRẢ\nANSWER",
        ),
        [
            (
                *(each.ref, each.kind, each.person),
                clocks.in_words(each.acknowledge_by, now, settings.zone)
                if each.acknowledged_at is None
                else "xong / done",
                clocks.in_words(each.due_by, now, settings.zone),
            )
            for each in requests
        ],
        empty="Không có yêu cầu / No open requests",
    )


def everything(ref: str, told: Mapping[str, Any]) -> None:
    """All that is kept about a person."""
    click.echo(f"{ref}: {told['visitor']}")
    for name, value in told.items():
        if isinstance(value, list):
            click.echo(f"{name}: {len(value)}")
            for each in value:
                click.echo(f"  {_line(each)}")
    click.echo(f"restricted: {'có / yes' if told['restricted'] else 'không / no'}")


def as_dict(request: Request) -> dict[str, Any]:
    """A request as JSON."""
    return {
        "request": request.ref,
        "visitor": request.person,
        "kind": request.kind,
        "asked_at": iso(request.asked_ms // 1000),
        "asked_by": request.asked_by,
        "acknowledge_by": iso(request.acknowledge_by),
        "due_by": iso(request.due_by),
        "acknowledged_at": _iso(request.acknowledged_at),
        "done_at": _iso(request.done_at),
        "outcome": request.outcome,
    }


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_line(each)}" for name, each in value.items() if each)
    return str(value)
