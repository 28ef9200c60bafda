"""The sections on top of each page: those whose first page the reader may open."""

from typing import Final, NamedTuple

from flask import Flask, current_app, g, request

from fleet_server.auth.caller import Caller
from fleet_server.auth.permissions import Permission
from fleet_server.web.access import access_of


class Section(NamedTuple):
    """Pages of one audience: their blueprints' names begin with `prefix`."""

    prefix: str
    endpoint: str
    vi: str
    en: str


class Shown(NamedTuple):
    endpoint: str
    vi: str
    en: str
    here: bool
    """Whether the page that is shown belongs to it."""


SECTIONS: Final = (
    Section("venue", "start.page", "Địa điểm", "Venues"),
    Section("case", "case_list.page", "Ca bệnh", "Cases"),
    Section("fleet", "fleet_kiosks.page", "Các trạm", "Kiosks"),
    Section("desk", "desk_cards.page", "Quầy", "Desk"),
    Section("report", "report_coverage.page", "Bao phủ", "Coverage"),
    Section("audit", "audit_log.page", "Nhật ký", "Audit log"),
    Section("admin", "admin_people.page", "Quản trị", "Administration"),
)
"""In the order of the bar."""


def sections() -> list[Shown]:
    """What the reader may open; nothing where nobody is signed in, or must do something first."""
    caller: Caller | None = g.get("caller")
    if caller is None or ("signed_in" in g and g.signed_in.duty is not None):
        return []
    blueprint = request.blueprint or ""
    return [
        Shown(each.endpoint, each.vi, each.en, blueprint.startswith(each.prefix))
        for each in SECTIONS
        if _may(caller, each.endpoint)
    ]


def _may(caller: Caller, endpoint: str) -> bool:
    declared = access_of(current_app.view_functions[endpoint])
    return declared is not None and (declared.permission is None or caller.may(declared.permission))


def may(permission: str) -> bool:
    """Whether whoever reads the page may do this."""
    caller: Caller | None = g.get("caller")
    return caller is not None and caller.may(Permission(permission))


def install(app: Flask) -> None:
    app.context_processor(lambda: {"sections": sections(), "may": may})
